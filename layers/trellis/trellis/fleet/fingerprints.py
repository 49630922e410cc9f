"""What was read of VPC Lattice, by the time of its last change, so that a check need not read it again.

The lists tell of each resource when it was last changed (`lastUpdatedAt`). Details that came with the same time are
taken from here; everything else is read. Three rules keep that from hiding a change:

- The time that is kept is the one in the answer with the details, never the list's: either may lag behind.
- What was changed a moment ago is not kept, because another change can carry the same time.
- Each service is read in full now and then all the same, for what a list may not show; when, differs by service, so
  that a large cluster is not read at once.

An item that is lost, or that this version cannot read, only means that its service is read in full.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from trellis.fleet.batches import delete, put, write_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_VERSION = 1
"""Of what is kept: to be counted up when a reader needs more of an answer, so that nothing older is believed."""

_MOST_BYTES = 380_000
"""Of one item; DynamoDB takes 400 KB. A service beyond that, with thousands of rules, is read in full each time."""

_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, zlib.error)

Entries = dict[str, tuple[str, Any]]
"""By resource id, the time of the last change and the details."""


@dataclass(frozen=True)
class Rhythm:
    """Both in seconds: how old a change must be to be kept, and how often a service is read in full."""

    settled_after: float
    full_read_every: float


@dataclass(frozen=True)
class _Known:
    read_at: float
    entries: Entries


class Fingerprints:
    """The memories of all clusters; `clock` gives Unix seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float], rhythm: Rhythm) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._rhythm = rhythm

    def of(self, cluster: str, *, distrusted: Collection[str] | None = ()) -> "Memory":
        """What is known of a cluster, but for the services that are to be read in full; None stands for all."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _partition(cluster)}},
        )
        known = {item["sk"]["S"]: _read(dict(item)) for page in pages for item in page["Items"]}
        now = self._clock()
        due = {name for name, found in known.items() if _is_due(f"{cluster}/{name}", found, now, self._rhythm)}
        untrusted = set(known) if distrusted is None else {*distrusted}
        return Memory(known, due, untrusted, now, self._rhythm.settled_after, doubted=distrusted or ())

    def keep(self, cluster: str, memory: "Memory", *, covers: Callable[[str], bool] = lambda _: True) -> None:
        """Write what has changed since the memory was read, and nothing else.

        What was not seen is forgotten, as far as it `covers` what was looked at.
        """
        changed = [put(item) for item in _items(cluster, memory.changed())]
        gone = [delete(_key(cluster, name)) for name in memory.gone() if covers(name)]
        write_all(self._dynamodb, self._table, [*changed, *gone])

    def forget(self, cluster: str) -> None:
        """Forget a cluster that leaves; nothing is written when nothing is known."""
        gone = [delete(_key(cluster, name)) for name in self.of(cluster).services]
        write_all(self._dynamodb, self._table, gone)


@dataclass
class Memory:
    """What is known of one cluster's services, and what is seen of them in this run.

    `doubted` are those of the distrusted that something is said to have changed.
    """

    known: Mapping[str, _Known]
    due: Collection[str]
    distrusted: Collection[str]
    now: float
    settled_after: float
    doubted: Collection[str] = ()
    seen: dict[str, Entries] = field(default_factory=lambda: defaultdict(dict))

    @property
    def services(self) -> Collection[str]:
        """The names of the services of which anything is known."""
        return self.known.keys()

    def recall(self, service: str, resource: str, updated: datetime) -> Any | None:
        """The details that came with the same time of the last change; None when the resource must be read."""
        if service in self.due or service in self.distrusted or service not in self.known:
            return None
        entry = self.known[service].entries.get(resource)
        if entry is None or entry[0] != updated.isoformat():
            return None
        self.seen[service][resource] = entry
        return entry[1]

    def note(self, service: str, resource: str, updated: datetime, details: Mapping[str, Any]) -> None:
        """Keep what was read, unless it was changed so shortly ago that another change may carry the same time."""
        if self.now - updated.timestamp() >= self.settled_after:
            self.seen[service][resource] = (updated.isoformat(), dict(details))

    def note_unlisted(self, service: str, resource: str, updated: datetime, details: Mapping[str, Any]) -> None:
        """Keep what the lists may tell no change of, but not where a change is what the service is read for.

        There the answer may lag behind that change, and no time would ever show it.
        """
        if service not in self.doubted:
            self.note(service, resource, updated, details)

    def changed(self) -> dict[str, _Known]:
        """The services of which other things are known now, and those that were due."""
        return {name: self._new(name) for name, entries in self.seen.items() if self._differs(name, entries)}

    def gone(self) -> set[str]:
        """The services of which nothing is known any more."""
        return {name for name in self.known if not self.seen.get(name)}

    def _differs(self, name: str, entries: Entries) -> bool:
        return bool(entries) and (name not in self.known or name in self.due or self.known[name].entries != entries)

    def _new(self, name: str) -> _Known:
        in_full = name not in self.known or name in self.due or name in self.distrusted
        return _Known(self.now if in_full else self.known[name].read_at, self.seen[name])


def _is_due(name: str, found: _Known, now: float, rhythm: Rhythm) -> bool:
    """Whether the moment of this service has come since it was read in full; each has another within the period."""
    moment = int(sha256(name.encode()).hexdigest()[:8], 16) / 16**8 * rhythm.full_read_every
    return (now - moment) // rhythm.full_read_every > (found.read_at - moment) // rhythm.full_read_every


def _partition(cluster: str) -> str:
    return f"FINGERPRINTS#{cluster}"


def _key(cluster: str, service: str) -> dict[str, Any]:
    return {"pk": {"S": _partition(cluster)}, "sk": {"S": service}}


def _items(cluster: str, changed: Mapping[str, _Known]) -> Iterable[dict[str, Any]]:
    for name, known in changed.items():
        document = {"version": _VERSION, "readAt": known.read_at, "entries": known.entries}
        body = zlib.compress(json.dumps(document, sort_keys=True).encode())
        if len(body) <= _MOST_BYTES:
            yield {**_key(cluster, name), "document": {"B": body}}


def _read(item: Mapping[str, Any]) -> _Known:
    try:
        document = json.loads(zlib.decompress(item["document"]["B"]))
        entries = {resource: (updated, details) for resource, (updated, details) in document["entries"].items()}
        return _Known(float(document["readAt"]), entries if document["version"] == _VERSION else {})
    except _UNREADABLE:
        return _Known(0.0, {})
