"""Whatever somebody else deletes or changes is put back after its event, on a stack whose clock is the real one.

That it takes ten seconds at most is measured, not asserted: `pytest -s` prints what each took.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import material
from conftest import forget_repairs
from drift_pairs import Pair, pairs
from drift_picture import picture
from drift_routes import SECURED, documents
from drift_tampering import Tamperer
from manifests import apply
from observing import CLUSTER_B
from real_time import real_time_world

from trellis_local.walkthrough import Walkthrough, World

ROOT = Path(__file__).parents[2]
SECONDS = 120


@pytest.fixture(scope="module")
def real_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with real_time_world(tmp_path_factory.mktemp("home")) as world:
        yield world


@pytest.fixture(scope="module")
def tamperer(real_time: World) -> Tamperer:
    walkthrough = Walkthrough(real_time, ROOT / "examples" / "walkthrough")
    walkthrough.onboard()
    walkthrough.apply()
    real_time.aws("acm").import_certificate(**material(SECURED))
    apply(real_time.kubernetes(CLUSTER_B), *documents())
    for document in ({"cluster": "EKS-CLUSTER-A"}, {"cluster": CLUSTER_B}):
        assert real_time.run("reconcile-cluster", document)["status"] != "FAILED"
    return Tamperer(real_time, walkthrough.vpcs["b"])


@pytest.mark.parametrize("pair", pairs(), ids=str)
def test_its_event_puts_back(pair: Pair, real_time: World, tamperer: Tamperer) -> None:
    before = picture(real_time)
    tamperer.act(pair)
    begun = time.monotonic()
    assert picture(real_time) != before
    real_time.wait(f"{pair}, put back", lambda: picture(real_time) == before, seconds=SECONDS)
    print(f"\n{pair} was put back within {time.monotonic() - begun:.1f} s")
    real_time.wait("the end of all runs", lambda: not _running(real_time), seconds=SECONDS)
    forget_repairs(real_time)


def _running(world: World) -> list[Any]:
    states = world.aws("stepfunctions")
    arn = world.status()["stateMachines"]["reconcile-cluster"]
    found: list[Any] = states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    return found
