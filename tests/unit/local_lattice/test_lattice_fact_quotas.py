"""The quotas: their defaults, that each of them is enforced, and what Service Quotas tells of them.

VPC Lattice User Guide, "Quotas for Amazon VPC Lattice"; the limits of shapes are those of the API model.
"""

import boto3
import pytest
from botocore.exceptions import ClientError
from lattice_actions import NOT_FOUND, forward

from trellis_local.lattice import configuration, quotas
from trellis_local.lattice.choices import Choices

DEFAULTS = [
    pytest.param("L-D64E952E", 2, id="UG, Quotas: Listeners per service"),
    pytest.param("L-CF78395E", 10, id="UG, Quotas: Rules per listener"),
    pytest.param("L-75D4A19E", 500, id="UG, Quotas: Service associations per service network"),
    pytest.param("L-9CAD07FB", 50, id="UG, Quotas: Service networks per Region"),
    pytest.param("L-620C821E", 2000, id="UG, Quotas: Services per Region"),
    pytest.param("L-BB11C6B9", 500, id="UG, Quotas: Target groups per Region"),
    pytest.param("L-3DEC3B9F", 10, id="UG, Quotas: Target groups per service"),
    pytest.param("L-D71303F3", 1000, id="UG, Quotas: Targets per target group"),
    pytest.param("L-EF6E2D62", 500, id="UG, Quotas: VPC associations per service network"),
]


@pytest.fixture
def service_quotas(client):
    return boto3.client("service-quotas", "us-west-2")


@pytest.mark.parametrize(("code", "default"), DEFAULTS)
def test_a_quota_has_its_default_and_is_adjustable(service_quotas, code, default):
    quota = service_quotas.get_service_quota(ServiceCode="vpc-lattice", QuotaCode=code)["Quota"]
    assert (quota["Value"], quota["Adjustable"]) == (default, True)


class Attempts:
    """One more resource of each kind that a quota limits, below the parents of the fixture."""

    def __init__(self, client, ec2, *, parents):
        self.client, self.ec2, self.parents = client, ec2, parents

    def service_network(self, name):
        self.client.create_service_network(name=name)

    def service(self, name):
        self.client.create_service(name=name)

    def target_group(self, name):
        self.client.create_target_group(name=name, type="LAMBDA")

    def target(self, name):
        group_id = self.parents["group"]
        self.client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": f"10.1.0.{name[-1]}"}])

    def listener(self, name):
        members = {"protocol": "HTTP", "port": 8000 + int(name[-1]), "defaultAction": NOT_FOUND}
        self.client.create_listener(serviceIdentifier=self.parents["service"], name=name, **members)

    def rule(self, name):
        members = {"priority": int(name[-1]), "match": {"httpMatch": {"method": "GET"}}, "action": NOT_FOUND}
        self.client.create_rule(**self.parents["listener"], name=name, **members)

    def vpc_association(self, name):
        vpc_id = self.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        self.client.create_service_network_vpc_association(
            serviceNetworkIdentifier=self.parents["network"], vpcIdentifier=vpc_id
        )

    def service_association(self, name):
        self.client.create_service_network_service_association(
            serviceNetworkIdentifier=self.parents["network"], serviceIdentifier=self.parents["services"][int(name[-1])]
        )


@pytest.fixture
def attempts(client, ec2, network_id, make_service, make_group, make_listener):
    services = [make_service(f"parent-{number}") for number in range(4)]
    listener_id = make_listener(services[0], port=7000)
    parents = {
        "network": network_id,
        "services": services,
        "service": services[1],
        "listener": {"serviceIdentifier": services[0], "listenerIdentifier": listener_id},
        "group": make_group("parent"),
    }
    return Attempts(client, ec2, parents=parents)


ENFORCED = [
    pytest.param("service_network", quotas.SERVICE_NETWORKS, 1, "SERVICE_NETWORK", id="Service networks per Region"),
    pytest.param("service", quotas.SERVICES, 4, "SERVICE", id="Services per Region"),
    pytest.param("target_group", quotas.TARGET_GROUPS, 1, "TARGET_GROUP", id="Target groups per Region"),
    pytest.param("target", quotas.TARGETS_PER_TARGET_GROUP, 0, "TARGET", id="Targets per target group"),
    pytest.param("listener", quotas.LISTENERS_PER_SERVICE, 0, "LISTENER", id="Listeners per service"),
    pytest.param("rule", quotas.RULES_PER_LISTENER, 0, "RULE", id="Rules per listener, besides the default rule"),
    pytest.param(
        "vpc_association",
        quotas.VPC_ASSOCIATIONS_PER_NETWORK,
        0,
        "SERVICE_NETWORK_VPC_ASSOCIATION",
        id="VPC associations per service network",
    ),
    pytest.param(
        "service_association",
        quotas.SERVICE_ASSOCIATIONS_PER_NETWORK,
        0,
        "SERVICE_NETWORK_SERVICE_ASSOCIATION",
        id="Service associations per service network",
    ),
]


@pytest.mark.parametrize(("attempt", "code", "existing", "resource_type"), ENFORCED)
def test_a_quota_is_enforced(attempts, error_of, attempt, code, existing, resource_type):
    configuration.reconfigure(quotas={code: existing + 2})
    create = getattr(attempts, attempt)
    create("number-1")
    create("number-2")
    error = error_of(create, name="number-3")
    assert (error["status"], error["code"]) == (402, "ServiceQuotaExceededException")
    assert (error["quotaCode"], error["serviceCode"]) == (code, "vpc-lattice")
    assert error["resourceType"] == resource_type


def test_a_call_beyond_the_quota_registers_nothing(client, make_group, error_of):
    """User Guide, "Quotas": Targets per target group; API model, RegisterTargets: ServiceQuotaExceededException."""
    configuration.reconfigure(quotas={quotas.TARGETS_PER_TARGET_GROUP: 2})
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    targets = [{"id": f"10.1.0.{number}"} for number in range(5, 8)]
    assert error_of(client.register_targets, **key, targets=targets)["status"] == 402
    assert client.list_targets(**key)["items"] == []
    repeated = [targets[0], targets[0], targets[1]]
    assert client.register_targets(**key, targets=repeated)["unsuccessful"] == []


@pytest.mark.parametrize("operation", ["create", "tag"])
def test_a_resource_has_at_most_50_tags(client, network_id, error_of, operation):
    """User Guide, "Tag resources": Maximum number of tags for each resource, 50."""
    tags = {f"tag{number}": "" for number in range(51)}
    arn = client.get_service_network(serviceNetworkIdentifier=network_id)["arn"]
    calls = {"create": (client.create_service, {"name": "orders"}), "tag": (client.tag_resource, {"resourceArn": arn})}
    call, members = calls[operation]
    assert error_of(call, **members, tags=tags)["status"] == 400
    tags.pop("tag0")
    assert call(**members, tags=tags)["ResponseMetadata"]["HTTPStatusCode"] in (200, 201)


def test_the_target_groups_of_all_actions_of_a_service_count_together(
    client, make_service, make_group, make_listener, error_of
):
    """User Guide, "Quotas": Target groups per service, 10."""
    groups = [make_group(f"orders-v{number}") for number in range(11)]
    service_id = make_service("orders")
    listener_id = make_listener(service_id, *groups[:6])
    key = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
    rule = {"name": "reads", "priority": 1, "match": {"httpMatch": {"method": "GET"}}}
    error = error_of(client.create_rule, **key, **rule, action=forward(*groups[6:]))
    assert (error["status"], error["quotaCode"], error["resourceId"]) == (402, "L-3DEC3B9F", service_id)
    assert client.create_rule(**key, **rule, action=forward(*groups[5:10]))["priority"] == 1


def test_the_default_rule_counts_by_choice(attempts, error_of):
    """Whether the default rule counts is not documented."""
    configuration.reconfigure(quotas={quotas.RULES_PER_LISTENER: 2}, choices=Choices(default_rule_counts=True))
    attempts.rule("number-1")
    assert error_of(attempts.rule, name="number-2")["quotaCode"] == "L-CF78395E"


def test_a_quota_is_per_account_and_frees_itself(client, stepped, error_of):
    """User Guide, "Quotas": deleted resources no longer count."""
    configuration.reconfigure(quotas={quotas.SERVICES: 1})
    service_id = client.create_service(name="orders")["id"]
    stepped.advance(3)
    client.delete_service(serviceIdentifier=service_id)
    assert error_of(client.create_service, name="carts")["status"] == 402
    stepped.advance(3)
    assert client.create_service(name="carts")


@pytest.mark.parametrize(("size", "is_accepted"), [(10 * 1024, True), (10 * 1024 + 1, False)])
def test_an_auth_policy_has_at_most_10_kilobytes(client, network_id, error_of, size, is_accepted):
    """User Guide, "Quotas": Auth policy size, 10 KB, not adjustable; API model, PutAuthPolicy: no quota error."""
    policy = '{"Statement": []}'.ljust(size)
    if is_accepted:
        assert client.put_auth_policy(resourceIdentifier=network_id, policy=policy)["state"] == "Inactive"
    else:
        error = error_of(client.put_auth_policy, resourceIdentifier=network_id, policy=policy)
        assert (error["status"], error["fieldList"][0]["name"]) == (400, "policy")


def test_an_association_has_at_most_5_security_groups(client, ec2, network_id, vpc_id, error_of, stepped):
    """User Guide, "Quotas": Security groups per association, 5, not adjustable."""
    groups = [ec2.create_security_group(GroupName=n, Description="d", VpcId=vpc_id)["GroupId"] for n in "abcdef"]
    members = {"serviceNetworkIdentifier": network_id, "vpcIdentifier": vpc_id}
    error = error_of(client.create_service_network_vpc_association, **members, securityGroupIds=groups)
    answer = client.create_service_network_vpc_association(**members, securityGroupIds=groups[:5])
    stepped.advance(8)
    key = {"serviceNetworkVpcAssociationIdentifier": answer["id"]}
    update_error = error_of(client.update_service_network_vpc_association, **key, securityGroupIds=groups)
    assert [(e["status"], e["fieldList"][0]["name"]) for e in (error, update_error)] == [(400, "securityGroupIds")] * 2


def test_an_action_has_at_most_10_target_groups(make_service, make_listener, error_of):
    """API model, WeightedTargetGroupList."""
    action = forward(*[f"tg-{number:017}" for number in range(11)])
    error = error_of(make_listener, service_id=make_service("orders"), defaultAction=action)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "defaultAction.forward.targetGroups")


def test_a_batch_has_1_to_10_rules(unchecked_client, attempts, error_of):
    """API model, RuleUpdateList."""
    for number in (0, 11):
        rules = [{"ruleIdentifier": "rule-0123456789abcdef0"}] * number
        error = error_of(unchecked_client.batch_update_rule, **attempts.parents["listener"], rules=rules)
        assert (error["status"], error["fieldList"][0]["name"]) == (400, "rules")


def test_service_quotas_shows_configured_and_default_values(service_quotas):
    """Service Quotas API reference, GetServiceQuota and GetAWSDefaultServiceQuota."""
    configuration.reconfigure(quotas={quotas.SERVICES: 7})
    key = {"ServiceCode": "vpc-lattice", "QuotaCode": quotas.SERVICES}
    applied, default = service_quotas.get_service_quota(**key), service_quotas.get_aws_default_service_quota(**key)
    assert (applied["Quota"]["Value"], default["Quota"]["Value"]) == (7, 2000)
    assert applied["Quota"]["QuotaArn"].endswith(f":111122223333:vpc-lattice/{quotas.SERVICES}")


@pytest.mark.parametrize("operation", ["list_service_quotas", "list_aws_default_service_quotas"])
def test_service_quotas_lists_all_quotas_in_pages(service_quotas, operation):
    """Service Quotas API reference, ListServiceQuotas and ListAWSDefaultServiceQuotas."""
    pages = service_quotas.get_paginator(operation).paginate(
        ServiceCode="vpc-lattice", PaginationConfig={"PageSize": 4}
    )
    codes = [quota["QuotaCode"] for page in pages for quota in page["Quotas"]]
    assert set(codes) == set(quotas.DEFAULT_QUOTAS)
    assert len(codes) == len(set(codes))


def test_service_quotas_knows_no_other_code_and_keeps_other_services(service_quotas):
    """Service Quotas API reference, NoSuchResourceException."""
    with pytest.raises(ClientError, match="NoSuchResource"):
        service_quotas.get_service_quota(ServiceCode="vpc-lattice", QuotaCode="L-00000000")
    assert service_quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
