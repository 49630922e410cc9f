"""What is edited in a cluster, or by hand in AWS, is what the next run brings about. Each test puts it back."""

from collections.abc import Iterator
from typing import Any

import pytest

from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault
from trellis_local.walkthrough import Walkthrough, World

CLUSTER = "EKS-CLUSTER-B"
GATEWAY_API = "/apis/gateway.networking.k8s.io/v1/namespaces/apps"
DEPLOYMENT = "/apis/apps/v1/namespaces/apps/deployments/datastore-v1"


class Datastore:
    """The walk-through's route and what has become of it in VPC Lattice."""

    def __init__(self, world: World) -> None:
        self.lattice = world.aws("vpc-lattice")
        self._world = world
        self._kubernetes = world.kubernetes(CLUSTER)

    def edit(self, path: str, spec: dict[str, Any]) -> None:
        """Change the `spec` of an object."""
        self._kubernetes.merge(path, {"spec": spec})

    def rules_of_route(self) -> list[dict[str, Any]]:
        """The rules of the HTTPRoute."""
        route = self._kubernetes.get(f"{GATEWAY_API}/httproutes/datastore") or {}
        return list(route["spec"]["rules"])

    def reconcile(self) -> dict[str, Any]:
        """One run, which must end well; its outline."""
        outline = self._world.run("reconcile-cluster", {"cluster": CLUSTER})
        assert outline["status"] in {"APPLIED", "CONVERGED"}, outline
        return outline

    @property
    def service(self) -> dict[str, Any]:
        """The service of the hostname."""
        items = self.lattice.list_services()["items"]
        return next(item for item in items if item.get("customDomainName") == "datastore.lattice-test.io")

    def listeners(self) -> list[dict[str, Any]]:
        """Its listeners in full."""
        service = self.service["id"]
        items = self.lattice.list_listeners(serviceIdentifier=service)["items"]
        return [self.lattice.get_listener(serviceIdentifier=service, listenerIdentifier=item["id"]) for item in items]

    def rules(self) -> list[dict[str, Any]]:
        """The rules of the listener on port 80 in order of priority, without the default one."""
        listener = next(found["id"] for found in self.listeners() if found["port"] == 80)
        where = {"serviceIdentifier": self.service["id"], "listenerIdentifier": listener}
        items = [item for item in self.lattice.list_rules(**where)["items"] if not item["isDefault"]]
        found = [self.lattice.get_rule(**where, ruleIdentifier=item["id"]) for item in items]
        return sorted(found, key=lambda rule: int(rule["priority"]))

    def targets(self, name: str) -> list[str]:
        """The addresses of the target group of a Kubernetes Service that are in use."""
        groups = self.lattice.list_target_groups()["items"]
        group = next(item["id"] for item in groups if f"apps-{name}-80" in item["name"])
        items = self.lattice.list_targets(targetGroupIdentifier=group)["items"]
        return [item["id"] for item in items if item["status"] != "DRAINING"]


@pytest.fixture
def datastore(world: World, onboarded: Walkthrough) -> Iterator[Datastore]:
    found = Datastore(world)
    found.reconcile()
    yield found
    onboarded.apply()
    found.reconcile()


def test_other_weights_become_other_shares_of_the_same_rule(datastore: Datastore) -> None:
    before = {rule["id"] for rule in datastore.rules()}
    rules = datastore.rules_of_route()
    rules[1]["backendRefs"][0]["weight"], rules[1]["backendRefs"][1]["weight"] = 50, 50
    datastore.edit(f"{GATEWAY_API}/httproutes/datastore", {"rules": rules})
    datastore.reconcile()
    weighed = [
        [group["weight"] for group in rule["action"]["forward"]["targetGroups"]]
        for rule in datastore.rules()
        if len(rule["action"]["forward"]["targetGroups"]) > 1
    ]
    assert weighed
    assert all(len(set(weights)) == 1 for weights in weighed)
    assert {rule["id"] for rule in datastore.rules()} == before


def test_a_rule_that_leaves_the_route_leaves_the_listener(datastore: Datastore) -> None:
    datastore.edit(f"{GATEWAY_API}/httproutes/datastore", {"rules": datastore.rules_of_route()[1:]})
    datastore.reconcile()
    assert _paths(datastore) == {"/summary"}


def test_a_rule_that_goes_before_the_others_gets_the_priority_for_it(datastore: Datastore) -> None:
    rules = datastore.rules_of_route()
    first = {**rules[0], "matches": [{"path": {"type": "Exact", "value": "/popular/and/longer"}}]}
    datastore.edit(f"{GATEWAY_API}/httproutes/datastore", {"rules": [first, *rules]})
    datastore.reconcile()
    assert next(iter(_path(rule) for rule in datastore.rules())) == "/popular/and/longer"


def test_a_listener_that_leaves_the_gateway_leaves_the_service(datastore: Datastore) -> None:
    second = {"name": "http-2", "protocol": "HTTP", "port": 8080}
    first = {"name": "http", "protocol": "HTTP", "port": 80}
    gateway, route = f"{GATEWAY_API}/gateways/eks-lattice-network", f"{GATEWAY_API}/httproutes/datastore"
    datastore.edit(gateway, {"listeners": [first, second]})
    datastore.edit(route, {"parentRefs": [{"name": "eks-lattice-network"}]})
    datastore.reconcile()
    assert sorted(listener["port"] for listener in datastore.listeners()) == [80, 8080]
    datastore.edit(gateway, {"listeners": [first]})
    datastore.reconcile()
    assert [listener["port"] for listener in datastore.listeners()] == [80]


def test_pods_that_are_gone_are_no_targets(datastore: Datastore) -> None:
    assert len(datastore.targets("datastore-v1")) == 2
    datastore.edit(DEPLOYMENT, {"replicas": 1})
    datastore.reconcile()
    assert len(datastore.targets("datastore-v1")) == 1


def test_a_default_action_that_was_changed_by_hand_is_put_back(datastore: Datastore) -> None:
    datastore.lattice.update_listener(
        serviceIdentifier=datastore.service["id"],
        listenerIdentifier=datastore.listeners()[0]["id"],
        defaultAction={"fixedResponse": {"statusCode": 500}},
    )
    datastore.reconcile()
    assert [found["defaultAction"]["fixedResponse"]["statusCode"] for found in datastore.listeners()] == [404]


def test_rules_that_were_put_into_another_order_by_hand_are_put_back(datastore: Datastore) -> None:
    before = [rule["name"] for rule in datastore.rules()]
    listener = next(found["id"] for found in datastore.listeners() if found["port"] == 80)
    datastore.lattice.update_rule(
        serviceIdentifier=datastore.service["id"],
        listenerIdentifier=listener,
        ruleIdentifier=datastore.rules()[0]["id"],
        priority=99,
    )
    assert [rule["name"] for rule in datastore.rules()] != before
    datastore.reconcile()
    assert [rule["name"] for rule in datastore.rules()] == before


def test_a_service_that_aws_failed_to_create_is_made_anew(
    world: World, onboarded: Walkthrough, datastore: Datastore
) -> None:
    world.kubernetes(CLUSTER).delete(f"{GATEWAY_API}/httproutes/datastore")
    datastore.reconcile()
    failing = Fault(kind="Service", during="CREATE_IN_PROGRESS", code="InternalError", message="no capacity")
    configuration.current().faults.inject(failing)
    onboarded.apply()
    world.run("reconcile-cluster", {"cluster": CLUSTER})
    datastore.reconcile()
    assert datastore.service["status"] == "ACTIVE"


def _paths(datastore: Datastore) -> set[str]:
    return {_path(rule).rstrip("/") for rule in datastore.rules()}


def _path(rule: dict[str, Any]) -> str:
    return str(next(iter(rule["match"]["httpMatch"]["pathMatch"]["match"].values())))
