"""One call of each operation that names a resource, for tables that try all of them with names of one sort."""

from typing import Any

from lattice_actions import NOT_FOUND

_DIGITS = "0123456789abcdef0"
_SEGMENTS = {
    "sn": "servicenetwork",
    "svc": "service",
    "tg": "targetgroup",
    "snsa": "servicenetworkserviceassociation",
    "snva": "servicenetworkvpcassociation",
}


def unknown_id(prefix: str) -> str:
    """An id of the right form that nothing has."""
    return f"{prefix}-{_DIGITS}"


def arn(prefix: str, *, account: str = "111122223333") -> str:
    """The ARN of a resource with that id."""
    return f"arn:aws:vpc-lattice:us-west-2:{account}:{_SEGMENTS[prefix]}/{unknown_id(prefix)}"


_LISTENER = {"serviceIdentifier": "svc", "listenerIdentifier": unknown_id("listener")}
_RULE = {**_LISTENER, "ruleIdentifier": unknown_id("rule")}
_MATCH = {"httpMatch": {"method": "GET"}}
_POLICY = '{"Statement": []}'
_TARGETS = [{"id": "10.1.0.5"}]

# The value of the first member is the id prefix of the resource that the operation is about.
CALLS: dict[str, dict[str, Any]] = {
    "GetServiceNetwork": {"serviceNetworkIdentifier": "sn"},
    "UpdateServiceNetwork": {"serviceNetworkIdentifier": "sn", "authType": "NONE"},
    "DeleteServiceNetwork": {"serviceNetworkIdentifier": "sn"},
    "CreateServiceNetworkVpcAssociation": {"serviceNetworkIdentifier": "sn", "vpcIdentifier": "vpc-01234567"},
    "GetServiceNetworkVpcAssociation": {"serviceNetworkVpcAssociationIdentifier": "snva"},
    "UpdateServiceNetworkVpcAssociation": {"serviceNetworkVpcAssociationIdentifier": "snva", "privateDnsEnabled": True},
    "DeleteServiceNetworkVpcAssociation": {"serviceNetworkVpcAssociationIdentifier": "snva"},
    "CreateServiceNetworkServiceAssociation": {
        "serviceNetworkIdentifier": "sn",
        "serviceIdentifier": unknown_id("svc"),
    },
    "GetServiceNetworkServiceAssociation": {"serviceNetworkServiceAssociationIdentifier": "snsa"},
    "DeleteServiceNetworkServiceAssociation": {"serviceNetworkServiceAssociationIdentifier": "snsa"},
    "GetService": {"serviceIdentifier": "svc"},
    "UpdateService": {"serviceIdentifier": "svc", "authType": "NONE"},
    "DeleteService": {"serviceIdentifier": "svc"},
    "CreateListener": {"serviceIdentifier": "svc", "name": "http", "protocol": "HTTP", "defaultAction": NOT_FOUND},
    "GetListener": _LISTENER,
    "ListListeners": {"serviceIdentifier": "svc"},
    "UpdateListener": {**_LISTENER, "defaultAction": NOT_FOUND},
    "DeleteListener": _LISTENER,
    "CreateRule": {**_LISTENER, "name": "cart", "priority": 1, "match": _MATCH, "action": NOT_FOUND},
    "GetRule": _RULE,
    "ListRules": _LISTENER,
    "UpdateRule": {**_RULE, "priority": 2},
    "DeleteRule": _RULE,
    "BatchUpdateRule": {**_LISTENER, "rules": [{"ruleIdentifier": unknown_id("rule"), "priority": 2}]},
    "GetTargetGroup": {"targetGroupIdentifier": "tg"},
    "UpdateTargetGroup": {"targetGroupIdentifier": "tg", "healthCheck": {"path": "/"}},
    "DeleteTargetGroup": {"targetGroupIdentifier": "tg"},
    "RegisterTargets": {"targetGroupIdentifier": "tg", "targets": _TARGETS},
    "DeregisterTargets": {"targetGroupIdentifier": "tg", "targets": _TARGETS},
    "ListTargets": {"targetGroupIdentifier": "tg"},
    "PutAuthPolicy": {"resourceIdentifier": "svc", "policy": _POLICY},
    "GetAuthPolicy": {"resourceIdentifier": "sn"},
    "DeleteAuthPolicy": {"resourceIdentifier": "svc"},
    "PutResourcePolicy": {"resourceArn": "sn", "policy": _POLICY},
    "GetResourcePolicy": {"resourceArn": "svc"},
    "DeleteResourcePolicy": {"resourceArn": "sn"},
    "TagResource": {"resourceArn": "sn", "tags": {"team": "shop"}},
    "UntagResource": {"resourceArn": "tg", "tagKeys": ["team"]},
    "ListTagsForResource": {"resourceArn": "svc"},
}


def by_id(operation: str) -> dict[str, Any]:
    """The members of the call, with an id where the operation takes ids."""
    name, prefix = next(iter(CALLS[operation].items()))
    return {**CALLS[operation], name: arn(prefix) if name == "resourceArn" else unknown_id(prefix)}


def by_arn(operation: str, *, account: str) -> dict[str, Any]:
    """The members of the call, with an ARN of that account."""
    name, prefix = next(iter(CALLS[operation].items()))
    return {**CALLS[operation], name: arn(prefix, account=account)}
