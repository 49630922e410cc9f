"""v2 fails every request: how long until the baseline verifiably serves again, and how many users have noticed.

The stack's clock is the real one here, because 50 requests per second of a faster clock are more than the data plane
carries. All times are the stack's: those of the clients' answers, and those of the report.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from paced_clients import PacedClients
from real_time import real_time_world
from test_canary import HOSTNAME, Shop, opened

from trellis_local.walkthrough import Walkthrough, World

ROOT = Path(__file__).parents[2]
RATE = 50
TICK, GRACE = 60, 15
SECONDS = 600  # real ones, for a canary on a busy machine
MINUTE = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with real_time_world(tmp_path_factory.mktemp("home")) as world:
        yield world


@pytest.fixture(scope="module")
def vpc(world: World) -> str:
    walkthrough = Walkthrough(world, ROOT / "examples" / "walkthrough")
    walkthrough.onboard()
    return walkthrough.vpcs["a"]


@pytest.fixture
def shop(world: World, vpc: str) -> Iterator[Shop]:
    with opened(world, vpc) as shop:
        yield shop


@pytest.fixture
def clients(shop: Shop, world: World, vpc: str) -> Iterator[PacedClients]:
    with PacedClients(world, vpc, f"http://{HOSTNAME}/orders", rate=RATE).sending() as clients:
        yield clients


def seconds_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def await_second(clients: PacedClients, second: float) -> None:
    """Until the stack's clock shows this second of a minute."""
    clients.clock.sleep((second - clients.clock.time()) % MINUTE)


@pytest.mark.parametrize("second", [7, 50])
def test_a_rollback_is_verified_within_a_tick_and_fifteen_seconds(
    second: int, shop: Shop, clients: PacedClients
) -> None:
    """Early and late in a minute; the worst second is 55, where its minute has too few failures (bench/rollback.py)."""
    execution = shop.start(analysis={"minRequests": 20, "metricDelaySeconds": 60})
    shop.reach("BAKING")
    await_second(clients, second)
    shop.fail("orders-v2")
    ended = shop.ended(execution, seconds=SECONDS)
    report = shop.report(json.loads(ended["cause"])["report"])
    rollback = report["rollback"]
    failed = [answer for answer in clients.answers if answer.failed]
    exposed = [answer for answer in clients.answers if answer.version == "orders-v2"]
    begun, verified = min(answer.asked_at for answer in failed), seconds_of(rollback["verifiedAt"])
    print(f"\nfrom second {begun % MINUTE:.1f} on, {report['reasonCode']}, verified {verified - begun:.1f} s later")
    assert report["reasonCode"] in {"HARD_STOP", "NO_HEALTHY_TARGETS"}
    assert abs(clients.rate_between(begun, verified) - RATE) < RATE / 10
    assert verified - begun <= TICK + GRACE
    assert rollback["failedCanaryRequests"] == len(failed)
    assert rollback["usersExposedRequests"] == len(exposed)
    assert rollback["countedUntil"] >= rollback["verifiedAt"]
