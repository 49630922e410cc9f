"""`dynamodb:LeadingKeys`: the partition keys of the items that a call reads or writes, which policies can limit.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html. Calls that name their items
by an expression (Query, PartiQL) get no value here, so that a policy with `ForAllValues` does not limit them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trellis_local.iam.request import ApiRequest

KEY = "dynamodb:leadingkeys"


def leading_keys(request: ApiRequest, partition_key: Callable[[str], str | None]) -> dict[str, tuple[str, ...]]:
    """The context of a call; `partition_key` gives the name of a table's partition key, None without the table."""
    if request.service != "dynamodb":
        return {}
    found = tuple(
        str(value)
        for table, item in _items(request.parameters)
        for value in _value(item.get(partition_key(table.rsplit("/", 1)[-1]) or ""))
    )
    return {KEY: tuple(dict.fromkeys(found))} if found else {}


def _items(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Keys or whole items, each with its table."""
    for member in ("Key", "Item"):
        if isinstance(parameters.get(member), Mapping):
            yield str(parameters.get("TableName", "")), parameters[member]
    for table, requests in (parameters.get("RequestItems") or {}).items():
        if isinstance(requests, Mapping):
            yield from ((table, key) for key in requests.get("Keys") or ())
            continue
        for request in requests:
            yield table, (request.get("PutRequest") or {}).get("Item") or (request.get("DeleteRequest") or {})["Key"]


def _value(attribute: Any) -> Iterator[Any]:
    if isinstance(attribute, Mapping):
        yield from attribute.values()
