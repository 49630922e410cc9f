"""Fifty drifts while AWS throttles, fails or answers with what is past, or while the cluster is dead.

Afterwards everything is as before, and nothing was deleted, nor was it tried, that nobody had added or spoiled.
"""

import json
import random
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from conftest import forget_repairs
from deletions import Deletions, watched
from drift_pairs import DELETED, Pair, pairs
from drift_picture import picture
from drift_tampering import Tamperer
from observing import CLUSTER_B, reports

from trellis_local.stack import Stack
from trellis_local.walkthrough import World

DRIFTS, CHECKS = 50, 3
SECONDS = 120
_TRELLIS = {"caller": "arn:aws:iam::*:role/trellis/*", "seed": 4}
FAULTS: dict[str, dict[str, Any]] = {
    "throttling": {"kind": "throttle", "probability": 0.3, **_TRELLIS},
    "server errors": {"kind": "server-error", "probability": 0.05, **_TRELLIS},
    "stale reads": {"kind": "stale-reads", "lagSeconds": 20, "probability": 0.5, "seed": 4},
    "dead cluster": {"kind": "cluster-outage", "cluster": CLUSTER_B},
}
# For these AWS wants other things gone before, for which the tamperer keeps events away and waits.
_PREPARED = {Pair("ServiceNetwork", DELETED), Pair("Service", DELETED), Pair("TargetGroup", DELETED)}
# Changes after which others find nothing to change.
_LAST = {DELETED, "action.status_code"}
# A run may leave something to the next one because AWS was busy for longer than it tries, but never for good.
_FOR_GOOD = {"AwsCallError", "AccessDeniedError"}


@pytest.mark.parametrize("fault", FAULTS)
def test_converges_after_the_fault_and_deletes_nothing_wrongly(
    fault: str, stack: Stack, world: World, tamperer: Tamperer
) -> None:
    before, known, made = picture(world), set(runs(world)), 0
    chance = random.Random(50)
    with watched(stack) as deletions:
        while made < DRIFTS:
            with ordered(world, FAULTS[fault]):
                made += drift(world, tamperer, deletions, chance)
            converge(world, before)
            assert picture(world) == before
    assert deletions.wrong() == []
    assert deletions.right() != []
    reasons = reasons_of(world, runs(world).keys() - known)
    assert ("ClusterUnreadableError" in reasons) == (fault == "dead cluster")
    assert not reasons & _FOR_GOOD


def drift(world: World, tamperer: Tamperer, deletions: Deletions, chance: random.Random) -> int:
    """Change everything once, in random order; how many changes were made. What is not there is left out."""
    found = [pair for pair in pairs() if pair not in _PREPARED]
    chance.shuffle(found)
    made = 0
    for pair in sorted(found, key=lambda pair: pair.field in _LAST):
        changes = deletions.others_changes
        try:
            tamperer.act(pair)
        except (ClientError, BotoCoreError, LookupError, StopIteration) as error:
            print(f"{pair}: {error!r}")
        else:
            made += deletions.others_changes > changes
        forget_repairs(world)
        time.sleep(chance.uniform(0, 0.5))
    return made


def converge(world: World, before: dict[str, Any]) -> None:
    """Wait for the runs of events, then check as often as may be needed."""
    world.wait("the end of all runs", lambda: "RUNNING" not in runs(world).values(), seconds=SECONDS)
    for _ in range(CHECKS):
        if picture(world) == before:
            return
        forget_repairs(world)
        world.run("check-drift", {})


def runs(world: World) -> dict[str, str]:
    """The statuses of all runs by name."""
    arn = world.status()["stateMachines"]["reconcile-cluster"]
    pages = world.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=arn)
    return {run["name"]: run["status"] for page in pages for run in page["executions"]}


def reasons_of(world: World, names: set[str]) -> set[str]:
    """Why these runs have left something undone."""
    told = [report for report in reports(world, CLUSTER_B) if report.get("run") in names]
    return {refused["reason"] for report in told for refused in report["refused"]}


@contextmanager
def ordered(world: World, document: dict[str, Any]) -> Iterator[None]:
    """The fault is on meanwhile, and takes effect."""
    url = f"{world.url}/_local/faults"
    with urllib.request.urlopen(url, data=json.dumps(document).encode(), timeout=10) as answer:
        identifier = json.load(answer)["id"]
    try:
        yield
        with urllib.request.urlopen(url, timeout=10) as answer:
            (shown,) = json.load(answer)["faults"]
        assert shown.get("hits") != 0
    finally:
        urllib.request.urlopen(urllib.request.Request(f"{url}?id={identifier}", method="DELETE"), timeout=10).close()
