"""Every function can be stopped after any of its calls to AWS or to the cluster: running again ends in the same state.

Stopped after each call in turn, but for reading calls after which the world is the same, at the same time, as at the
place before: what follows could not differ. The end state is everything in the account and in the cluster, so it also
shows that no orphan is left.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flow_crashes import Crashes, stop_everywhere
from flow_driver import offboard, onboard, reconcile
from flow_forks import in_branch
from flow_lab import FlowLab
from flow_world import CLUSTER, apply_manifests, ask_for_access, change_access, change_route

# How many tests a phase is spread over.
_SHARDS = {
    "onboarding": 1,
    "the first routes": 1,
    "a changed route": 2,
    "the first clients and policies": 1,
    "changed clients and policies": 1,
    "offboarding": 2,
}


def _onboard(lab: FlowLab, run: str) -> None:
    onboard(lab, CLUSTER, run)


def _reconcile(lab: FlowLab, run: str) -> None:
    reconcile(lab, CLUSTER, run)


def _offboard(lab: FlowLab, run: str) -> None:
    offboard(lab, CLUSTER, run)


def _with_routes(lab: FlowLab) -> None:
    onboard(lab, CLUSTER, "onboard")
    apply_manifests(lab)


def _with_services(lab: FlowLab) -> None:
    _with_routes(lab)
    reconcile(lab, CLUSTER, "routes")


def _with_a_changed_route(lab: FlowLab) -> None:
    _with_services(lab)
    change_route(lab)


def _with_clients_to_be(lab: FlowLab) -> None:
    _with_services(lab)
    ask_for_access(lab)


def _with_clients(lab: FlowLab) -> None:
    _with_clients_to_be(lab)
    reconcile(lab, CLUSTER, "clients")


def _with_changed_clients(lab: FlowLab) -> None:
    _with_clients(lab)
    change_access(lab)


def _nothing(lab: FlowLab) -> None:
    """Onboarding begins with the cluster alone."""


_PHASES: dict[str, tuple[Callable[[FlowLab], None], Callable[[FlowLab, str], None]]] = {
    "onboarding": (_nothing, _onboard),
    "the first routes": (_with_routes, _reconcile),
    "a changed route": (_with_a_changed_route, _reconcile),
    "the first clients and policies": (_with_clients_to_be, _reconcile),
    "changed clients and policies": (_with_changed_clients, _reconcile),
    "offboarding": (_with_clients, _offboard),
}


@pytest.mark.parametrize(("phase", "shard"), [(phase, shard) for phase in _PHASES for shard in range(_SHARDS[phase])])
def test_running_again_ends_in_the_same_state(lab: FlowLab, phase: str, shard: int) -> None:
    before, flow = _PHASES[phase]

    def work() -> Any:
        before(lab)
        return stop_everywhere(lab, flow, shard=shard, shards=_SHARDS[phase])

    crashes: Crashes = in_branch(work)
    print(f"{phase}: {crashes.calls} calls, stopped {crashes.stopped} times")
    assert crashes.stopped > 10
    assert "\n".join(crashes.problems) == ""
