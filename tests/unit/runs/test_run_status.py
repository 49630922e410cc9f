"""What the objects' status is made of - the plan, replaced by what applying did - and how it is written."""

from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, toolbox
from urllib3.exceptions import HTTPError

from trellis.errors import ClusterUnreadableError
from trellis.gateway_api import (
    DOMAIN_ANNOTATION,
    NameResult,
    NetworkResult,
    ObjectStatus,
    ServiceResult,
    merge_status,
)
from trellis.model import Mode
from trellis.runs import status
from trellis.runs.status import StatusRun, results_of, write_status

PENDING = {"domain": "", "status": "PENDING", "reason": "Pending", "message": "not applied yet"}
REFUSAL = {"resource": "store.example", "reason": "RecordNotOwned", "message": "somebody else's"}


def plan(**more: Any) -> dict[str, Any]:
    desired = {"names": [{"hostname": "store.example"}]}
    return {
        "cluster": "blue",
        "services": {"store": PENDING},
        "networks": ["net"],
        "items": [],
        "desired": desired,
        **more,
    }


def item(kind: str, *refusals: dict[str, str], changes: int = 0) -> dict[str, Any]:
    return {"kind": kind, "plan": {"refusals": list(refusals), "changes": [{}] * changes}}


def outcome(kind: str, name: str, status: str, *refusals: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "status": status, "refusals": list(refusals), **more}


def test_a_service_that_was_not_applied_is_as_the_plan_found_it() -> None:
    (service,) = results_of(plan(), [], CLUSTER).services
    assert service == ServiceResult("store", "PENDING", "", "Pending", "not applied yet")


def test_an_applied_service_is_programmed_with_its_domain_name() -> None:
    done = outcome("apply_service", "store", "PROGRAMMED", domain="store.on.aws")
    assert results_of(plan(), [done], CLUSTER).services == (ServiceResult("store", "PROGRAMMED", "store.on.aws"),)


def test_a_refused_service_says_why() -> None:
    refusal = {"resource": "service store", "reason": "NotOwned", "message": "is left as it is"}
    done = outcome("apply_service", "store", "REFUSED", refusal)
    (service,) = results_of(plan(), [done], CLUSTER).services
    assert (service.status, service.reason, service.message) == ("REFUSED", "NotOwned", "is left as it is")


def test_a_service_whose_function_failed_is_pending_with_the_error() -> None:
    failure = {"resource": "store", "reason": "AwsCallError", "message": "CreateRule: ConflictException"}
    (service,) = results_of(plan(), [outcome("apply_service", "store", "FAILED", failure)], CLUSTER).services
    assert (service.status, service.reason) == ("PENDING", "AwsCallError")


def test_a_refused_name_does_not_make_the_others_wait() -> None:
    names = {"names": [{"hostname": "store.example"}, {"hostname": "other.example"}]}
    done = outcome("sync_dns", CLUSTER.name, "REFUSED", REFUSAL)
    found = results_of(plan(desired=names), [done], CLUSTER).names
    assert found == (
        NameResult("store.example", "REFUSED", "RecordNotOwned", "somebody else's"),
        NameResult("other.example", "READY"),
    )


def test_names_are_pending_until_their_changes_are_applied() -> None:
    before = results_of(plan(items=[item("sync_dns", changes=1)]), [], CLUSTER).names
    after = results_of(plan(items=[item("sync_dns")]), [], CLUSTER).names
    assert [name.status for name in (*before, *after)] == ["PENDING", "READY"]


def test_a_vpc_of_another_network_refuses_the_clusters_own_network_only() -> None:
    refusal = {"resource": "VPC vpc-1", "reason": "VpcBelongsToOtherNetwork", "message": "belongs to theirs"}
    found = results_of(plan(networks=["net", "theirs"], items=[item("associate_vpc", refusal)]), [], CLUSTER).networks
    assert found == (
        NetworkResult("net", "REFUSED", "VpcBelongsToOtherNetwork", "belongs to theirs"),
        NetworkResult("theirs", "PROGRAMMED"),
    )


class Cluster:
    """A Kubernetes API that cannot write one of its objects; `answers` says whether it says so itself."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.tried: list[str] = []

    def list(self, path: str) -> list[dict[str, Any]]:
        names = ("broken", "whole") if path.endswith("gatewayclasses") else ()
        return [{"metadata": {"name": name}} for name in names]

    def get(self, path: str) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": "1"}}

    def merge(self, path: str, document: Any) -> None:
        self.tried.append(path.split("/")[-2])
        if self.tried[-1] == "broken" and self.answers:
            raise ClusterUnreadableError("PATCH broken: 422")
        if self.tried[-1] == "broken":
            raise ClusterUnreadableError("PATCH broken: no answer") from HTTPError("timed out")


def tried_to_write(monkeypatch: pytest.MonkeyPatch, *, answers: bool) -> list[str]:
    """The GatewayClasses whose status a run tried to write, in a cluster that ends it with an error."""
    objects: dict[str, list[Any]] = {kind: [] for kind in status.COLLECTIONS}
    spec = {"controllerName": "trellis.dev/vpc-lattice"}
    objects["GatewayClass"] = [{"metadata": {"name": name}, "spec": spec} for name in ("broken", "whole")]
    documents = MemoryDocuments({"snapshot": {"cluster": "blue", "objects": objects}, "plan": plan()})
    cluster = Cluster(answers=answers)
    monkeypatch.setattr(status, "KubernetesApi", SimpleNamespace(of_cluster=lambda *_: cluster))
    run = StatusRun(
        cluster="blue",
        scope="cluster",
        mode=Mode.REMEDIATE,
        lane="manual",
        run="r-1",
        snapshotKey="snapshot",
        planKey="plan",
    )
    with pytest.raises(ClusterUnreadableError, match="PATCH broken: "):
        write_status(toolbox(documents=documents, clients=SimpleNamespace(eks=None)), run)
    return cluster.tried


def test_a_status_that_the_cluster_refuses_does_not_keep_the_others_from_being_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tried_to_write(monkeypatch, answers=True) == ["broken", "whole"]


def test_a_cluster_that_does_not_answer_is_not_asked_once_for_each_object(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried_to_write(monkeypatch, answers=False) == ["broken"]


def test_what_was_written_on_a_route_that_left_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"controllerName": "example.com/other", "parentRef": {"name": "x"}, "conditions": []}
    own = {"controllerName": "trellis.dev/vpc-lattice", "parentRef": {"name": "net"}, "conditions": []}
    left = {
        "metadata": {"namespace": "apps", "name": "left", "annotations": {DOMAIN_ANNOTATION: "x.on.aws"}},
        "status": {"parents": [theirs, own]},
    }
    wanted = list(status._abandoned({"HTTPRoute": {("apps", "left"): left}, "TargetGroupPolicy": {}}, ()))
    assert [(found.name, found.annotations) for found in wanted] == [("left", {DOMAIN_ANNOTATION: None})]
    assert merge_status(left["status"], wanted[0].status, "now") == {"parents": [theirs]}


def test_a_policy_whose_service_no_route_uses_any_more_is_not_called_accepted() -> None:
    def policy(message: str) -> dict[str, Any]:
        condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": message}
        metadata = {"namespace": "apps", "name": "checks", "generation": 2}
        return {"metadata": metadata, "status": {"conditions": [condition]}}

    def taken_back(message: str, *wanted: ObjectStatus) -> list[tuple[str, int]]:
        live = {"HTTPRoute": {}, "TargetGroupPolicy": {("apps", "checks"): policy(message)}}
        conditions = [
            condition for found in status._abandoned(live, wanted) for condition in found.status["conditions"]
        ]
        return [(condition["status"], condition["observedGeneration"]) for condition in conditions]

    assert taken_back("Accepted by Trellis") == [("Unknown", 2)]
    assert taken_back("policy is accepted") == [], "another controller's"
    assert taken_back("Accepted by Trellis", ObjectStatus("TargetGroupPolicy", "apps", "checks", {}, {})) == []


def route(name: str, *services: str) -> SimpleNamespace:
    parent = SimpleNamespace(gateway=("apps", "net"), services=services)
    return SimpleNamespace(namespace="apps", name=name, parents=[parent])


def told(plan_: dict[str, Any], *late: str) -> set[str]:
    """The objects whose status may be written: of two routes with a service each, one with both, and others."""
    routes = [route("store", "k8s-store"), route("cart", "k8s-cart"), route("both", "k8s-store", "k8s-cart")]
    policy = SimpleNamespace(namespace="apps", name="policy", holders=("service/k8s-store",))
    intent: Any = SimpleNamespace(routes=[*routes, route("none")], policies=[policy])
    known = status._Known(intent, plan_, late=late)
    kinds = {"policy": "IAMAuthPolicy", "net": "Gateway", "class": "GatewayClass"}
    names = ["store", "cart", "both", "none", *kinds]
    objects = [ObjectStatus(kinds.get(name, "HTTPRoute"), "apps", name, {}, {}) for name in names]
    return {found.name for found in objects if known.tells(found)}


NAMES_DIFFER = {"items": [{"kind": "sync_dns", "plan": {"changes": [{}]}}]}


@pytest.mark.parametrize(
    ("more", "late", "left"),
    [
        ({}, (), set()),
        ({"lookedAt": ["k8s-store"]}, (), {"cart", "both"}),
        ({"lookedAt": []}, (), {"store", "cart", "both", "policy"}),
        ({"lookedAt": ["k8s-store"], "services": {"k8s-store": PENDING}}, (), {"cart", "both", "net"}),
        ({}, ("k8s-store",), {"store", "both", "policy"}),
        (
            NAMES_DIFFER,
            ("sync_dns",),
            {"store", "cart", "both", "none"},
        ),
        (NAMES_DIFFER, (), set()),
        ({}, ("sync_dns",), set()),
    ],
)
def test_a_status_is_written_by_who_has_read_all_that_it_tells_of(
    more: dict[str, Any], late: tuple[str, ...], left: set[str]
) -> None:
    everything = {"store", "cart", "both", "none", "policy", "net", "class"}
    services = {"k8s-store": PENDING, "k8s-cart": PENDING}
    assert everything - told({**plan(services=services), **more}, *late) == left
