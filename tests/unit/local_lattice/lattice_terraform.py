"""What the Terraform AWS provider says to VPC Lattice and what it concludes from the answers, re-enacted with boto3.

It was read from the provider's source, internal/service/vpclattice (`source` names a file there): of 6.x up to 6.36 for
services, their associations, attachments, listeners and policies, of 5.x for the rest. It is no run of Terraform. A
configuration holds the members of the API request, with the provider's defaults filled in.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

Document = dict[str, Any]
State = dict[str, "Known"]
_POLL_SECONDS = 5.0
_POLLS = 2000  # enough for health checks of another thread on a busy machine


@dataclass(frozen=True)
class Waiting:
    """Statuses that the provider's waiters take for under way and for reached; any other status is an error to them."""

    pending: frozenset[str]
    reached: frozenset[str] = frozenset()


CREATED = Waiting(frozenset({"CREATE_IN_PROGRESS"}), frozenset({"ACTIVE"}))
DELETED = Waiting(frozenset({"DELETE_IN_PROGRESS", "ACTIVE"}))


@dataclass(frozen=True)
class Kind:
    """A resource type: its operations, the members it compares, and those and blocks that AWS may fill in (`computed`).

    `key` are the members that name the resource in later calls, each with the member of the configuration or of the
    create answer that it comes from. `read_as` are members that have another name when read. `sent` is what an update
    sends of the changed members.
    """

    source: str
    create: str
    read: str
    delete: str
    key: Mapping[str, str]
    compared: Sequence[str]
    update: str = ""
    updatable: Sequence[str] = ()
    sent: Callable[[Document], Document] = dict
    computed: Sequence[str] = ()
    read_as: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    created: Waiting | None = None
    deleted: Waiting | None = None
    is_tagged: bool = True


@dataclass
class Known:
    """A resource in the state file."""

    kind: Kind
    key: Document
    config: Document
    id: str
    arn: str


class UnexpectedStateError(Exception):
    """What Terraform reports as "unexpected state"."""


def by_last_segment(left: str, right: str) -> bool:
    """Ids and ARNs of the same resource are equal to the provider."""
    return left.rsplit("/", 1)[-1] == right.rsplit("/", 1)[-1]


def as_policies(left: str, right: str) -> bool:
    """Policies are compared as documents."""
    return bool(json.loads(left) == json.loads(right))


class Provider:
    """Applies, plans and destroys resources one after the other, as `terraform -parallelism=1` would."""

    def __init__(self, client: Any, advance: Callable[[float], None]) -> None:
        self._client = client
        self._advance = advance
        self.state: State = {}

    def apply(self, name: str, kind: Kind, config: Document) -> Known:
        """Create a resource, wait for it and remember it."""
        answer = self._call(kind.create, config)
        key = {member: {**config, **answer}[origin] for member, origin in kind.key.items()}
        known = Known(kind, key, config, id=answer.get("id", ""), arn=answer.get("arn", ""))
        self.state[name] = known
        if kind.created:
            self._wait(known, kind.created)
            self._wait(known, kind.created)  # it wants to see the status twice
        return known

    def plan(self) -> list[str]:
        """The differences that the next plan would show, empty for "No changes"."""
        return [
            f"{name}: {difference}" for name, known in self.state.items() for difference in self._differences(known)
        ]

    def update(self, name: str, **members: Any) -> None:
        """Change members of the configuration in place; raises KeyError for one that would replace the resource."""
        known = self.state[name]
        if not set(members) <= set(known.kind.updatable):
            raise KeyError(f"changing {sorted(members)} of {name} forces replacement")
        known.config = {**known.config, **members}
        self._call(known.kind.update, {**known.key, **known.kind.sent(members)})

    def destroy(self) -> None:
        """Delete everything, dependents first."""
        for name in reversed(list(self.state)):
            self.delete(name)

    def delete(self, name: str) -> None:
        """Delete a resource and wait until it is gone; one that is gone already is as good."""
        known = self.state.pop(name)
        try:
            self._call(known.kind.delete, known.key)
        except self._client.exceptions.ResourceNotFoundException:
            return
        if known.kind.deleted:
            self._wait(known, known.kind.deleted)

    def status(self, known: Known) -> str | None:
        """The status of the resource, None when it is gone."""
        found = self._read(known)
        return str(found["status"]) if found else None

    def _wait(self, known: Known, waiting: Waiting) -> None:
        for _ in range(_POLLS):
            status = self.status(known)
            if status in waiting.reached or (status is None and not waiting.reached):
                return
            if status not in waiting.pending:
                raise UnexpectedStateError(f"unexpected state '{status}' of {known.key}")
            self._advance(_POLL_SECONDS)
        raise UnexpectedStateError(f"timeout while waiting for {known.key}: {status}")

    def _read(self, known: Known) -> Document | None:
        try:
            answer = self._call(known.kind.read, known.key)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        if "items" not in answer:
            return answer
        return answer["items"][0] if answer["items"] else None

    def _call(self, operation: str, request: Document) -> Document:
        answer: Document = getattr(self._client, xform_name(operation))(**request)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def _differences(self, known: Known) -> list[str]:
        kind, found = known.kind, self._read(known)
        if found is None:
            return ["will be created"]
        wanted = _leaves({name: known.config.get(name) for name in kind.compared})
        actual = _leaves({name: found.get(kind.read_as.get(name, name)) for name in kind.compared})
        if kind.is_tagged:
            wanted |= _leaves({"tags": known.config.get("tags")})
            actual |= _leaves({"tags": self._client.list_tags_for_resource(resourceArn=known.arn)["tags"]})
        return [
            f"{path}: {actual.get(path)!r} -> {wanted.get(path)!r}"
            for path in sorted(wanted.keys() | actual.keys())
            if not _is_left_to_aws(path, kind.computed, wanted)
            and not _equal(kind.same.get(path), actual.get(path), wanted.get(path))
        ]


def _is_left_to_aws(path: str, computed: Sequence[str], wanted: Document) -> bool:
    """Whether the path is in a member or block that may be computed and that the configuration says nothing of."""
    blocks = [block for block in computed if path == block or path.startswith(f"{block}.")]
    return any(not any(leaf == block or leaf.startswith(f"{block}.") for leaf in wanted) for block in blocks)


def _equal(same: Callable[[Any, Any], bool] | None, actual: Any, wanted: Any) -> bool:
    if same is None or actual is None or wanted is None:
        return bool(actual == wanted)
    return same(actual, wanted)


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Scalars by path. The provider's schema has no null: absent, empty, zero and false are the same to it."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{name}" if path else name, item) for name, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: value} if value else {}
    return {leaf: item for name, document in pairs for leaf, item in _leaves(document, name).items()}
