"""What moto's DynamoDB does wrongly under concurrent requests: a query that meets a new partition fails with a 500.

It walks through the table's own dictionaries, while another thread of the endpoint puts items into them.
"""

from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.table import Table

from trellis_local.aws import moto_seam as moto


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    return moto.replace(Table, "all_items", _all_items)


def _all_items(self: Any) -> list[Any]:
    """All items in the order of their keys, of copies that no other thread changes."""
    partitions = list(self.items.values())
    items = [item for found in partitions for item in list(found.values())] if self.range_key_attr else partitions
    return sorted(items, key=lambda item: (item.hash_key, item.range_key) if item.range_key else item.hash_key)
