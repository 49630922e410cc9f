"""Worlds for walks through the API model: a resource of each kind, made when first asked for, and minimal requests."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from lattice_actions import NOT_FOUND
from lattice_answers import Answer, WireClient
from lattice_model import input_of, sample

Document = dict[str, Any]
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
ADDRESS = "10.1.0.5"

# Which resource of a world a member names, in its id form or its ARN form.
RESOURCES: Mapping[str, str] = {
    "accessLogSubscriptionIdentifier": "access_log_subscription",
    "domainVerificationIdentifier": "domain_verification",
    "listenerIdentifier": "listener",
    "resourceConfigurationIdentifier": "resource_configuration",
    "resourceEndpointAssociationIdentifier": "resource_endpoint_association",
    "resourceGatewayIdentifier": "resource_gateway",
    "resourceIdentifier": "network",
    "ruleIdentifier": "rule",
    "serviceIdentifier": "service",
    "serviceNetworkIdentifier": "network",
    "serviceNetworkResourceAssociationIdentifier": "resource_association",
    "serviceNetworkServiceAssociationIdentifier": "service_association",
    "serviceNetworkVpcAssociationIdentifier": "vpc_association",
    "targetGroupIdentifier": "target_group",
}

# The same by the shape of the member, which the model spells like the members, and once otherwise.
RESOURCES_BY_SHAPE: Mapping[str, str] = {name[0].upper() + name[1:]: resource for name, resource in RESOURCES.items()}


@dataclass
class World:
    """Resources of one account; those that change by themselves are settled when they are handed out."""

    wire: WireClient
    advance: Callable[[float], None]
    ec2: Any
    vpc_id: str
    subnet_id: str
    id_form: str = "id"  # or "arn"

    def call(self, operation: str, **request: Any) -> Answer:
        """Call an operation with exactly this request."""
        return self.wire.call(operation, request)

    def make(self, operation: str, **request: Any) -> Document:
        """Call an operation that must succeed, and let what it started end."""
        answer = self.call(operation, **request)
        assert answer.code is None, answer
        self.advance(600)
        return answer.document

    def identifier(self, member: str) -> str:
        """The value of an identifier member, as id or as ARN, whichever this world prefers."""
        return str(getattr(self, RESOURCES[member])[self.id_form])

    def request(self, operation: str) -> Document:
        """A minimal request that the world can serve."""
        shape = input_of(operation)
        found: Document = REQUESTS.get(operation, lambda world: {})(self)
        for name in shape.required_members:
            if name in found:
                continue
            if name == "resourceArn":
                found[name] = self.network["arn"]
            elif name in RESOURCES:
                found[name] = self.identifier(name)
            else:
                found[name] = sample(shape.members[name], self.samples)
        return found

    @cached_property
    def samples(self) -> Document:
        """Values that exist, by the name of the shape in the model."""
        return {
            "ServiceIdentifier": self.service[self.id_form],
            "ServiceNetworkIdentifier": self.network[self.id_form],
            "TargetGroupIdentifier": self.target_group[self.id_form],
            "RuleIdentifier": self.rule[self.id_form],
            "VpcId": self.vpc_id,
            "SecurityGroupId": self.security_group_id,
            "SubnetId": self.subnet_id,
            "Target": {"id": ADDRESS},
        }

    @cached_property
    def network(self) -> Document:
        return self.make("CreateServiceNetwork", name="platform")

    @cached_property
    def service(self) -> Document:
        return self.make("CreateService", name="orders")

    @cached_property
    def target_group(self) -> Document:
        return self.make("CreateTargetGroup", name="orders-v1", type="IP", config=self.group_config)

    @property
    def group_config(self) -> Document:
        return {"port": 80, "protocol": "HTTP", "vpcIdentifier": self.vpc_id}

    @cached_property
    def listener(self) -> Document:
        return self.make(
            "CreateListener",
            serviceIdentifier=self.service["id"],
            name="http",
            protocol="HTTP",
            defaultAction=NOT_FOUND,
        )

    @cached_property
    def rule(self) -> Document:
        return self.make(
            "CreateRule",
            serviceIdentifier=self.service["id"],
            listenerIdentifier=self.listener["id"],
            name="popular",
            priority=1000,
            match={"httpMatch": {"method": "GET"}},
            action=NOT_FOUND,
        )

    @cached_property
    def service_association(self) -> Document:
        return self.make(
            "CreateServiceNetworkServiceAssociation", **self._in_network, serviceIdentifier=self._service_id
        )

    @cached_property
    def vpc_association(self) -> Document:
        return self.make("CreateServiceNetworkVpcAssociation", **self._in_network, vpcIdentifier=self.vpc_id)

    @cached_property
    def access_log_subscription(self) -> Document:
        members = {"resourceIdentifier": self.network["id"], "destinationArn": self.log_group_arn()}
        return self.make("CreateAccessLogSubscription", **members)

    @cached_property
    def resource_gateway(self) -> Document:
        return self.make("CreateResourceGateway", name="databases", **self.gateway_place)

    @property
    def gateway_place(self) -> Document:
        return {"vpcIdentifier": self.vpc_id, "subnetIds": [self.subnet_id]}

    @cached_property
    def resource_configuration(self) -> Document:
        return self.make("CreateResourceConfiguration", name="database", **self.configuration_members)

    @property
    def configuration_members(self) -> Document:
        return {
            "type": "SINGLE",
            "protocol": "TCP",
            "portRanges": ["5432"],
            "resourceGatewayIdentifier": self.resource_gateway[self.id_form],
            "resourceConfigurationDefinition": {"ipResource": {"ipAddress": ADDRESS}},
            "allowAssociationToShareableServiceNetwork": True,
        }

    @cached_property
    def resource_association(self) -> Document:
        members = {**self._in_network, "resourceConfigurationIdentifier": self.resource_configuration["id"]}
        return self.make("CreateServiceNetworkResourceAssociation", **members)

    @cached_property
    def resource_endpoint_association(self) -> Document:
        arn = self.resource_configuration["arn"]
        self.ec2.create_vpc_endpoint(
            VpcEndpointType="Resource", VpcId=self.vpc_id, SubnetIds=[self.subnet_id], ResourceConfigurationArn=arn
        )
        (found,) = self.make("ListResourceEndpointAssociations", resourceConfigurationIdentifier=arn)["items"]
        return dict(found)

    @cached_property
    def domain_verification(self) -> Document:
        return self.make("StartDomainVerification", domainName="example.com")

    @cached_property
    def security_group_id(self) -> str:
        """The default group of the VPC."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        return str(self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def log_group_arn(self, name: str = "/lattice/access") -> str:
        logs = boto3.client("logs", self.ec2.meta.region_name)
        if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
            logs.create_log_group(logGroupName=name)
        (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return str(group["arn"]).removesuffix(":*")

    @property
    def _in_network(self) -> Document:
        return {"serviceNetworkIdentifier": self.network["id"]}

    @property
    def _service_id(self) -> str:
        return str(self.service["id"])


def _with_policy(put: str, member: str) -> Callable[[World], Document]:
    def request(world: World) -> Document:
        named = {member: world.network["arn"]}
        world.make(put, **named, policy=POLICY)
        return named if world.id_form == "arn" or member == "resourceArn" else {member: world.network["id"]}

    return request


def _deregistration(world: World) -> Document:
    key = {"targetGroupIdentifier": world.target_group[world.id_form], "targets": [{"id": ADDRESS}]}
    world.make("RegisterTargets", **key)
    return key


# What the model does not say of a minimal request: members that only some types need, values that must exist, filters
# of which one is needed, and what must have happened before.
REQUESTS: Mapping[str, Callable[[World], Document]] = {
    "CreateAccessLogSubscription": lambda world: {"destinationArn": world.log_group_arn()},
    "CreateListener": lambda world: {"name": "http", "protocol": "HTTP", "defaultAction": NOT_FOUND},
    "CreateResourceConfiguration": lambda world: {"name": "cache", **world.configuration_members},
    "CreateResourceGateway": lambda world: {"name": "caches", **world.gateway_place},
    "CreateRule": lambda world: {"match": {"httpMatch": {"method": "GET"}}, "action": NOT_FOUND},
    "CreateTargetGroup": lambda world: {"name": "orders-v2", "type": "IP", "config": world.group_config},
    "DeleteAuthPolicy": _with_policy("PutAuthPolicy", "resourceIdentifier"),
    "DeleteResourcePolicy": _with_policy("PutResourcePolicy", "resourceArn"),
    "DeregisterTargets": _deregistration,
    "GetAuthPolicy": _with_policy("PutAuthPolicy", "resourceIdentifier"),
    "GetResourcePolicy": _with_policy("PutResourcePolicy", "resourceArn"),
    "ListServiceNetworkResourceAssociations": lambda world: {
        "serviceNetworkIdentifier": world.network[world.id_form],
    },
    "ListServiceNetworkServiceAssociations": lambda world: {"serviceIdentifier": world.service[world.id_form]},
    "ListServiceNetworkVpcAssociations": lambda world: {"serviceNetworkIdentifier": world.network[world.id_form]},
    "PutAuthPolicy": lambda world: {"policy": POLICY},
    "PutResourcePolicy": lambda world: {"policy": POLICY},
    "RegisterTargets": lambda world: {"targets": [{"id": ADDRESS}]},
    "StartDomainVerification": lambda world: {"domainName": "example.org"},
    "TagResource": lambda world: {"tags": {"team": "shop"}},
    "UntagResource": lambda world: {"tagKeys": ["team"]},
    "UpdateAccessLogSubscription": lambda world: {"destinationArn": world.log_group_arn("/lattice/other")},
}
