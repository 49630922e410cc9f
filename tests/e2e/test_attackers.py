"""Manifests of one namespace that reach for what belongs to another: refused with a condition, nothing changed there.

The victim is the walk-through's route datastore, of namespace apps in EKS-CLUSTER-B. Mallory may write what any team
may write in a namespace of its own: in the same cluster, and in EKS-CLUSTER-A.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from attacking import MALLORY, VICTIM, ZONE, Belongings, applied, belongings, race, records, unharmed, withdraw
from manifests import Document, apply, backend, delete, gateway, namespace, route, rule
from observing import CLUSTER_A, CLUSTER_B, GATEWAY_API, NETWORK, conditions, execute, report_of, service_of

from trellis_local.walkthrough import Walkthrough, World

# Mallory's objects are there while all these tests run.
EVE = "eve"
APPS = {"name": NETWORK, "namespace": "apps"}


def at_the_victims_gateway(name: str) -> Document:
    found = route(name, hostname="at-their-gateway.lattice-test.io")
    found["spec"]["parentRefs"] = [APPS]
    return found


def listener_of_the_victims_hostname() -> Document:
    found = gateway(MALLORY, "own-network")
    found["spec"]["listeners"][0]["hostname"] = VICTIM
    return found


def at_the_own_listener(name: str) -> Document:
    found = route(name)
    found["spec"]["parentRefs"] = [{"name": "own-network"}]
    return found


def to_the_victims_backend() -> Document:
    return {"name": "datastore-v1", "namespace": "apps", "port": 80}


def grant_to_oneself() -> Document:
    """A ReferenceGrant counts in the namespace that is reached into, which this is not."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "to-myself", "namespace": MALLORY},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": MALLORY}],
            "to": [{"group": "", "kind": "Service"}],
        },
    }


def slice_of_the_victims_service() -> Document:
    """Endpoints of mallory's own that name the victim's Service."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "datastore-v1-mine",
            "namespace": MALLORY,
            "labels": {"kubernetes.io/service-name": "datastore-v1"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.168.48.66"], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


ATTACKS = (
    route(f"{MALLORY}/hostname", hostname=VICTIM),
    at_the_victims_gateway(f"{MALLORY}/gateway"),
    route(f"{MALLORY}/backend", rule(to_the_victims_backend()), hostname="mallory.lattice-test.io"),
    route(f"{MALLORY}/apex", hostname=ZONE),
    route(f"{MALLORY}/wildcard", hostname=f"*.{ZONE}"),
    route(f"{MALLORY}/wildcard-below", hostname=f"*.{VICTIM}"),
    listener_of_the_victims_hostname(),
    at_the_own_listener(f"{MALLORY}/listener"),
    # Only report on what one does not have: it must not hold what the victim has.
    route(f"{MALLORY}/plan", hostname=VICTIM, annotations={"trellis.dev/mode": "plan"}),
    *backend(MALLORY, "datastore-v1"),
    route(f"{MALLORY}/namesake", rule({"name": "datastore-v1", "port": 80}), hostname="namesake.lattice-test.io"),
)
EXTRAS = {
    f"/apis/gateway.networking.k8s.io/v1beta1/namespaces/{MALLORY}/referencegrants/to-myself": grant_to_oneself(),
    f"/apis/discovery.k8s.io/v1/namespaces/{MALLORY}/endpointslices/datastore-v1-mine": slice_of_the_victims_service(),
}


@dataclass(frozen=True)
class Aftermath:
    before: Belongings
    report: dict[str, Any]


@pytest.fixture(scope="module")
def aftermath(onboarded: Walkthrough, world: World) -> Iterator[Aftermath]:
    before = belongings(world)
    api = world.kubernetes(CLUSTER_B)
    documents = (namespace(MALLORY), gateway(MALLORY), *backend(MALLORY), *ATTACKS)
    apply(api, *documents)
    for path, document in EXTRAS.items():
        api.apply(path, document, manager="mallory")
    execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    yield Aftermath(before, report_of(world, execution, CLUSTER_B))
    for path in EXTRAS:
        api.delete(path)
    withdraw(world, CLUSTER_B, *documents)
    assert belongings(world) == before


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("hostname", "Accepted", "HostnameConflict"),
        ("gateway", "Accepted", "NotAllowedByListeners"),
        ("backend", "ResolvedRefs", "RefNotPermitted"),
        ("apex", "trellis.dev/DNSReady", "ZoneApex"),
        ("wildcard", "Accepted", "UnsupportedValue"),
        ("wildcard-below", "Accepted", "UnsupportedValue"),
        ("listener", "Accepted", "HostnameConflict"),
        ("plan", "Accepted", "HostnameConflict"),
    ],
)
def test_each_attack_is_refused_with_a_condition(
    aftermath: Aftermath, world: World, name: str, kind: str, reason: str
) -> None:
    found = conditions(world, CLUSTER_B, "HTTPRoute", f"{MALLORY}/{name}")[kind]
    assert (found["status"], found["reason"]) == ("False", reason)


def test_everybody_can_read_it_in_the_report(aftermath: Aftermath) -> None:
    reasons = {line["reason"] for line in aftermath.report["refused"]}
    assert reasons >= {"HostnameConflict", "NotAllowedByListeners", "RefNotPermitted", "ZoneApex", "UnsupportedValue"}


def test_nothing_of_the_victim_has_changed(aftermath: Aftermath, world: World) -> None:
    assert belongings(world) == aftermath.before
    assert not any("192.168.48.66" in str(group) for group in aftermath.before.service["groups"])


@pytest.mark.parametrize("hostname", ["mallory.lattice-test.io", "namesake.lattice-test.io"])
def test_no_target_of_the_victim_answers_to_mallory(aftermath: Aftermath, world: World, hostname: str) -> None:
    mine = service_of(world, hostname)
    theirs = {target[0] for group in aftermath.before.service["groups"] for target in group["targets"]}
    assert mine is not None
    assert theirs.isdisjoint(target[0] for group in mine["groups"] for target in group["targets"])


@pytest.mark.parametrize("cluster", [CLUSTER_A, CLUSTER_B])
def test_an_old_route_into_which_the_hostname_is_written_later_does_not_get_it(
    onboarded: Walkthrough, world: World, cluster: str
) -> None:
    """The oldest route has a hostname, but a route may be old and get the hostname today."""
    old = route(f"{EVE}/old", hostname=f"old.{ZONE}")
    own = (namespace(EVE), gateway(EVE), *backend(EVE))
    victims = (namespace("heirs"), gateway("heirs"), *backend("heirs"), route("heirs/heir", hostname=f"heir.{ZONE}"))
    with applied(world, cluster, *own, old):
        world.run("reconcile-cluster", {"cluster": cluster})  # Meanwhile seconds go by.
        keeps_its_hostname(onboarded, world, cluster, old, victims)


def keeps_its_hostname(
    onboarded: Walkthrough, world: World, cluster: str, old: Document, victims: tuple[Document, ...]
) -> None:
    with applied(world, CLUSTER_B, *victims):
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        before = heirs(world)
        edited = {**old, "spec": {**old["spec"], "hostnames": [f"heir.{ZONE}"]}}
        apply(world.kubernetes(cluster), edited)
        race(world)
        assert heirs(world) == before
        assert world.get(onboarded.vpcs["a"], f"http://heir.{ZONE}/").status == 200
        heir = conditions(world, CLUSTER_B, "HTTPRoute", "heirs/heir")
        assert {heir[kind]["status"] for kind in ("Accepted", "Programmed", "trellis.dev/DNSReady")} == {"True"}
        kind, reason = REFUSED_BY[cluster]
        found = conditions(world, cluster, "HTTPRoute", f"{EVE}/old")[kind]
        assert (found["status"], found["reason"]) == ("False", reason)
        # Once the heir lets go of it, whoever has asked for long gets it.
        delete(world.kubernetes(CLUSTER_B), victims[-1])
        race(world)
        assert conditions(world, cluster, "HTTPRoute", f"{EVE}/old")[kind]["status"] == "True"


def heirs(world: World) -> tuple[str, Any, list[str]]:
    """The heir's service, its rules and where the hostname leads; targets become healthy meanwhile."""
    found = service_of(world, f"heir.{ZONE}") or {}
    return str(found["arn"]), found["listeners"], records(world)[f"CNAME heir.{ZONE}."]


REFUSED_BY = {CLUSTER_A: ("trellis.dev/DNSReady", "RecordNotOwned"), CLUSTER_B: ("Accepted", "HostnameConflict")}


def test_the_victim_is_answered_while_both_clusters_are_attacked_at_once(onboarded: Walkthrough, world: World) -> None:
    documents = (namespace(EVE), gateway(EVE), *backend(EVE), route(f"{EVE}/both", hostname=VICTIM))
    with (
        unharmed(world, onboarded.vpcs, a=200, b=200),
        applied(world, CLUSTER_A, *documents),
        applied(world, CLUSTER_B, *documents),
    ):
        race(world)


def test_another_cluster_cannot_take_the_hostname(onboarded: Walkthrough, world: World) -> None:
    before = belongings(world)
    documents = (namespace(MALLORY), gateway(MALLORY), *backend(MALLORY), route(f"{MALLORY}/remote", hostname=VICTIM))
    with applied(world, CLUSTER_A, *documents):
        execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_A})
        reasons = {line["reason"] for line in report_of(world, execution, CLUSTER_A)["refused"]}
        found = conditions(world, CLUSTER_A, "HTTPRoute", f"{MALLORY}/remote")
        assert "RecordNotOwned" in reasons
        assert found["trellis.dev/DNSReady"]["status"] == "False"
        assert belongings(world) == before
    assert belongings(world) == before


def test_of_two_clusters_that_race_for_a_hostname_one_has_all_of_it(onboarded: Walkthrough, world: World) -> None:
    hostname = f"raced.{ZONE}"
    documents = (namespace("racers"), gateway("racers"), *backend("racers"), route("racers/race", hostname=hostname))
    with applied(world, CLUSTER_A, *documents), applied(world, CLUSTER_B, *documents):
        race(world)
        winners = [cluster for cluster in (CLUSTER_A, CLUSTER_B) if is_ready(world, cluster)]
        (text,) = [values for name, values in records(world).items() if name == f"TXT _trellis.{hostname}."]
        assert len(winners) == 1
        assert f"/{winners[0]}," in text[0]
        (target,) = records(world)[f"CNAME {hostname}."]
        winner = conditions(world, winners[0], "HTTPRoute", "racers/race")["Programmed"]
        assert winner["status"] == "True"
        assert target in domains_of(world, winners[0])
    assert hostname not in str(records(world))


def is_ready(world: World, cluster: str) -> bool:
    found = conditions(world, cluster, "HTTPRoute", "racers/race")
    return found["trellis.dev/DNSReady"]["status"] == "True"


def domains_of(world: World, cluster: str) -> str:
    api = world.kubernetes(cluster)
    found = api.get(f"{GATEWAY_API}/namespaces/racers/httproutes/race") or {}
    return str(found["metadata"].get("annotations", {}))
