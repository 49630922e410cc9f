"""Which cluster an AWS resource belongs to, by its id: how an event about the resource finds its cluster, and how a
record that has lost its ownership record is still known for own.

A resource that was deleted has no tags to ask for, so what was seen last is remembered. The items are written when the
set of resources changes and at no other time; the index of a cluster is compressed, since one item holds 400 KB. What
disappears is remembered for another day, because the event about its deletion may come late.
"""

import json
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trellis.fleet.batches import delete, put, write_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "INVENTORY"
_REMEMBERED_SECONDS = 24 * 3600


class Inventory:
    """Resources by cluster; a resource stands for a work item, written `kind/name`, or for several, with spaces.

    `clock` gives Unix seconds.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def note(self, cluster: str, owned: Mapping[str, str], *, looked_at: Collection[str] | None = None) -> None:
        """Remember what a cluster has, by id; nothing is written when that is known.

        `looked_at` are the work items that `owned` tells all of, where it does not tell all of the cluster.
        """
        known = self._known(cluster)
        if looked_at is not None:
            seen = set(looked_at)
            others = {resource: item for resource, item in known.items() if not seen.issuperset(item.split(" "))}
            owned = {**others, **owned}
        if known == owned:
            return
        new = [(resource, item) for resource, item in owned.items() if known.get(resource) != item]
        ttl = int(self._clock()) + _REMEMBERED_SECONDS
        requests = [
            *(put(_item(resource, cluster, item)) for resource, item in new),
            *(put(_item(resource, cluster, known[resource], ttl=ttl)) for resource in known.keys() - owned.keys()),
        ]
        write_all(self._dynamodb, self._table, requests)
        # The index comes last: what it names has been written.
        document = zlib.compress(json.dumps(dict(owned), sort_keys=True).encode())
        self._dynamodb.put_item(TableName=self._table, Item={**_key(_PARTITION, cluster), "owned": {"B": document}})

    def forget(self, cluster: str) -> None:
        """Forget what a cluster has, because it leaves; nothing is written when nothing is known."""
        known = self._known(cluster)
        gone = [delete(_key(f"OWNED#{resource}", cluster)) for resource in known]
        write_all(self._dynamodb, self._table, gone)
        if known:
            self._dynamodb.delete_item(TableName=self._table, Key=_key(_PARTITION, cluster))

    def of(self, cluster: str) -> Collection[str]:
        """The ids of what a cluster has."""
        return self._known(cluster).keys()

    def owners(self, resources: Iterable[str]) -> dict[str, set[str]]:
        """The work items that the resources stand for, by cluster."""
        found: dict[str, set[str]] = {}
        now = self._clock()
        for resource in sorted(resources):
            for item in self._items(resource):
                if "ttl" not in item or float(item["ttl"]["N"]) > now:
                    found.setdefault(item["sk"]["S"], set()).update(item["item"]["S"].split(" "))
        return found

    def _items(self, resource: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"OWNED#{resource}"}},
        )
        return [dict(item) for page in pages for item in page["Items"]]

    def _known(self, cluster: str) -> dict[str, str]:
        key = _key(_PARTITION, cluster)
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        known: dict[str, str] = json.loads(zlib.decompress(item["owned"]["B"])) if item else {}
        return known


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _item(resource: str, cluster: str, item: str, *, ttl: int | None = None) -> dict[str, Any]:
    expiry = {"ttl": {"N": str(ttl)}} if ttl is not None else {}
    return {**_key(f"OWNED#{resource}", cluster), "item": {"S": item}, **expiry}
