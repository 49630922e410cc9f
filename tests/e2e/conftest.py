"""One local stack for all end-to-end tests of a process, with the clock sped up.

moto keeps its state in module globals, so they need a process that runs nothing else. The clusters are onboarded once,
by the first steps of the walk-through; the tests in between leave the world as they found it; the last ones make the
clusters leave and look back at every call that was made.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Secured, material
from drift_routes import SECURED, documents
from drift_tampering import Tamperer
from drifting import Drift
from hooks import HOOK
from manifests import apply, delete
from observing import CLUSTER_B, events_kept_away

from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough import Walkthrough, World

ROOT = Path(__file__).parents[2]
SPEED = 20.0

_FIRST = ("test_walkthrough.py",)
_LAST = ("test_leave.py", "test_permissions.py", "test_demo.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _is_ours(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents


def _rank(item: pytest.Item) -> int:
    if not _is_ours(item) or item.path.name in _FIRST:
        return 0
    return 2 + _LAST.index(item.path.name) if item.path.name in _LAST else 1


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    started = Stack(
        StackOptions(
            template=ROOT / "template.yaml",
            home=tmp_path_factory.mktemp("stack"),
            speed=SPEED,
            # Runs are started by the tests; a schedule in between would make call counts a matter of luck, and so
            # would reading in full once in six hours of the fast clock.
            parameters={
                "DriftCheckSchedule": "rate(7 days)",
                "FullReadHours": "168",
                "NetworkPolicySources": "EKS-CLUSTER-*/apps",
                "CanaryHookFunctions": HOOK,
            },
        )
    ).start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def world(stack: Stack) -> World:
    return World(stack.endpoint.url, speed=SPEED)


@pytest.fixture(scope="session")
def onboarded(world: World) -> Walkthrough:
    """EKS-CLUSTER-A and EKS-CLUSTER-B are onboarded; their route datastore has a service, targets and a name."""
    walkthrough = Walkthrough(world, ROOT / "examples" / "walkthrough")
    walkthrough.onboard()
    walkthrough.route()
    walkthrough.name()
    return walkthrough


@pytest.fixture(scope="session")
def left(onboarded: Walkthrough) -> Walkthrough:
    """Both clusters have left again; only the last tests may ask for it."""
    onboarded.leave()
    return onboarded


@pytest.fixture
def drift(world: World, onboarded: Walkthrough) -> Iterator[Drift]:
    """Cluster B, converged before and after."""
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    found = Drift(world)
    found.settle()
    yield found
    found.settle()
    assert world.run("reconcile-cluster", {"cluster": CLUSTER_B})["status"] == "CONVERGED"


@pytest.fixture
def secured(world: World, onboarded: Walkthrough) -> Iterator[Secured]:
    """The walk-through's route, which tests give an HTTPS listener; all certificates are gone afterwards."""
    found = Secured(world)
    found.reconcile()
    yield found
    onboarded.apply()
    found.reconcile()
    found.clean()


@pytest.fixture(scope="module")
def tamperer(world: World, onboarded: Walkthrough) -> Iterator[Tamperer]:
    """Somebody who changes what is kept for cluster B, which has more of everything for that."""
    api = world.kubernetes(CLUSTER_B)
    arn = world.aws("acm").import_certificate(**material(SECURED))["CertificateArn"]
    apply(api, *documents())
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    yield Tamperer(world, onboarded.vpcs["b"])
    *routes, policy, client = documents()
    for part in ((policy, client), routes):  # all at once are more than the guard lets go
        delete(api, *part)
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    world.aws("acm").delete_certificate(CertificateArn=arn)


@pytest.fixture
def unnoticed(world: World) -> Iterator[None]:
    """The events about other people's changes do not arrive: only runs that the test starts find them."""
    with events_kept_away(world):
        yield


@pytest.fixture(autouse=True)
def _no_quarrels(request: pytest.FixtureRequest) -> Iterator[None]:
    """What tests change is put back more often within an hour of the fast clock than anybody would quarrel."""
    yield
    if "world" in request.fixturenames:
        forget_repairs(request.getfixturevalue("world"))


def forget_repairs(world: World) -> None:
    """From now on nothing counts as having been repaired before."""
    dynamodb = world.aws("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            if item["pk"]["S"].startswith("REPAIRED#"):
                dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
