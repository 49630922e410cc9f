"""What a cluster's tags and description make of it in the registry."""

from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import MemoryChecks, toolbox

from trellis.clusters import bootstrap
from trellis.errors import ClusterNotTaggedError, InvalidInputError
from trellis.model import Cluster, ClusterState, Mode
from trellis.runs.onboarding import Registration, keep_registration


class Registry:
    """Remembers what is put."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}

    def put(self, cluster: Cluster) -> bool:
        changed = self.clusters.get(cluster.name) != cluster
        self.clusters[cluster.name] = cluster
        return changed

    def find(self, name: str) -> Cluster | None:
        return self.clusters.get(name)

    def prepared(self, name: str) -> str:
        return ""


DESCRIBED: dict[str, Any] = {
    "name": "blue",
    "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/blue",
    "resourcesVpcConfig": {"vpcId": "vpc-1", "clusterSecurityGroupId": "sg-1"},
    "tags": {"trellis:service-network": "net"},
}


def registered(action: str = "register", *, registry: Registry | None = None, **tags: str) -> Registry:
    described = {**DESCRIBED, "tags": {f"trellis:{name.replace('_', '-')}": value for name, value in tags.items()}}
    tools: Any = toolbox()
    tools.registry = registry or Registry()
    tools.clients = SimpleNamespace(eks=SimpleNamespace(describe_cluster=lambda name: {"cluster": described}))
    keep_registration(tools, Registration.model_validate({"action": action, "cluster": "blue"}))
    found: Registry = tools.registry
    return found


def test_the_tag_names_the_network_and_the_mode_is_the_default() -> None:
    assert registered(service_network="net").clusters["blue"] == Cluster(
        "blue", "111122223333", "eu-west-1", "vpc-1", "sg-1", "net", Mode.REMEDIATE, ClusterState.ACTIVE
    )


def test_the_clusters_own_mode_goes_before_the_default() -> None:
    assert registered(service_network="net", mode="plan").clusters["blue"].mode is Mode.PLAN


def test_a_cluster_without_the_tag_is_not_registered() -> None:
    with pytest.raises(ClusterNotTaggedError, match="trellis:service-network"):
        registered(mode="plan")


@pytest.mark.parametrize("name", ["", "ab", "Net", "my network", "net-", "a--b", "nétwork", "n" * 64])
def test_a_value_that_is_no_networks_name_is_refused_with_the_tag(name: str) -> None:
    with pytest.raises(InvalidInputError, match="tag trellis:service-network: "):
        registered(service_network=name)


def test_every_wrong_tag_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"trellis:service-network: .*; tag trellis:mode: "):
        registered(service_network="?", mode="destroy")


def test_leaving_keeps_what_is_known_of_the_cluster() -> None:
    registry = registered(service_network="net")
    left = registered("leave", registry=registry).clusters["blue"]
    assert (left.state, left.service_network) == (ClusterState.LEAVING, "net")


@pytest.mark.parametrize("repair", [False, True])
def test_whoever_asks_before_the_registration_has_asked_for_this_onboarding(repair: bool) -> None:
    checks = MemoryChecks()
    checks.request("@onboard/blue", {"onboard"}, run="one")
    checks.request("@onboard/blue", {"repair"}, run="two")
    tools: Any = toolbox(checks=checks)
    tools.registry = Registry()
    tools.registry.prepared = lambda name: bootstrap.version()
    tools.clients = SimpleNamespace(eks=SimpleNamespace(describe_cluster=lambda name: {"cluster": DESCRIBED}))
    request = Registration(action="register", cluster="blue", repair=repair)
    assert keep_registration(tools, request)["prepared"] is False
    assert keep_registration(tools, Registration(action="register", cluster="blue"))["prepared"] is True
    assert checks.request("@onboard/blue", {"repair"}, run="three").starts
