"""What Trellis deletes, and whether somebody else had given it a reason to: seen from the calls themselves."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from trellis_local.aws import wire
from trellis_local.aws.gateway import CompletedCall
from trellis_local.stack import Stack

_SERVICES = {"vpc-lattice", "ec2", "route53", "eks", "iam", "ram"}
_DELETING = ("Delete", "Disassociate", "Deregister", "Revoke", "Remove", "Untag", "Detach")
_TRELLIS = ":role/trellis/"

_ADDITIONS = {"CreateListener", "CreateRule", "RegisterTargets", "ModifySecurityGroupRules"}
"""Calls of somebody else after which the resource, or the rule as it has become, has to go."""


class Deletions:
    """Calls that delete, or try to, and the ids of what somebody else has added or spoiled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._foreign: set[str] = set()
        self._deleted: list[tuple[str, str]] = []
        self._others_changes = 0

    def observe(self, completed: CompletedCall) -> None:
        """Take note of a call; one that fails tells what was meant to go."""
        call = completed.call
        if call.read_only or call.service not in _SERVICES:
            return
        parameters = completed.wire.api.parameters
        with self._lock:
            if _TRELLIS in (call.role or ""):
                self._deleted += [(call.operation, found) for found in _deleted(call.operation, parameters)]
            elif call.error_code is None:
                self._others_changes += 1
                if call.operation in _ADDITIONS:
                    self._foreign |= set(_ids(parameters)) | _made(completed)

    @property
    def others_changes(self) -> int:
        """How many calls of somebody else have changed something."""
        with self._lock:
            return self._others_changes

    def wrong(self) -> list[tuple[str, str]]:
        """Operation and id of what Trellis deleted though nobody had added or spoiled it."""
        with self._lock:
            return [(operation, found) for operation, found in self._deleted if found not in self._foreign]

    def right(self) -> list[tuple[str, str]]:
        """Operation and id of what Trellis had to delete."""
        with self._lock:
            return [(operation, found) for operation, found in self._deleted if found in self._foreign]


@contextmanager
def watched(stack: Stack) -> Iterator[Deletions]:
    """Watch all calls meanwhile."""
    found, watching = Deletions(), threading.Event()
    watching.set()
    stack.endpoint.on_completed(lambda completed: found.observe(completed) if watching.is_set() else None)
    try:
        yield found
    finally:
        watching.clear()


def _deleted(operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """The ids of what a call deletes, or its parameters as text where it says so in another way."""
    if operation == "ChangeResourceRecordSets":
        changes = parameters["ChangeBatch"]["Changes"]
        names = {action: _names(changes, action) for action in ("CREATE", "DELETE")}
        return sorted(names["DELETE"] - names["CREATE"])  # what is in both is replaced
    if not operation.startswith(_DELETING):
        return []
    if operation == "DeleteRule":
        return [str(parameters["ruleIdentifier"])]
    if operation == "DeleteListener":
        return [str(parameters["listenerIdentifier"])]
    if operation in {"DeregisterTargets", "RevokeSecurityGroupIngress"}:
        return list(_ids(parameters)) or [str(parameters)]
    return [str(parameters)]


def _names(changes: Iterable[Any], action: str) -> set[str]:
    return {str(change["ResourceRecordSet"]["Name"]) for change in changes if change["Action"] == action}


def _ids(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The targets and the security group rules that a call names."""
    for target in parameters.get("targets", ()):
        yield f"{target['id']}:{target['port']}"
    yield from map(str, parameters.get("SecurityGroupRuleIds", ()))
    for rule in parameters.get("SecurityGroupRules", ()):
        yield str(rule["SecurityGroupRuleId"])


def _made(completed: CompletedCall) -> set[str]:
    answer = wire.parse_answer(completed.wire, completed.answer)
    return {str(answer["id"])} if "id" in answer else set()
