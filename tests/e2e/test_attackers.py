"""Manifests of one namespace that reach for what belongs to another: refused with a condition, nothing changed there.

The victim is the walk-through's route datastore, of namespace apps in EKS-CLUSTER-B. Mallory may write what any team
may write in a namespace of its own: in the same cluster, and in EKS-CLUSTER-A.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from manifests import Document, apply, backend, delete, gateway, namespace, route, rule
from observing import CLUSTER_A, CLUSTER_B, GATEWAY_API, NETWORK, conditions, execute, report_of, service_of

from trellis_local.walkthrough import Walkthrough, World

VICTIM = "datastore.lattice-test.io"
ZONE = "lattice-test.io"
MALLORY = "mallory"
APPS = {"name": NETWORK, "namespace": "apps"}


def at_the_victims_gateway(name: str) -> Document:
    found = route(name, hostname="at-their-gateway.lattice-test.io")
    found["spec"]["parentRefs"] = [APPS]
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
)
EXTRAS = {
    f"/apis/gateway.networking.k8s.io/v1beta1/namespaces/{MALLORY}/referencegrants/to-myself": grant_to_oneself(),
    f"/apis/discovery.k8s.io/v1/namespaces/{MALLORY}/endpointslices/datastore-v1-mine": slice_of_the_victims_service(),
}


@dataclass(frozen=True)
class Belongings:
    """All that is the victim's."""

    service: Any
    records: Any
    conditions: Any


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
    delete(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert belongings(world) == before


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("hostname", "Accepted", "HostnameConflict"),
        ("gateway", "Accepted", "NotAllowedByListeners"),
        ("backend", "ResolvedRefs", "RefNotPermitted"),
        ("apex", "trellis.dev/DNSReady", "ZoneApex"),
        ("wildcard", "Accepted", "UnsupportedValue"),
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


def test_no_target_of_the_victim_answers_to_mallory(aftermath: Aftermath, world: World) -> None:
    mine = service_of(world, "mallory.lattice-test.io")
    theirs = {target[0] for group in aftermath.before.service["groups"] for target in group["targets"]}
    assert mine is not None
    assert theirs.isdisjoint(target[0] for group in mine["groups"] for target in group["targets"])


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


class applied:  # noqa: N801 - reads as the verb that it is
    """Meanwhile the objects exist; afterwards they are gone, and so is what was made for them."""

    def __init__(self, world: World, cluster: str, *documents: Document) -> None:
        self._world, self._cluster, self._documents = world, cluster, documents

    def __enter__(self) -> None:
        apply(self._world.kubernetes(self._cluster), *self._documents)

    def __exit__(self, *_: object) -> None:
        delete(self._world.kubernetes(self._cluster), *self._documents)
        self._world.run("reconcile-cluster", {"cluster": self._cluster})


def race(world: World) -> None:
    """Both clusters are reconciled at the same time, twice: the loser has to see that it lost."""
    states, arn = world.aws("stepfunctions"), world.status()["stateMachines"]["reconcile-cluster"]
    for _ in range(2):
        started = [
            states.start_execution(stateMachineArn=arn, input=json.dumps({"cluster": cluster}))["executionArn"]
            for cluster in (CLUSTER_A, CLUSTER_B)
        ]
        for execution in started:
            world.wait(
                "the end of the race",
                lambda execution=execution: states.describe_execution(executionArn=execution)["status"] != "RUNNING",
            )


def is_ready(world: World, cluster: str) -> bool:
    found = conditions(world, cluster, "HTTPRoute", "racers/race")
    return found["trellis.dev/DNSReady"]["status"] == "True"


def domains_of(world: World, cluster: str) -> str:
    api = world.kubernetes(cluster)
    found = api.get(f"{GATEWAY_API}/namespaces/racers/httproutes/race") or {}
    return str(found["metadata"].get("annotations", {}))


def belongings(world: World) -> Belongings:
    return Belongings(
        service_of(world, VICTIM),
        {name: values for name, values in records(world).items() if VICTIM in name},
        {
            kind: (found["status"], found["reason"])
            for kind, found in conditions(world, CLUSTER_B, "HTTPRoute", "apps/datastore").items()
        },
    )


def records(world: World) -> dict[str, list[str]]:
    route53 = world.aws("route53")
    zone = next(found["Id"] for found in route53.list_hosted_zones()["HostedZones"] if found["Name"] == f"{ZONE}.")
    return {
        f"{found['Type']} {found['Name']}": [item["Value"] for item in found["ResourceRecords"]]
        for found in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    }
