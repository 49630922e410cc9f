"""What moto's DynamoDB does wrongly in a large table that many requests use at once.

For every query it sorts all items of the table, and while it walks through the table's own dictionaries another thread
of the endpoint may put items into them, so that the query fails with a 500.
"""

import copy
import inspect
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.table import Table

from trellis_local.aws import moto_seam as moto


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [moto.replace(Table, "all_items", _all_items), moto.replace(Table, "query", _of_partition(Table.query))]

    def uninstall() -> None:
        while undo:
            undo.pop()()

    return uninstall


def _all_items(self: Any) -> list[Any]:
    """All items in the order of their keys, of copies that no other thread changes."""
    partitions = list(self.items.values())
    items = [item for found in partitions for item in list(found.values())] if self.range_key_attr else partitions
    return sorted(items, key=lambda item: (item.hash_key, item.range_key) if item.range_key else item.hash_key)


def _of_partition(original: Callable[..., Any]) -> Callable[..., Any]:
    """A query of the table itself, and of no index, sees a table of the one partition that it asks for."""
    signature = inspect.signature(original)

    def query(self: Any, *arguments: Any, **options: Any) -> Any:
        asked = signature.bind(self, *arguments, **options).arguments
        if asked.get("index_name"):
            return original(self, *arguments, **options)
        partition, seen = asked["hash_key"], copy.copy(self)
        seen.items = {partition: found} if (found := self.items.get(partition)) else {}
        return original(seen, *arguments, **options)

    return query
