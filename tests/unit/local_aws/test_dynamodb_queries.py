"""Queries of the emulated DynamoDB while other requests put items."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from trellis_local.aws import dynamodb


def item(partition: str, sort: str) -> Item:
    attributes = {"pk": {"S": partition}, "sk": {"S": sort}}
    return Item(DynamoType(attributes["pk"]), DynamoType(attributes["sk"]), attributes)


class Growing(defaultdict[DynamoType, Any]):
    """Gets a partition whenever an item of it is looked at, as another request would put one."""

    def grow(self) -> None:
        new = item(f"new-{len(self)}", "a")
        self[new.hash_key] = {new.range_key: new}


class Partition(dict[DynamoType, Item]):
    def __init__(self, owner: Growing, *items: Item) -> None:
        super().__init__({found.range_key: found for found in items if found.range_key})
        self._owner = owner

    def values(self) -> Any:
        self._owner.grow()
        return super().values()


@pytest.fixture
def table() -> Table:
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    made = Table(
        "t",
        "111122223333",
        "us-west-2",
        schema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        attr=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )
    items = Growing(dict)
    for partition in ("b", "a"):
        items[DynamoType({"S": partition})] = Partition(items, item(partition, "2"), item(partition, "1"))
    made.items = items
    return made


@pytest.fixture
def seam() -> Iterator[None]:
    undo = dynamodb.install()
    yield
    undo()


def test_moto_fails_when_a_partition_appears_meanwhile(table: Table) -> None:
    with pytest.raises(RuntimeError, match="changed size"):
        table.all_items()


@pytest.mark.usefixtures("seam")
def test_items_come_in_the_order_of_their_keys_whatever_appears_meanwhile(table: Table) -> None:
    found = [(one.hash_key.value, one.range_key.value) for one in table.all_items() if one.range_key]
    assert found == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
