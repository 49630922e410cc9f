"""Whether a policy is sound: JSON, size, elements; every fault at once, each with its place.

What IAM would take but what can never match a request of VPC Lattice is a fault too: a policy that denies everybody
because of a typing error, or allows more than was meant, must not become effective.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from trellis.auth_policies.faults import Fault, pointer, quoted
from trellis.auth_policies.placeholders import placeholder_faults
from trellis.auth_policies.statements import statement_faults

MAX_BYTES = 10 * 1024
"""Quota of VPC Lattice for an auth policy; it cannot be raised."""

_LONGEST = 102_400
_VERSIONS = ("2012-10-17", "2008-10-17")
_MEMBERS = ("Version", "Id", "Statement")


@dataclass(frozen=True)
class CheckedPolicy:
    """A policy without blanks and newlines, which VPC Lattice does not take; empty where there are faults."""

    document: str = ""
    faults: tuple[Fault, ...] = ()


class _NotSoundError(ValueError):
    """JSON that Python takes and IAM does not."""


def check_policy(text: str, *, arn: str) -> CheckedPolicy:
    """Check a policy as people write it; `arn` is the placeholder for the ARN of its holder."""
    try:
        policy = _parse(text)
        document = json.dumps(policy, separators=(",", ":"), ensure_ascii=False)
        faults = (*_faults(policy), *placeholder_faults(policy, arn=arn), *size_fault(document))
    except json.JSONDecodeError as error:
        faults = (Fault(f"line {error.lineno}, column {error.colno}", f"no JSON: {error.msg}"),)
    except _NotSoundError as error:
        faults = (Fault("/", str(error)),)
    except UnicodeEncodeError:
        faults = (Fault("/", "has half of a surrogate pair, which is no character"),)
    except RecursionError:
        faults = (Fault("/", "is nested too deeply"),)
    return CheckedPolicy(faults=faults) if faults else CheckedPolicy(document)


def size_fault(document: str) -> tuple[Fault, ...]:
    """A fault when a document is longer than VPC Lattice takes, which it may be only when placeholders are replaced."""
    size = len(document.encode())
    if size <= MAX_BYTES:
        return ()
    return (Fault("/", f"has {size} bytes without blanks, VPC Lattice takes {MAX_BYTES}"),)


def _parse(text: str) -> Any:
    if len(text) > _LONGEST:
        raise _NotSoundError(f"has {len(text)} characters, VPC Lattice takes {MAX_BYTES} bytes")
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotSoundError(f"has an object with two members {quoted(twice)}")
    return members


def _constant(name: str) -> NoReturn:
    raise _NotSoundError(f"has {name}, which is no JSON")


def _faults(policy: Any) -> Iterator[Fault]:
    if not isinstance(policy, dict):
        yield Fault("/", "must be a JSON object")
        return
    for name in policy:
        if name not in _MEMBERS:
            yield Fault(pointer(name), f"is not a member of policies, which have {', '.join(_MEMBERS)}")
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield Fault("/Version", f"must be {_VERSIONS[0]}")
    if not isinstance(policy.get("Id", ""), str):
        yield Fault("/Id", "must be a string")
    yield from _statements(policy.get("Statement"))


def _statements(found: Any) -> Iterator[Fault]:
    if isinstance(found, dict):
        yield from statement_faults(found, "/Statement")
    elif isinstance(found, list) and found:
        for index, statement in enumerate(found):
            yield from statement_faults(statement, pointer("Statement", index))
    else:
        yield Fault("/Statement", "must be a statement or a list of some")
