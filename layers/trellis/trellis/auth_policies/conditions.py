"""The faults of a Condition: operators, keys and values.

VPC Lattice's own keys are compared with regard to case, so that a wrong letter makes a condition that nothing fulfils.
https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html#auth-policies-condition-keys
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Iterator
from typing import Any

from trellis.auth_policies.faults import Fault, pointer, quoted

LATTICE = "vpc-lattice-svcs:"
HEADER, QUERY = f"{LATTICE}RequestHeader/", f"{LATTICE}RequestQueryString/"

_LATTICE_KEYS = frozenset(
    f"{LATTICE}{name}"
    for name in (
        "Port",
        "RequestMethod",
        "RequestPath",
        "ServiceArn",
        "ServiceNetworkArn",
        "SourceVpc",
        "SourceVpcOwnerAccount",
    )
)
_NAMED_KEYS = (HEADER, QUERY)

_GLOBAL_KEYS = frozenset(
    f"aws:{name}".lower()
    for name in (
        *("CurrentTime", "EpochTime", "SecureTransport", "SourceIp", "UserAgent", "Referer", "RequestedRegion"),
        *("PrincipalArn", "PrincipalAccount", "PrincipalOrgID", "PrincipalOrgPaths", "PrincipalType", "userid"),
        *("PrincipalIsAWSService", "PrincipalServiceName", "PrincipalServiceNamesList", "username", "ViaAWSService"),
        *("ResourceAccount", "ResourceOrgID", "ResourceOrgPaths", "FederatedProvider", "TokenIssueTime"),
        *("MultiFactorAuthAge", "MultiFactorAuthPresent", "SourceIdentity", "AssumedRoot", "SourceAccount"),
        *("SourceArn", "SourceOrgID", "SourceOrgPaths", "SourceVpc", "SourceVpcArn", "SourceVpce", "VpcSourceIp"),
        *("VpceAccount", "VpceOrgID", "VpceOrgPaths", "Ec2InstanceSourceVpc", "Ec2InstanceSourcePrivateIPv4"),
        *("ChatbotSourceArn", "CalledVia", "CalledViaFirst", "CalledViaLast", "TagKeys"),
    )
)
_GLOBAL_TAGS = ("aws:principaltag/", "aws:resourcetag/", "aws:requesttag/")

_STRINGS = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
_ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OPERATORS = frozenset(
    {
        *(f"String{name}" for name in _STRINGS),
        *(f"{kind}{name}" for kind in ("Numeric", "Date") for name in _ORDERED),
        *("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
        *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress"),
    }
)
_SETS = ("ForAnyValue:", "ForAllValues:")


def condition_faults(found: Any, place: str) -> Iterator[Fault]:
    """All faults of a Condition; `place` is its JSON pointer."""
    if not isinstance(found, dict):
        yield Fault(place, "must be a JSON object")
        return
    for operator, keys in found.items():
        where = f"{place}{pointer(operator)}"
        if not _is_operator(operator):
            yield Fault(where, f"{quoted(operator)} is no operator of conditions")
        if not isinstance(keys, dict) or not keys:
            yield Fault(where, "must be an object with condition keys")
            continue
        for key, value in keys.items():
            yield from _key_faults(key, f"{where}{pointer(key)}")
            if not _is_value(value):
                yield Fault(f"{where}{pointer(key)}", "must be a string, number or boolean, or a list of some")


def _is_operator(name: str) -> bool:
    if name == "Null":
        return True
    plain = next((name.removeprefix(prefix) for prefix in _SETS if name.startswith(prefix)), name)
    return plain.removesuffix("IfExists") in _OPERATORS


def _key_faults(key: str, place: str) -> Iterator[Fault]:
    if key in _LATTICE_KEYS or any(key.startswith(name) and key != name for name in _NAMED_KEYS):
        return
    if key.lower().startswith(LATTICE):
        known = {name.lower(): name for name in (*_LATTICE_KEYS, *_NAMED_KEYS)}
        meant = next((known[name] for name in known if key.lower() == name or key.lower().startswith(name)), "")
        hint = f"; {meant} is, with regard to case" if meant else ""
        yield Fault(place, f"{quoted(key)} is no condition key of VPC Lattice{hint}")
    elif key.lower() not in _GLOBAL_KEYS and not _is_tag_key(key):
        yield Fault(place, f"{quoted(key)} is no condition key that VPC Lattice gives a value")


def _is_tag_key(key: str) -> bool:
    return any(key.lower().startswith(prefix) and key.lower() != prefix for prefix in _GLOBAL_TAGS)


def _is_value(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, str | int | float | bool) for item in items)
