"""A run that is stopped after any writing call is followed by one that ends in the same state, without orphans."""

from dataclasses import replace

import pytest
from service_lab import CrashError, Lab

from trellis.model import Service

WRITES = 9


def stopped(lab: Lab, desired: Service | None, after: int) -> None:
    """Converge, but stop after so many writing calls: the last one is made and its answer is lost."""
    lab.crash_after = len(lab.writes) + after
    with pytest.raises(CrashError):
        lab.converge(desired, run="first")
    lab.crash_after = None


def test_creating_takes_the_number_of_calls_that_is_tested(lab: Lab) -> None:
    assert len(lab.writes_of(lab.service())) == WRITES


@pytest.mark.parametrize("after", range(1, WRITES + 1))
def test_creating_can_be_stopped_anywhere(lab: Lab, after: int) -> None:
    stopped(lab, lab.service(), after)
    assert lab.converge(lab.service(), run="second").status == "PROGRAMMED"
    state = lab.state()
    assert list(state["services"]) == ["datastore-1a2b"]
    assert list(state["groups"]) == ["datastore-v1", "datastore-v2"]
    assert len(lab.writes) == WRITES


@pytest.mark.parametrize("after", range(1, WRITES + 1, 2))
def test_what_a_stopped_run_made_can_be_removed(lab: Lab, after: int) -> None:
    stopped(lab, lab.service(), after)
    assert lab.converge(None, run="second").status == "DELETED"
    assert lab.state() == {"services": {}, "groups": {}}


@pytest.mark.parametrize("after", range(1, 7))
def test_removing_can_be_stopped_anywhere(lab: Lab, after: int) -> None:
    lab.converge(lab.service())
    stopped(lab, None, after)
    assert lab.converge(None, run="second").status == "DELETED"
    assert lab.state() == {"services": {}, "groups": {}}


@pytest.mark.parametrize("after", range(1, 6))
def test_a_change_of_backends_can_be_stopped_anywhere(lab: Lab, after: int) -> None:
    old = lab.service()
    lab.converge(old)
    renamed = replace(old.target_groups[1], name="datastore-v3")
    listener = old.listeners[0]
    new = replace(
        old, target_groups=(old.target_groups[0], renamed), listeners=(replace(listener, rules=listener.rules[:1]),)
    )
    stopped(lab, new, after)
    lab.converge(new, run="second")
    assert sorted(lab.state()["groups"]) == ["datastore-v1", "datastore-v3"]


@pytest.mark.parametrize("kind", ["Service", "TargetGroup", "ServiceNetworkServiceAssociation"])
def test_what_failed_is_deleted_and_made_anew(lab: Lab, kind: str) -> None:
    lab.fail_next(kind)
    assert lab.converge(lab.service()).status == "PROGRAMMED"
