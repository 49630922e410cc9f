"""The configuration of examples/terraform as the Terraform AWS provider sends it, resource by resource."""

import json
from typing import Any

import lattice_terraform_kinds as kinds
from lattice_terraform import Provider

Document = dict[str, Any]
TAGS = {"team": "shop"}
# What the provider fills in for a health check of which a configuration gives path and interval.
HEALTH_CHECK = {
    "enabled": True,
    "healthCheckIntervalSeconds": 5,
    "healthCheckTimeoutSeconds": 5,
    "healthyThresholdCount": 5,
    "path": "/live",
    "protocolVersion": "HTTP1",
    "unhealthyThresholdCount": 2,
}


def allow(resource: str) -> str:
    """An auth policy as the provider sends it: without blanks, members in alphabetical order."""
    statement = {"Action": "vpc-lattice-svcs:Invoke", "Effect": "Allow", "Principal": "*", "Resource": resource}
    return _policy(statement)


def share(network_arn: str) -> str:
    """A resource policy that lets another account associate with the network."""
    actions = [
        "vpc-lattice:CreateServiceNetworkVpcAssociation",
        "vpc-lattice:CreateServiceNetworkServiceAssociation",
        "vpc-lattice:GetServiceNetwork",
    ]
    principal = {"AWS": "444455556666"}
    return _policy({"Action": actions, "Effect": "Allow", "Principal": principal, "Resource": network_arn})


def forward(weights: dict[str, int]) -> Document:
    """A forward action with a weight for each target group id."""
    groups = [{"targetGroupIdentifier": group_id, "weight": weight} for group_id, weight in weights.items()]
    return {"forward": {"targetGroups": groups}}


def apply(provider: Provider, *, vpc_id: str, security_group_id: str) -> None:
    """Apply the whole configuration but the log subscription, in an order that the references allow."""
    network = provider.apply("network", kinds.SERVICE_NETWORK, {"name": "shop", "authType": "AWS_IAM", "tags": TAGS})
    members: Document = {"serviceNetworkIdentifier": network.id, "vpcIdentifier": vpc_id, "tags": TAGS}
    provider.apply("vpc association", kinds.VPC_ASSOCIATION, {**members, "securityGroupIds": [security_group_id]})
    service = provider.apply("service", kinds.SERVICE, {"name": "orders", "authType": "NONE", "tags": TAGS})
    members = {"serviceIdentifier": service.id, "serviceNetworkIdentifier": network.arn, "tags": TAGS}
    provider.apply("service association", kinds.SERVICE_ASSOCIATION, members)
    _traffic(provider, service.id, vpc_id=vpc_id)
    provider.apply("auth policy", kinds.AUTH_POLICY, {"resourceIdentifier": network.arn, "policy": allow("*")})
    members = {"resourceArn": network.arn, "policy": share(network.arn)}
    provider.apply("resource policy", kinds.RESOURCE_POLICY, members)


def group_ids(provider: Provider) -> tuple[str, str]:
    """The ids of the two target groups."""
    return provider.state["v1"].id, provider.state["v2"].id


def _traffic(provider: Provider, service_id: str, *, vpc_id: str) -> None:
    for name in ("v1", "v2"):
        config = {"port": 8080, "protocol": "HTTP", "vpcIdentifier": vpc_id, "healthCheck": HEALTH_CHECK}
        members: Document = {"name": f"orders-{name}", "type": "IP", "config": config, "tags": TAGS}
        provider.apply(name, kinds.TARGET_GROUP, members)
    action = forward(dict(zip(group_ids(provider), (90, 10), strict=True)))
    members = {"serviceIdentifier": service_id, "name": "http", "protocol": "HTTP", "tags": TAGS}
    listener = provider.apply("listener", kinds.LISTENER, {**members, "defaultAction": action})
    members = {"serviceIdentifier": service_id, "listenerIdentifier": listener.id, "name": "popular", "priority": 10}
    header = {"name": "x-env", "match": {"exact": "test"}, "caseSensitive": False}  # false is sent if nothing is said
    path = {"match": {"prefix": "/popular"}, "caseSensitive": True}
    match = {"httpMatch": {"method": "GET", "pathMatch": path, "headerMatches": [header]}}
    provider.apply("rule", kinds.LISTENER_RULE, {**members, "match": match, "action": action, "tags": TAGS})
    for number, group_id in enumerate(group_ids(provider), start=1):
        target = {"id": f"10.1.0.1{number}", "port": 8080}
        members = {"targetGroupIdentifier": group_id, "targets": [target]}
        provider.apply(f"attachment {number}", kinds.TARGET_GROUP_ATTACHMENT, members)


def _policy(statement: Document) -> str:
    return json.dumps({"Statement": [statement], "Version": "2012-10-17"}, sort_keys=True, separators=(",", ":"))
