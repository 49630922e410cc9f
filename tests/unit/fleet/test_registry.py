"""The registry of clusters."""

from dataclasses import replace
from typing import Any

import pytest

from trellis.errors import ClusterNotRegisteredError
from trellis.fleet.registry import Registry
from trellis.model import Cluster, ClusterState, Mode

BLUE = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net", Mode.PLAN)


@pytest.fixture
def registry(dynamodb: Any) -> Registry:
    return Registry(dynamodb, "fleet")


def test_a_registered_cluster_is_found_as_it_was(registry: Registry) -> None:
    assert registry.put(BLUE)
    assert registry.get("blue") == BLUE


def test_registering_it_again_writes_nothing(registry: Registry) -> None:
    registry.put(BLUE)
    assert not registry.put(BLUE)


def test_a_change_is_written_and_keeps_what_was_prepared(registry: Registry) -> None:
    registry.put(BLUE)
    registry.set_prepared("blue", "v1")
    assert registry.put(replace(BLUE, state=ClusterState.LEAVING))
    assert registry.get("blue").state is ClusterState.LEAVING
    assert registry.prepared("blue") == "v1"


def test_clusters_are_listed_by_name(registry: Registry) -> None:
    for name in ("red", "blue"):
        registry.put(replace(BLUE, name=name))
    assert [cluster.name for cluster in registry.list()] == ["blue", "red"]


def test_a_forgotten_cluster_is_not_registered(registry: Registry) -> None:
    registry.put(BLUE)
    registry.forget("blue")
    registry.forget("blue")
    with pytest.raises(ClusterNotRegisteredError, match="blue"):
        registry.get("blue")


def test_the_plan_of_a_converged_run_is_kept_until_the_cluster_is_forgotten(registry: Registry) -> None:
    registry.put(BLUE)
    registry.set_converged("blue", "plans/blue/1.json", read_at=1)
    registry.put(replace(BLUE, mode=Mode.REMEDIATE))
    assert registry.converged("blue") == "plans/blue/1.json"
    registry.forget("blue")
    assert registry.converged("blue") == ""


def test_a_run_that_outlives_its_cluster_does_not_register_it_again(registry: Registry) -> None:
    registry.set_converged("blue", "plans/blue/1.json", read_at=1)
    assert registry.find("blue") is None


def test_a_plan_by_an_earlier_reading_does_not_replace_one_by_a_later(registry: Registry) -> None:
    registry.put(BLUE)
    registry.set_converged("blue", "plans/blue/new.json", read_at=20)
    registry.set_converged("blue", "plans/blue/old.json", read_at=19)
    assert registry.converged("blue") == "plans/blue/new.json"
    registry.set_converged("blue", "plans/blue/newer.json", read_at=21)
    assert registry.converged("blue") == "plans/blue/newer.json"
    assert registry.get("blue") == BLUE
