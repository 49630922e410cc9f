"""The faults of one statement: elements, principals, actions and resources."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from trellis.auth_policies.conditions import condition_faults
from trellis.auth_policies.faults import Fault, quoted, strings

ACTIONS = ("vpc-lattice-svcs:Invoke", "vpc-lattice-svcs:Connect")

_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_ELEMENTS = {"Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)}
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")
_ARN_PARTS = 6

# An account, the root, a user, a role or a session of one. Principals have no wildcards within their ARNs:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_ACCOUNT = r"(?:\d{12}|\$\{trellis:account\})"
_PRINCIPAL = re.compile(
    rf"\*|{_ACCOUNT}|arn:aws[a-z-]*:(?:"
    rf"iam::{_ACCOUNT}:(?:root|(?:user|role)/[!-~]*[^/*?])|sts::{_ACCOUNT}:(?:assumed-role|federated-user)/[!-~]*[^/*?])"
)


def statement_faults(statement: Any, place: str) -> Iterator[Fault]:
    """All faults of a statement; `place` is its JSON pointer."""
    if not isinstance(statement, dict):
        yield Fault(place, "must be a JSON object")
        return
    for name in statement:
        if name not in _ELEMENTS:
            yield Fault(f"{place}/{name}", "is not an element of statements")
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Fault(f"{place}/Effect", "must be Allow or Deny")
    if not isinstance(statement.get("Sid", ""), str):
        yield Fault(f"{place}/Sid", "must be a string")
    for pair, check in zip(_PAIRS, (_principal_faults, _action_faults, _resource_faults), strict=True):
        yield from _pair_faults(statement, pair, place, check)
    yield from condition_faults(statement.get("Condition", {}), f"{place}/Condition")


def _pair_faults(
    statement: dict[str, Any], pair: tuple[str, str], place: str, check: Callable[[Any, str], Iterator[Fault]]
) -> Iterator[Fault]:
    found = [name for name in pair if name in statement]
    if len(found) != 1:
        yield Fault(place, f"must have {'one' if found else 'either'} of {' and '.join(pair)}")
    for name in found:
        yield from check(statement[name], f"{place}/{name}")


def _principal_faults(value: Any, place: str) -> Iterator[Fault]:
    if value == "*":
        return
    if not isinstance(value, dict) or not value:
        yield Fault(place, 'must be "*" or an object such as {"AWS": "arn:aws:iam::111122223333:role/name"}')
        return
    for kind, names in value.items():
        if kind not in _PRINCIPALS:
            yield Fault(f"{place}/{kind}", f"is not a kind of principal, which are {', '.join(_PRINCIPALS)}")
        yield from _list_faults(names, f"{place}/{kind}")
        if kind == "AWS":
            yield from _name_faults(names, f"{place}/{kind}")


def _name_faults(names: Any, place: str) -> Iterator[Fault]:
    for where, name in strings(names, place):
        if "*" in name.removeprefix("*"):
            yield Fault(where, f"{quoted(name)} has a wildcard, which principals cannot have; use aws:PrincipalArn")
        elif not _PRINCIPAL.fullmatch(name):
            yield Fault(where, f"{quoted(name)} is no account and no ARN of a user, role or session")


def _action_faults(value: Any, place: str) -> Iterator[Fault]:
    yield from _list_faults(value, place)
    for where, action in strings(value, place):
        if not any(fnmatchcase(known.lower(), action.lower()) for known in ACTIONS):
            yield Fault(where, f"{quoted(action)} is no action of auth policies, which are {' and '.join(ACTIONS)}")


def _resource_faults(value: Any, place: str) -> Iterator[Fault]:
    yield from _list_faults(value, place)
    for where, resource in strings(value, place):
        fault = _resource_fault(resource)
        if fault:
            yield Fault(where, f"{quoted(resource)} {fault}")


def _resource_fault(resource: str) -> str:
    """Why no request is about a resource, which is the ARN of a service with the path; empty when some may be."""
    own = "${trellis:service-arn}"
    if resource.startswith(own):
        rest = resource.removeprefix(own)
        return "" if rest.startswith(("/", "*")) else "names no path: add /* for all, or a path"
    if resource.startswith("*"):
        return ""
    parts = resource.split(":", _ARN_PARTS - 1)
    if parts[0] != "arn" or (len(parts) < _ARN_PARTS and not resource.endswith("*")):
        return "is no ARN of a service with a path; * stands for all services"
    return _arn_fault(parts)


def _arn_fault(parts: list[str]) -> str:
    service = parts[2] if len(parts) > 2 else "*"
    if not fnmatchcase("vpc-lattice", service):
        return "is no resource of VPC Lattice, whose ARNs have vpc-lattice after the partition"
    if len(parts) < _ARN_PARTS:
        return ""
    kind, slash, rest = parts[-1].partition("/")
    if not fnmatchcase("service", kind) and "*" not in kind:
        return "is no service; requests are about services, also in the policy of a network"
    if "*" not in parts[-1] and (not slash or "/" not in rest):
        return "names no path: add /* for all, or a path"
    return ""


def _list_faults(value: Any, place: str) -> Iterator[Fault]:
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str) and item for item in items):
        yield Fault(place, "must be a string, or a list of some")
