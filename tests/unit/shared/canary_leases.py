"""A canary's lease as tests write it down, and the table that leases are in."""

from dataclasses import fields, replace
from typing import Any

from trellis.canary.request_parts import Backend
from trellis.canary.rules import Pair, Vector
from trellis.canary.state import CanaryKey, Lease, Phase, Progress

KEY = CanaryKey("blue", "shop", "orders")
SERVICE = "orders-1a2b3c4d"
VERSIONS = ("orders-v1", "orders-v2")

_PROGRESS = frozenset(member.name for member in fields(Progress))


def weights(v1: int, v2: int) -> Vector:
    """Weights of both versions in the one rule of the route."""
    return {"PathPrefix:/": {f"{VERSIONS[0]}:80": v1, f"{VERSIONS[1]}:80": v2}}


def progress(**members: Any) -> Progress:
    """A canary that has not shifted anything yet."""
    baseline, canary = (Backend(name=name) for name in VERSIONS)
    begun = Progress(
        canary="orders-1",
        request="canaries/blue/1.json",
        route_uid="uid-1",
        pair=Pair(KEY.namespace, baseline, canary),
        started_at=1000.0,
        deadline_at=9e9,
        baseline=weights(100, 0),
        expected=weights(100, 0),
        generation=1,
    )
    return replace(begun, **members)


def lease(v1: int = 50, v2: int = 50, **members: Any) -> Lease:
    """A lease that wants these weights; `members` are the lease's own and those of its progress."""
    inside = {name: members.pop(name) for name in _PROGRESS & members.keys()}
    held = Lease(KEY, "arn:first", 1, 1, Phase.BAKING, (SERVICE,), progress(expected=weights(v1, v2), **inside))
    return replace(held, **members)


def create_table(dynamodb: Any) -> None:
    """The fleet's table with its keys."""
    keys = ("pk", "sk")
    dynamodb.create_table(
        TableName="fleet",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
