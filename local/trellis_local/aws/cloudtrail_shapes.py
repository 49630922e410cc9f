"""How CloudTrail writes parameters and answers: members in lower camel case, EC2 in the names of its old XML.

Keys of maps, such as tags, stay as they are. Blobs and the contents of Lambda environments are left out, as there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from trellis_local.aws.wire import WireCall

_EC2_NAMES = {
    "TagSpecifications": "tagSpecificationSet",
    "Resources": "resourcesSet",
    "UserIdGroupPairs": "groups",
    "Tags": "tagSet",
}
_EC2_PERMISSION_LISTS = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
_EC2_RULE_OPERATIONS = (
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
)
_HIDDEN = {
    "acm": ("PrivateKey",),
    "lambda": ("Environment", "Code", "ZipFile"),
    "dynamodb": (),
    "iam": ("SecretAccessKey",),
}


def request_parameters(call: WireCall) -> Mapping[str, Any] | None:
    """The record's requestParameters."""
    parameters = call.api.parameters
    if not parameters:
        return None
    if call.api.service == "ec2":
        return _ec2_request(call.api.operation, parameters)
    shape = call.operation_model.input_shape
    found = _structure(parameters, shape, call)
    if call.api.service == "eks":
        found = _eks_names(found, shape)
    if call.api.service == "s3" and "bucket" in found:
        found["bucketName"] = found.pop("bucket")
    return found


def _eks_names(found: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """What is part of a request's path has the name that it has there: `name` for the cluster of an access entry.

    As captured from AWS in the samples of stratus-red-team for CreateAccessEntry and AssociateAccessPolicy.
    """
    labels = {
        lower_camel(member): str(model.serialization["name"])
        for member, model in shape.members.items()
        if model.serialization.get("location") == "uri"
    }
    return {labels.get(name, name): value for name, value in found.items()}


def response_elements(call: WireCall, answer: Mapping[str, Any], body: bytes) -> Mapping[str, Any] | None:
    """The record's responseElements; null for an answer without members."""
    if call.api.service == "ec2":
        return _ec2_response(body)
    members = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    shape = call.operation_model.output_shape if call.operation_model is not None else None
    return _structure(members, shape, call) or None if shape is not None else None


def _structure(value: Mapping[str, Any], shape: Any, call: WireCall) -> dict[str, Any]:
    hidden = _HIDDEN.get(call.api.service, ())
    return {
        lower_camel(name): {} if name in hidden else _value(item, shape.members.get(name), call)
        for name, item in value.items()
        if item is not None and not isinstance(item, bytes)
    }


def _value(value: Any, shape: Any, call: WireCall) -> Any:
    kind = getattr(shape, "type_name", "")
    if isinstance(value, Mapping):
        if kind == "structure":
            return _structure(value, shape, call)
        return {str(key): _value(item, getattr(shape, "value", None), call) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, getattr(shape, "member", None), call) for item in value]
    if isinstance(value, datetime):
        return _time(value, shape, call)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _time(value: datetime, shape: Any, call: WireCall) -> Any:
    if "xml" in call.protocol or call.protocol == "query":
        return value.strftime("%b %-d, %Y %-I:%M:%S %p")
    if getattr(shape, "serialization", {}).get("timestampFormat") == "iso8601":
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return value.timestamp()


def lower_camel(name: str) -> str:
    """`HostedZoneId` becomes hostedZoneId, and `TTL` becomes tTL, as CloudTrail has it."""
    return name[:1].lower() + name[1:]


# -- EC2


def _ec2_request(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    if operation == "ModifySecurityGroupRules":
        return {"ModifySecurityGroupRulesRequest": _modify_rules(parameters)}
    document = {_ec2_name(name): _ec2_value(name, value) for name, value in parameters.items() if value is not None}
    if operation in _EC2_RULE_OPERATIONS:
        document.setdefault("ipPermissions", {})
    return document


def _modify_rules(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    rules = [
        {
            "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
            "tag": number,
            "SecurityGroupRule": rule.get("SecurityGroupRule", {}),
        }
        for number, rule in enumerate(parameters.get("SecurityGroupRules", ()), start=1)
    ]
    return {"GroupId": parameters.get("GroupId"), "SecurityGroupRule": rules[0] if len(rules) == 1 else rules}


def _ec2_name(name: str) -> str:
    return _EC2_NAMES.get(name, lower_camel(name))


def _ec2_value(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return {"items": [_ec2_item(name, item) for item in value]} if value else {}
    if isinstance(value, Mapping):
        return {_ec2_name(key): _ec2_value(key, item) for key, item in value.items() if item is not None}
    return value


def _ec2_item(name: str, item: Any) -> Any:
    if name == "Resources":
        return {"resourceId": item}
    if name == "TagSpecifications":
        tags = [{"key": tag.get("Key"), "value": tag.get("Value", "")} for tag in item.get("Tags", ())]
        return {"resourceType": item.get("ResourceType"), "tags": tags}
    if not isinstance(item, Mapping):
        return {lower_camel(name).removesuffix("s"): item}
    members = {_ec2_name(key): _ec2_value(key, value) for key, value in item.items() if value is not None}
    if name == "IpPermissions":
        members = {**{_ec2_name(key): {} for key in _EC2_PERMISSION_LISTS}, **members}
    return members


def _ec2_response(body: bytes) -> Mapping[str, Any] | None:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    document = _element(root)
    return document if isinstance(document, dict) else None


def _element(element: ElementTree.Element) -> Any:
    children = list(element)
    if not children:
        return _text(element)
    if all(_tag(child) == "item" for child in children):
        return {"items": [_element(child) for child in children]}
    return {"_return" if _tag(child) == "return" else _tag(child): _element(child) for child in children}


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ElementTree.Element) -> Any:
    text = (element.text or "").strip()
    if not text:
        return {}
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _tag(element) in ("fromPort", "toPort") else text
