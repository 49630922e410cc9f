"""Malformed and hostile manifests in a cluster whose other routes must not notice.

All of them are applied to one cluster at once, beside a good route; one run follows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from manifests import Document, apply, backend, delete, gateway, namespace, route, rule
from observing import CLUSTER_A, CLUSTER_B, conditions, execute, owned, report_of, service_of

from trellis.clusters.api import KubernetesApi
from trellis.errors import ClusterUnreadableError
from trellis_local.walkthrough import Walkthrough, World

PLACE = "hostile"
DATASTORE = "datastore.lattice-test.io"

FILTERS: dict[str, Document] = {
    "RequestHeaderModifier": {"requestHeaderModifier": {"set": [{"name": "x-one", "value": "1"}]}},
    "ResponseHeaderModifier": {"responseHeaderModifier": {"remove": ["x-two"]}},
    "RequestMirror": {"requestMirror": {"backendRef": {"name": "backend", "port": 80}}},
    "RequestRedirect": {"requestRedirect": {"hostname": "elsewhere.example", "statusCode": 302}},
    "URLRewrite": {"urlRewrite": {"hostname": "rewritten.example"}},
    "CORS": {"cors": {"allowOrigins": ["https://example.com"]}},
    "ExtensionRef": {"extensionRef": {"group": "example.com", "kind": "Filter", "name": "custom"}},
}

# By name: the rules of the route, and what its conditions must say, by type: reason and a part of the message.
REFUSED: dict[str, tuple[list[Document], dict[str, tuple[str, str]]]] = {
    **{
        f"filter-{kind.lower()}": (
            [{"filters": [{"type": kind, **body}], **({} if kind == "RequestRedirect" else rule())}],
            {"Accepted": ("UnsupportedValue", "spec.rules[0].filters: ")},
        )
        for kind, body in FILTERS.items()
    },
    "backend-filter": (
        [rule({"name": "backend", "port": 80, "filters": [{"type": "URLRewrite", **FILTERS["URLRewrite"]}]})],
        {"Accepted": ("UnsupportedValue", "spec.rules[0].backendRefs[0].filters: ")},
    ),
    "regex-path": (
        [rule(matches=[{"path": {"type": "RegularExpression", "value": "/(a|b)+"}}])],
        {"Accepted": ("UnsupportedValue", "spec.rules[0].matches[0].path.type: ")},
    ),
    "regex-header": (
        [rule(matches=[{"headers": [{"type": "RegularExpression", "name": "x-tenant", "value": ".*"}]}])],
        {"Accepted": ("UnsupportedValue", "spec.rules[0].matches[0].headers[0].type: ")},
    ),
    "unicode-header": (
        [rule(matches=[{"headers": [{"name": "x-tenant", "value": "bücher-猫"}]}])],
        {"Accepted": ("UnsupportedValue", "spec.rules[0].matches[0].headers[0].value: ")},
    ),
    "query-params": (
        [rule(matches=[{"queryParams": [{"name": "debug", "value": "1"}]}])],
        {"Accepted": ("UnsupportedValue", "spec.rules[0].matches[0].queryParams: ")},
    ),
    "no-such-service": (
        [rule({"name": "nobody", "port": 80})],
        {"ResolvedRefs": ("BackendNotFound", "spec.rules[0].backendRefs[0].name: ")},
    ),
    "no-such-port": (
        [rule({"name": "backend", "port": 81})],
        {"ResolvedRefs": ("BackendNotFound", "spec.rules[0].backendRefs[0].port: ")},
    ),
    "foreign-backend": (
        [rule({"name": "datastore-v1", "namespace": "apps", "port": 80})],
        {"ResolvedRefs": ("RefNotPermitted", "spec.rules[0].backendRefs[0].namespace: ")},
    ),
    "most-matches": (
        [
            rule(matches=[{"path": {"type": "Exact", "value": f"/{part}/{number}"}} for number in range(64)])
            for part in range(2)
        ],
        {"PartiallyInvalid": ("UnsupportedValue", "L-CF78395E")},
    ),
}
HOSTNAMES: dict[str, tuple[str, tuple[str, str]]] = {
    "stolen-name": (DATASTORE, ("HostnameConflict", "spec.hostnames: ")),
    "wildcard": ("*.lattice-test.io", ("UnsupportedValue", "spec.hostnames")),
}
SERVED = ("no-such-service", "no-such-port", "foreign-backend", "most-matches", "heavy", "padded", "good")


@dataclass(frozen=True)
class Aftermath:
    """What the run with all of them left behind; `before` is the walk-through's service before it."""

    execution: Mapping[str, Any]
    report: Mapping[str, Any]
    before: Any
    statuses_before: Any


@pytest.fixture(scope="module")
def aftermath(onboarded: Walkthrough, world: World) -> Iterator[Aftermath]:
    api = world.kubernetes(CLUSTER_B)
    before = service_of(world, DATASTORE), conditions(world, CLUSTER_B, "HTTPRoute", "apps/datastore")
    documents = list(_hostile())
    apply(api, *documents)
    execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
    yield Aftermath(execution, report_of(world, execution, CLUSTER_B), *before)
    for leaving in _in_steps(documents):
        delete(api, *leaving)
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})


def _in_steps(documents: list[Document]) -> list[list[Document]]:
    """The routes that have services in portions that the guard lets pass, and the rest with the last of them."""
    served = [document for document in documents if document["metadata"]["name"] in SERVED]
    rest = [document for document in documents if document not in served]
    return [served[:3], served[3:5], [*rest, *served[5:]]]


def _hostile() -> Iterator[Document]:
    yield from (namespace(PLACE), gateway(PLACE), gateway(PLACE, "ab"), *backend(PLACE))
    for name, (rules, _) in REFUSED.items():
        yield route(f"{PLACE}/{name}", *rules, hostname=f"{name}.lattice-test.io")
    for name, (hostname, _) in HOSTNAMES.items():
        yield route(f"{PLACE}/{name}", hostname=hostname)
    heavy = rule({"name": "backend", "port": 80, "weight": 1_000_000}, {"name": "nobody", "port": 80, "weight": 1})
    yield route(f"{PLACE}/heavy", heavy, hostname="heavy.lattice-test.io")
    padding = {"example.com/padding": "x" * 200 * 1024}
    yield route(f"{PLACE}/padded", hostname="padded.lattice-test.io", annotations=padding)
    yield route(f"{PLACE}/good", hostname="good.lattice-test.io")


def test_the_run_succeeds_all_the_same(aftermath: Aftermath) -> None:
    assert aftermath.execution["status"] == "SUCCEEDED", aftermath.report["refused"]
    assert aftermath.report["status"] == "APPLIED"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_lattice_cannot_do_is_told_by_a_condition_that_names_the_field(
    aftermath: Aftermath, world: World, name: str
) -> None:
    found = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/{name}")
    for kind, (reason, message) in REFUSED[name][1].items():
        assert (found[kind]["status"], found[kind]["reason"]) == (str(kind == "PartiallyInvalid"), reason)
        assert message in found[kind]["message"]
        lines = [line for line in aftermath.report["refused"] if f"HTTPRoute {PLACE}/{name} " in line["resource"]]
        assert reason in {line["reason"] for line in lines}


@pytest.mark.parametrize("name", sorted(HOSTNAMES))
def test_hostnames_that_cannot_be_had_are_refused(aftermath: Aftermath, world: World, name: str) -> None:
    reason, message = HOSTNAMES[name][1]
    accepted = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/{name}")["Accepted"]
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    assert message in accepted["message"]


def test_a_gateway_whose_name_no_service_network_can_have_is_refused(aftermath: Aftermath, world: World) -> None:
    accepted = conditions(world, CLUSTER_B, "Gateway", f"{PLACE}/ab")["Accepted"]
    assert (accepted["status"], accepted["reason"]) == ("False", "Invalid")
    assert "metadata.name: " in accepted["message"]


def test_a_weight_of_a_million_is_scaled_to_what_lattice_takes(aftermath: Aftermath, world: World) -> None:
    assert conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/heavy")["Programmed"]["status"] == "True"
    service = service_of(world, "heavy.lattice-test.io")
    assert service is not None
    (first, *_) = service["listeners"][0]["rules"]
    weights = sorted(group["weight"] for group in first["action"]["forward"]["targetGroups"])
    assert weights == [1, 999]


def test_the_good_route_of_the_same_run_is_programmed_and_answers(aftermath: Aftermath, world: World) -> None:
    found = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/good")
    assert {found[kind]["status"] for kind in ("Accepted", "ResolvedRefs", "Programmed")} == {"True"}
    answered = world.wait("an answer of the good route", lambda: _get(world, "good.lattice-test.io", "/") == 200)
    assert answered


def test_the_walkthroughs_route_has_the_same_service_rules_targets_and_status(
    aftermath: Aftermath, world: World
) -> None:
    assert service_of(world, DATASTORE) == aftermath.before
    assert conditions(world, CLUSTER_B, "HTTPRoute", "apps/datastore") == aftermath.statuses_before
    assert _get(world, DATASTORE, "/popular") == 200


def test_large_annotations_do_not_get_into_the_snapshot(aftermath: Aftermath, world: World) -> None:
    programmed = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/padded")["Programmed"]
    assert programmed["status"] == "True"
    s3 = world.aws("s3")
    bucket = next(found["Name"] for found in s3.list_buckets()["Buckets"] if "document" in found["Name"].lower())
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"snapshots/{CLUSTER_B}/")["Contents"]
    assert max(item["Size"] for item in found) < 150 * 1024


def test_applying_the_same_again_changes_nothing(aftermath: Aftermath, world: World) -> None:
    again = world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert again["status"] == "CONVERGED"
    assert again["done"] == 0


REFUSED_BY_THE_API = {
    "weight-over-a-million": route(f"{PLACE}/bad", rule({"name": "backend", "port": 80, "weight": 1_000_001})),
    "port-that-is-no-number": route(f"{PLACE}/bad", rule({"name": "backend", "port": "http"})),
    "port-out-of-range": route(f"{PLACE}/bad", rule({"name": "backend", "port": 65536})),
    "200-matches": route(
        f"{PLACE}/bad",
        *[
            rule(matches=[{"path": {"type": "Exact", "value": f"/{part}/{number}"}} for number in range(50)])
            for part in range(4)
        ],
    ),
    "200-matches-in-one-rule": route(
        f"{PLACE}/bad", rule(matches=[{"path": {"type": "Exact", "value": f"/{number}"}} for number in range(200)])
    ),
    "unicode-name": route(f"{PLACE}/b%C3%BCcher"),
    "unicode-hostname": route(f"{PLACE}/bad", hostname="bücher.lattice-test.io"),
    "unicode-path": route(f"{PLACE}/bad", rule(matches=[{"path": {"type": "Exact", "value": "/bücher"}}])),
    "megabyte-of-annotation": route(f"{PLACE}/bad", annotations={"example.com/padding": "x" * 1024 * 1024}),
    "unknown-filter": route(f"{PLACE}/bad", rule(filters=[{"type": "Sorcery"}])),
    "service-port-that-is-no-number": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "bad", "namespace": PLACE},
        "spec": {"ports": [{"port": "eighty"}]},
    },
}


@pytest.mark.parametrize("name", sorted(REFUSED_BY_THE_API))
def test_what_the_schema_forbids_never_gets_in(aftermath: Aftermath, world: World, name: str) -> None:
    api: KubernetesApi = world.kubernetes(CLUSTER_B)
    with pytest.raises(ClusterUnreadableError, match=r": 4\d\d: "):
        apply(api, REFUSED_BY_THE_API[name])


def test_deleting_nearly_everything_at_once_is_stopped_and_reported(aftermath: Aftermath, world: World) -> None:
    api = world.kubernetes(CLUSTER_B)
    routes = [document for document in _hostile() if document["kind"] == "HTTPRoute"]
    before = owned(world, CLUSTER_B)
    delete(api, *routes)
    try:
        stopped = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
        report = report_of(world, stopped, CLUSTER_B)
    finally:
        apply(api, *routes)
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert stopped["status"] == "FAILED"
    assert report["status"] == "STOPPED_BY_GUARD"
    assert "deletions planned" in report["guard"]
    assert report["done"] == []
    assert owned(world, CLUSTER_B) == before


def _get(world: World, hostname: str, path: str) -> int:
    vpc_id = world.aws("eks").describe_cluster(name=CLUSTER_A)["cluster"]["resourcesVpcConfig"]["vpcId"]
    return world.get(vpc_id, f"http://{hostname}{path}").status
