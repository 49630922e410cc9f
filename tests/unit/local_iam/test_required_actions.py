from typing import Any

import pytest

from trellis_local.iam.actions import requirements
from trellis_local.iam.request import ApiRequest, Requirement

LATTICE = "arn:aws:vpc-lattice:us-west-2:111122223333:"
SG = "arn:aws:ec2:us-west-2:111122223333:security-group/sg-1"
KEY_A, KEY_B = {"id": {"S": "a"}}, {"id": {"S": "b"}}
ROLE = "arn:aws:iam::111122223333:role/machine"


class Facts:
    def __init__(
        self, *, group_type: str | None = "IP", roles: tuple[str, ...] = ("AWSServiceRoleForVpcLattice",)
    ) -> None:
        self._group_type, self._roles = group_type, roles

    def target_group_type(self, identifier: str) -> str | None:
        return self._group_type

    def role_exists(self, name: str) -> bool:
        return name in self._roles

    def partition_key(self, table: str) -> str | None:
        return "id" if table == "fleet" else None


def needed(service: str, operation: str, facts: Facts | None = None, **parameters: Any) -> list[Requirement]:
    request = ApiRequest(service, operation, parameters, "us-west-2", "111122223333")
    return requirements(request, facts or Facts())


def pairs(service: str, operation: str, facts: Facts | None = None, **parameters: Any) -> list[tuple[str, str]]:
    return [(item.action, arn) for item in needed(service, operation, facts, **parameters) for arn in item.resources]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        (
            "vpc-lattice",
            "ListRules",
            {"serviceIdentifier": "svc-1", "listenerIdentifier": "l-1"},
            [("vpc-lattice:ListRules", "*")],
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"fleet": [], "other": []}},
            [
                ("dynamodb:BatchWriteItem", f"arn:aws:dynamodb:us-west-2:111122223333:table/{name}")
                for name in ("fleet", "other")
            ],
        ),
        ("vpc-lattice", "CreateService", {"name": "x"}, [("vpc-lattice:CreateService", LATTICE + "service/*")]),
        (
            "vpc-lattice",
            "GetService",
            {"serviceIdentifier": "svc-1"},
            [("vpc-lattice:GetService", LATTICE + "service/svc-1")],
        ),
        (
            "vpc-lattice",
            "GetService",
            {"serviceIdentifier": LATTICE + "service/svc-1"},
            [("vpc-lattice:GetService", LATTICE + "service/svc-1")],
        ),
        (
            "vpc-lattice",
            "DeleteRule",
            {
                "serviceIdentifier": LATTICE + "service/svc-1",
                "listenerIdentifier": LATTICE + "service/svc-1/listener/l-1",
                "ruleIdentifier": "r-1",
            },
            [("vpc-lattice:DeleteRule", LATTICE + "service/svc-1/listener/l-1/rule/r-1")],
        ),
        (
            "vpc-lattice",
            "BatchUpdateRule",
            {
                "serviceIdentifier": "svc-1",
                "listenerIdentifier": "l-1",
                "rules": [{"ruleIdentifier": "r-1"}, {"ruleIdentifier": "r-2"}],
            },
            [
                ("vpc-lattice:UpdateRule", LATTICE + "service/svc-1/listener/l-1/rule/r-1"),
                ("vpc-lattice:UpdateRule", LATTICE + "service/svc-1/listener/l-1/rule/r-2"),
            ],
        ),
        (
            "vpc-lattice",
            "PutAuthPolicy",
            {"resourceIdentifier": "sn-1"},
            [("vpc-lattice:PutAuthPolicy", LATTICE + "servicenetwork/sn-1")],
        ),
        ("ec2", "DescribeVpcs", {"VpcIds": ["vpc-1"]}, [("ec2:DescribeVpcs", "*")]),
        ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "sg-1"}, [("ec2:AuthorizeSecurityGroupIngress", SG)]),
        ("ec2", "CreateTags", {"Resources": ["sg-1"], "Tags": []}, [("ec2:CreateTags", SG)]),
        (
            "eks",
            "DescribeCluster",
            {"name": "a"},
            [("eks:DescribeCluster", "arn:aws:eks:us-west-2:111122223333:cluster/a")],
        ),
        (
            "eks",
            "DescribeAccessEntry",
            {"clusterName": "a", "principalArn": ROLE},
            [
                (
                    "eks:DescribeAccessEntry",
                    "arn:aws:eks:us-west-2:111122223333:access-entry/a/role/111122223333/machine/*",
                )
            ],
        ),
        (
            "route53",
            "ChangeResourceRecordSets",
            {"HostedZoneId": "/hostedzone/Z1"},
            [("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1")],
        ),
        (
            "route53",
            "AssociateVPCWithHostedZone",
            {"HostedZoneId": "Z1", "VPC": {"VPCId": "vpc-1", "VPCRegion": "us-west-2"}},
            [("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/Z1"), ("ec2:DescribeVpcs", "*")],
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/1"}, [("s3:GetObject", "arn:aws:s3:::b/k/1")]),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "k", "VersionId": "v"},
            [("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]},
            [
                ("dynamodb:PutItem", "arn:aws:dynamodb:us-west-2:111122223333:table/t"),
                ("dynamodb:ConditionCheckItem", "arn:aws:dynamodb:us-west-2:111122223333:table/u"),
            ],
        ),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            [("dynamodb:Query", "arn:aws:dynamodb:us-west-2:111122223333:table/t/index/i")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-west-2:111122223333:function:f")],
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://h/1/q"},
            [("sqs:SendMessage", "arn:aws:sqs:us-west-2:111122223333:q")],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{}]},
            [("events:PutEvents", "arn:aws:events:us-west-2:111122223333:event-bus/default")],
        ),
        (
            "states",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:::m"},
            [("states:StartExecution", "arn:aws:states:::m")],
        ),
        (
            "ssm",
            "GetParameter",
            {"Name": "/a/b"},
            [("ssm:GetParameter", "arn:aws:ssm:us-west-2:111122223333:parameter/a/b")],
        ),
        ("sts", "GetCallerIdentity", {}, []),
        ("unheardof", "DoThings", {"Name": "x"}, [("unheardof:DoThings", "*")]),
    ],
)
def test_a_call_needs_its_action_on_its_resources(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert pairs(service, operation, **parameters) == expected


def test_a_lattice_create_with_tags_needs_tag_resource_and_tells_the_tags() -> None:
    own, tagging = needed("vpc-lattice", "CreateServiceNetwork", name="n", tags={"Team": "net"})
    assert (tagging.action, tagging.resources) == ("vpc-lattice:TagResource", (LATTICE + "servicenetwork/*",))
    assert own.context["aws:requesttag/team"] == ("net",)
    assert own.context["aws:tagkeys"] == ("Team",)
    assert tagging.context["vpc-lattice:createaction"] == ("CreateServiceNetwork",)


def test_a_vpc_association_needs_to_see_the_vpc_and_its_security_groups() -> None:
    actions = [
        item.action
        for item in needed(
            "vpc-lattice",
            "CreateServiceNetworkVpcAssociation",
            serviceNetworkIdentifier="sn-1",
            vpcIdentifier="vpc-1",
            securityGroupIds=["sg-1"],
        )
    ]
    assert actions[1:] == ["ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"]


FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:handler"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("IP", [("ec2:DescribeVpcs", "*"), ("ec2:DescribeSubnets", "*")]),
        ("INSTANCE", [("ec2:DescribeInstances", "*"), ("ec2:DescribeVpcs", "*"), ("ec2:DescribeSubnets", "*")]),
        ("LAMBDA", [("lambda:GetFunction", FUNCTION)]),
        ("ALB", []),
    ],
)
def test_registering_targets_needs_to_see_what_they_are(kind: str, more: list[tuple[str, str]]) -> None:
    members = {"targetGroupIdentifier": "tg-1", "targets": [{"id": FUNCTION}]}
    found = needed("vpc-lattice", "RegisterTargets", Facts(group_type=kind), **members)
    assert [(item.action, *item.resources) for item in found[1:]] == more


LOG_DELIVERY_ROLE = "AWSServiceRoleForLogDelivery"


@pytest.mark.parametrize(
    ("destination", "more"),
    [
        (
            "arn:aws:logs:us-west-2:111122223333:log-group:access:*",
            [
                ("logs:PutResourcePolicy", "*"),
                ("logs:DescribeResourcePolicies", "*"),
                ("logs:DescribeLogGroups", "*"),
            ],
        ),
        (
            "arn:aws:s3:::access-logs/lattice",
            [("s3:GetBucketPolicy", "arn:aws:s3:::access-logs"), ("s3:PutBucketPolicy", "arn:aws:s3:::access-logs")],
        ),
        (
            "arn:aws:firehose:us-west-2:111122223333:deliverystream/access",
            [("firehose:TagDeliveryStream", "arn:aws:firehose:us-west-2:111122223333:deliverystream/access")],
        ),
    ],
)
def test_an_access_log_subscription_needs_log_deliveries_and_its_destination(
    destination: str, more: list[tuple[str, str]]
) -> None:
    """VPC Lattice UG, API permissions; CloudWatch Logs UG, permissions of vended logs by destination."""
    facts = Facts(roles=(LOG_DELIVERY_ROLE,))
    call = {"resourceIdentifier": "sn-1", "destinationArn": destination}
    create = pairs("vpc-lattice", "CreateAccessLogSubscription", facts, **call)
    assert create == [
        ("vpc-lattice:CreateAccessLogSubscription", LATTICE + "accesslogsubscription/*"),
        ("logs:CreateLogDelivery", "*"),
        ("logs:GetLogDelivery", "*"),
        *more,
    ]
    update = {"accessLogSubscriptionIdentifier": "als-1", "destinationArn": destination}
    assert pairs("vpc-lattice", "UpdateAccessLogSubscription", facts, **update)[1:] == [
        ("logs:UpdateLogDelivery", "*"),
        *more,
    ]


def test_deleting_an_access_log_subscription_needs_to_delete_the_log_delivery() -> None:
    assert pairs("vpc-lattice", "DeleteAccessLogSubscription", accessLogSubscriptionIdentifier="als-1") == [
        ("vpc-lattice:DeleteAccessLogSubscription", LATTICE + "accesslogsubscription/als-1"),
        ("logs:DeleteLogDelivery", "*"),
    ]


def test_the_first_logs_to_firehose_need_the_service_linked_role_of_log_delivery() -> None:
    stream = "arn:aws:firehose:us-west-2:111122223333:deliverystream/access"
    *_, last = needed("vpc-lattice", "CreateAccessLogSubscription", destinationArn=stream)
    assert last.action == "iam:CreateServiceLinkedRole"
    assert last.resources[0].endswith(f"/delivery.logs.amazonaws.com/{LOG_DELIVERY_ROLE}")
    assert last.context == {"iam:awsservicename": ("delivery.logs.amazonaws.com",)}


def test_the_first_lattice_resource_of_an_account_needs_the_service_linked_role() -> None:
    first = needed("vpc-lattice", "CreateServiceNetwork", Facts(roles=()), name="n")
    assert first[1].action == "iam:CreateServiceLinkedRole"
    assert len(needed("vpc-lattice", "CreateServiceNetwork", name="n")) == 1


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("states", "CreateStateMachine", {"name": "m", "roleArn": ROLE}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE}),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"RoleArn": ROLE}]}),
        ("eks", "CreateCluster", {"name": "c", "roleArn": ROLE}),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"RoleArn": ROLE}}),
    ],
)
def test_handing_a_role_to_a_service_needs_pass_role(service: str, operation: str, parameters: dict[str, Any]) -> None:
    assert ("iam:PassRole", ROLE) in pairs(service, operation, **parameters)


def test_record_changes_tell_names_types_and_actions() -> None:
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": "*.Example.com.", "Type": "CNAME"}}
    (own,) = needed("route53", "ChangeResourceRecordSets", HostedZoneId="Z1", ChangeBatch={"Changes": [change]})
    assert own.context["route53:changeresourcerecordsetsnormalizedrecordnames"] == ("\\052.example.com",)
    assert own.context["route53:changeresourcerecordsetsactions"] == ("UPSERT",)


def test_authorizing_with_tags_needs_create_tags_on_the_rules() -> None:
    specification = {"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}
    found = pairs("ec2", "AuthorizeSecurityGroupIngress", GroupId="sg-1", TagSpecifications=[specification])
    assert ("ec2:CreateTags", "arn:aws:ec2:us-west-2:111122223333:security-group-rule/*") in found


@pytest.mark.parametrize(
    ("operation", "parameters", "keys"),
    [
        ("UpdateItem", {"TableName": "fleet", "Key": {"id": {"S": "LEASE#a"}, "pk": {"S": "x"}}}, ("LEASE#a",)),
        ("PutItem", {"TableName": "fleet", "Item": {"id": {"N": "7"}}}, ("7",)),
        (
            "BatchWriteItem",
            {"RequestItems": {"fleet": [{"PutRequest": {"Item": KEY_A}}, {"DeleteRequest": {"Key": KEY_B}}]}},
            ("a", "b"),
        ),
        ("BatchGetItem", {"RequestItems": {"fleet": {"Keys": [KEY_A]}}}, ("a",)),
        ("Query", {"TableName": "fleet"}, None),
        ("UpdateItem", {"TableName": "unknown", "Key": {"id": {"S": "a"}}}, None),
    ],
)
def test_policies_see_the_partition_keys_of_items(
    operation: str, parameters: dict[str, Any], keys: tuple[str, ...] | None
) -> None:
    (found,) = needed("dynamodb", operation, **parameters)
    assert found.context.get("dynamodb:leadingkeys") == keys
