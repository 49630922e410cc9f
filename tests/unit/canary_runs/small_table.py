"""A DynamoDB table in memory that knows the expressions of the leases and no others: for thousands of short tests.

`test_canary_interleavings.py` compares it with moto's.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Request = Mapping[str, Any]

_WORD = re.compile(r"attribute_not_exists\((\w+)\)|(:\w+)|\b(AND|OR)\b|(<>|=)|(\w+)")


class SmallTable:
    """One table, whatever it is called."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Item] = {}

    def get_item(self, **asked: Any) -> dict[str, Any]:
        item = self._items.get(_place(asked["Key"]))
        return {"Item": dict(item)} if item else {}

    def update_item(self, **asked: Any) -> None:
        if not self._holds(asked, asked["Key"]):
            raise _refused("ConditionalCheckFailedException")
        self._update(asked)

    def transact_write_items(self, TransactItems: list[Request]) -> None:  # noqa: N803 - as boto3 has it
        writes = [next(iter(write.items())) for write in TransactItems]
        if not all(self._holds(asked, asked.get("Key") or asked["Item"]) for _, asked in writes):
            raise _refused("TransactionCanceledException")
        for kind, asked in writes:
            if kind == "Update":
                self._update(asked)
            elif kind == "Put":
                self._items[_place(asked["Item"])] = dict(asked["Item"])
            else:
                self._items.pop(_place(asked["Key"]), None)

    def get_paginator(self, _: str) -> "SmallTable":
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        values = asked["ExpressionAttributeValues"]
        partition, prefix = values[":pk"]["S"], values.get(":prefix", {"S": ""})["S"]
        found = [item for (pk, sk), item in sorted(self._items.items()) if pk == partition and sk.startswith(prefix)]
        yield {"Items": [dict(item) for item in found]}

    def _holds(self, asked: Request, key: Request) -> bool:
        item, values = self._items.get(_place(key), {}), asked["ExpressionAttributeValues"]
        known = {"item": item, "values": values}

        def word(found: re.Match[str]) -> str:
            absent, value, junction, comparison, name = found.groups()
            if absent:
                return str(absent not in item)
            if junction:
                return str(junction).lower()
            if comparison:
                return "==" if comparison == "=" else "!="
            return f"values[{value!r}]" if value else f"item.get({name!r})"

        return bool(eval(_WORD.sub(word, asked["ConditionExpression"]), known))

    def _update(self, asked: Request) -> None:
        item = self._items.setdefault(_place(asked["Key"]), dict(asked["Key"]))
        values = asked["ExpressionAttributeValues"]
        parts = re.split(r"\s*\b(SET|REMOVE|ADD)\b\s*", asked["UpdateExpression"])[1:]
        for clause, text in zip(parts[::2], parts[1::2], strict=True):
            for piece in text.split(", "):
                name, *rest = re.split(r" = | \+ | ", piece)
                if clause == "REMOVE":
                    item.pop(name, None)
                elif clause == "ADD" or len(rest) > 1:
                    total = int(item.get(name, {"N": "0"})["N"]) + int(values[rest[-1]]["N"])
                    item[name] = {"N": str(total)}
                else:
                    item[name] = values[rest[0]]


def _place(key: Request) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "a condition does not hold"}}, "UpdateItem")
