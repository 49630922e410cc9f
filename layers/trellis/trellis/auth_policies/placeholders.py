"""Placeholders: what a policy says instead of ids that AWS generates.

They look like policy variables of IAM, whose names are condition keys: none begins with `trellis:`, and one that is
left over would have no value. They stand in values only, never in names of keys.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trellis.auth_policies.faults import Fault, pointer, quoted

SERVICE_ARN, NETWORK_ARN, ACCOUNT, VPC = "service-arn", "service-network-arn", "account", "vpc/"

_PLACEHOLDER = re.compile(r"\$\{trellis:([^}\"]*)\}")
_BEGINNING = "${trellis:"
_CLUSTER = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Resolved:
    """A document in which the placeholders are replaced; `missing` are those that stand for nothing now."""

    text: str
    missing: tuple[str, ...] = ()


def resolve(document: str, values: Mapping[str, str]) -> Resolved:
    """Replace placeholders, `values` by their names; these are ids and ARNs, which JSON need not escape."""
    missing = [name for name in _PLACEHOLDER.findall(document) if name not in values]
    text = _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), document)
    return Resolved(text, tuple(dict.fromkeys(missing)))


def placeholder_faults(document: Any, *, arn: str) -> Iterator[Fault]:
    """Placeholders that do not exist; `arn` is the one of the policy's own holder, the other is that of another."""
    for place, text, is_key in _texts(document, ()):
        names = _PLACEHOLDER.findall(text)
        if is_key and _BEGINNING in text:
            yield Fault(place, "placeholders are for values, not for names")
        elif text.count(_BEGINNING) > len(names):
            yield Fault(place, "a placeholder has no end")
        for name in names:
            if not (name in (arn, ACCOUNT) or (name.startswith(VPC) and _CLUSTER.fullmatch(name.removeprefix(VPC)))):
                known = f"{arn}, {ACCOUNT} and {VPC}CLUSTER are"
                yield Fault(place, f"the placeholder {quoted(name)} is not known here; {known}")


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str, bool]]:
    """Every string with its place, and whether it is the name of a member."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield pointer(*path, key), key, True
            yield from _texts(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, (*path, index))
    elif isinstance(value, str):
        yield pointer(*path), value, False
