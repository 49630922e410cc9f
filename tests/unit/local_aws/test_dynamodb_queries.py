"""Queries of the emulated DynamoDB while other requests put items."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

import boto3
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
def client(in_moto: None) -> Any:
    made = boto3.client("dynamodb", region_name="us-west-2")
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    made.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )
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


class Unreadable(Partition):
    """A partition that nobody may look at."""

    def values(self) -> Any:
        raise AssertionError("another partition was read")


@pytest.mark.usefixtures("seam")
def test_a_query_reads_its_own_partition_alone(table: Table) -> None:
    wanted = DynamoType({"S": "a"})
    table.items = {wanted: table.items[wanted], DynamoType({"S": "b"}): Unreadable(Growing(dict), item("b", "1"))}
    table.items[wanted] = {one.range_key: one for one in (item("a", "2"), item("a", "1"))}
    found, scanned, last = table.query(wanted, None, [], 10, cast(Any, None), True, None)
    assert ([one.range_key.value for one in found if one.range_key], scanned, last) == (["1", "2"], 2, None)
    assert table.query(DynamoType({"S": "c"}), None, [], 10, cast(Any, None), True, None)[0] == []


@pytest.mark.usefixtures("seam")
def test_queries_of_a_partition_answer_as_dynamodb_does(client: Any) -> None:
    for partition in ("a", "b"):
        for number in range(5):
            client.put_item(TableName="t", Item={"pk": {"S": partition}, "sk": {"S": f"k{number}"}, "n": {"N": "1"}})
    asked = {
        "TableName": "t",
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :k)",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":k": {"S": "k"}},
    }
    first = client.query(**asked, Limit=3)
    assert [found["sk"]["S"] for found in first["Items"]] == ["k0", "k1", "k2"]
    rest = client.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [found["sk"]["S"] for found in rest["Items"]] == ["k3", "k4"]
    assert client.query(**asked, ScanIndexForward=False)["Items"][0]["sk"]["S"] == "k4"
