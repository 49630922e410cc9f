"""After the changes: conditions, addresses and domain names on the cluster's own objects, where they differ."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trellis.clusters.api import KubernetesApi, is_refusal
from trellis.clusters.snapshot import COLLECTIONS
from trellis.errors import ClusterUnreadableError
from trellis.gateway_api import (
    CONTROLLER,
    DOMAIN_ANNOTATION,
    CertificateResult,
    NameResult,
    NetworkResult,
    ObjectStatus,
    PolicyResult,
    Results,
    ServiceResult,
    build_status,
    merge_status,
    parse_snapshot,
)
from trellis.gateway_api.conditions import ACCEPTED
from trellis.gateway_api.intent_model import Intent, ParentIntent
from trellis.model import Cluster
from trellis.resources import auth_policies, dns, network, services
from trellis.runs import outcomes
from trellis.runs.intending import OUTDATED, intent_of
from trellis.runs.outcomes import EndedBatch
from trellis.runs.request import Run
from trellis.runs.signing_proxies import keep_signing_proxies
from trellis.runs.toolbox import Toolbox

Document = Mapping[str, Any]
Key = tuple[str, str]

_KINDS = ("GatewayClass", "Gateway", "HTTPRoute", "IAMAuthPolicy", "TargetGroupPolicy")

_TOLD_REFUSALS = 5


class StatusRun(Run):
    """A run after its changes."""

    planKey: str  # noqa: N815
    batches: tuple[EndedBatch, ...] = ()


def write_status(tools: Toolbox, run: StatusRun) -> dict[str, Any]:
    """Write each status that differs from the one that is there, and what `signing_proxies` keeps.

    Returns how many objects had another status, and a batch with what there is more to tell.

    Raises ClusterUnreadableError, but only after the others are written when the cluster refuses just some.
    """
    if run.snapshotKey is None:
        return {"written": 0, "batches": []}
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    snapshot = parse_snapshot(tools.documents.get(run.snapshotKey))
    intent = intent_of(tools, snapshot, cluster, plan.get("incumbents", ()))
    applied = outcomes.read(tools, run.batches)
    results = results_of(plan, applied, cluster)
    api = KubernetesApi.of_cluster(tools.clients.eks, cluster.name, cluster.region)
    live = {kind: _live(api, kind) for kind in _KINDS}
    wanted = build_status(intent, results)
    known = _Known(intent, plan, late=tuple(_late(applied)))
    differing = [
        status
        for status in (*wanted, *_abandoned(live, wanted))
        if (found := live[status.kind].get((status.namespace, status.name)))
        and known.tells(status)
        and _differs(status, found)
    ]
    written = _write_all(api, differing)
    return {"written": written, "batches": outcomes.ended(tools, run, keep_signing_proxies(api, intent, cluster))}


class _Known:
    """Which statuses follow from what a plan has looked at.

    A narrow plan says of other services what an older one has found: a route that has any of them is left to the next
    check, and a Gateway's addresses are told when all are known. What a run came too late for, another one tells of.
    """

    def __init__(self, intent: Intent, plan: Document, *, late: Collection[str]) -> None:
        self._all = "lookedAt" not in plan
        self._late = frozenset(late)
        differ = any(item["kind"] == dns.KIND and item["plan"]["changes"] for item in plan["items"])
        self._knows_names = not (differ and dns.KIND in self._late)
        self._services = frozenset(plan["services"])
        self._looked_at = frozenset(plan.get("lookedAt", ()))
        self._routes = {(route.namespace, route.name): _services_of(route.parents) for route in intent.routes}
        self._holders = {(policy.namespace, policy.name): policy.holders for policy in intent.policies}
        self._gateways: dict[Key, set[str]] = {}
        for parent in (parent for route in intent.routes for parent in route.parents):
            self._gateways.setdefault(parent.gateway, set()).update(parent.services)

    def tells(self, status: ObjectStatus) -> bool:
        """Whether a status may be written."""
        key = (status.namespace, status.name)
        match status.kind:
            case "GatewayClass" | "TargetGroupPolicy":
                return True
            case "HTTPRoute":
                return self._knows_names and self._is_about(self._routes.get(key, frozenset()))
            case "IAMAuthPolicy":
                return self._is_about({auth_policies.memory_name(holder) for holder in self._holders.get(key, ())})
            case _:
                return self._all or self._services >= self._gateways.get(key, set())

    def _is_about(self, services_: Collection[str]) -> bool:
        """Whether all services have been looked at, and in time."""
        return self._late.isdisjoint(services_) and (self._all or self._looked_at.issuperset(services_))


def _late(applied: Iterable[Document]) -> Iterator[str]:
    """The services that another run has worked on by a later reading, and `dns.KIND` where that goes for the names."""
    for outcome in applied:
        if any(refusal["reason"] == OUTDATED for refusal in outcome.get("refusals", ())):
            kind = outcome["kind"]
            yield kind if kind == dns.KIND else auth_policies.memory_name(outcome["name"])


def _services_of(parents: Iterable[ParentIntent]) -> frozenset[str]:
    return frozenset(name for parent in parents for name in parent.services)


def clear_status(api: KubernetesApi) -> None:
    """Take back what the cluster's objects say of Trellis, which leaves; the objects themselves stay."""
    classes = {
        name for (_, name), found in _live(api, "GatewayClass").items() if found["spec"]["controllerName"] == CONTROLLER
    }
    gateways = [
        ObjectStatus("Gateway", namespace, name, _left(found["metadata"].get("generation", 0)), {})
        for (namespace, name), found in _live(api, "Gateway").items()
        if found["spec"]["gatewayClassName"] in classes
    ]
    policies = [
        ObjectStatus("IAMAuthPolicy", namespace, name, _left_policy(found["metadata"].get("generation", 0)), {})
        for (namespace, name), found in _live(api, "IAMAuthPolicy").items()
        if _is_programmed(found)
    ]
    live = {kind: _live(api, kind) for kind in ("HTTPRoute", "TargetGroupPolicy")}
    _write_all(api, [*gateways, *policies, *_abandoned(live, ())])


def _is_programmed(found: Document) -> bool:
    """The AWS Gateway API Controller gives no such condition to a policy."""
    conditions = found.get("status", {}).get("conditions", ())
    return any((condition["type"], condition["status"]) == ("Programmed", "True") for condition in conditions)


def _left_policy(generation: int) -> dict[str, Any]:
    return {"conditions": _left(generation)["conditions"]}


def _left(generation: int) -> dict[str, Any]:
    condition = {
        "type": "Programmed",
        "status": "False",
        "reason": "Pending",
        "message": "The cluster has left its service network",
        "observedGeneration": generation,
    }
    return {"addresses": [], "conditions": [condition], "listeners": []}


def _live(api: KubernetesApi, kind: str) -> dict[Key, Document]:
    return {
        (found["metadata"].get("namespace", ""), found["metadata"]["name"]): found
        for found in api.list(COLLECTIONS[kind])
    }


def _abandoned(live: Mapping[str, Mapping[Key, Document]], wanted: Iterable[ObjectStatus]) -> Iterator[ObjectStatus]:
    """Routes that were attached to a Gateway of Trellis, and policies of Services that its routes used, and are not any
    more: what Trellis wrote there goes.
    """
    kept = {(status.kind, status.namespace, status.name) for status in wanted}
    for (namespace, name), route in live["HTTPRoute"].items():
        parents = route.get("status", {}).get("parents", [])
        is_ours = any(entry["controllerName"] == CONTROLLER for entry in parents)
        if is_ours and ("HTTPRoute", namespace, name) not in kept:
            yield ObjectStatus("HTTPRoute", namespace, name, {"parents": []}, {DOMAIN_ANNOTATION: None})
    for (namespace, name), policy in live["TargetGroupPolicy"].items():
        conditions = policy.get("status", {}).get("conditions", [])
        is_ours = any((entry["type"], entry["message"]) == ("Accepted", ACCEPTED) for entry in conditions)
        if is_ours and ("TargetGroupPolicy", namespace, name) not in kept:
            unused = _unused(policy["metadata"].get("generation", 0))
            yield ObjectStatus("TargetGroupPolicy", namespace, name, {"conditions": [unused]}, {})


def _unused(generation: int) -> dict[str, Any]:
    return {
        "type": "Accepted",
        "status": "Unknown",
        "reason": "NotReconciled",
        "message": "No route of Trellis uses the Service",
        "observedGeneration": generation,
    }


def results_of(plan: Document, applied: list[dict[str, Any]], cluster: Cluster) -> Results:
    """What became of services, hostnames and networks: what the verifying plan found, with the outcomes' reasons."""
    by_item = {(outcome["kind"], outcome["name"]): outcome for outcome in applied}
    return Results(
        services=tuple(
            _service(name, known, by_item.get((services.KIND, name))) for name, known in plan["services"].items()
        ),
        names=tuple(_names(plan, by_item.get((dns.KIND, cluster.name)))),
        certificates=tuple(_certificates(plan)),
        networks=tuple(_networks(plan, by_item.get((network.KIND, cluster.name)), cluster)),
        policies=tuple(
            _policy(holder, known, by_item.get((auth_policies.KIND, holder)))
            for holder, known in plan.get("policies", {}).items()
        ),
    )


def _policy(holder: str, known: Document, outcome: Document | None) -> PolicyResult:
    """Why VPC Lattice did not take a policy is known from applying it only."""
    refusal = next(iter(outcome["refusals"]), None) if outcome and known["status"] == "PENDING" else None
    if refusal:
        return PolicyResult(holder, "REFUSED", refusal["reason"], refusal["message"])
    return PolicyResult(holder, known["status"], known["reason"], known["message"])


def _service(name: str, known: Document, outcome: Document | None) -> ServiceResult:
    if outcome is None or known["status"] == "PROGRAMMED":
        return ServiceResult(name, known["status"], known["domain"], known["reason"], known["message"])
    domain = outcome.get("domain") or known["domain"]
    if outcome["status"] == "PROGRAMMED":
        return ServiceResult(name, "PROGRAMMED", domain)
    first: Document = next(iter(outcome.get("refusals", [])), {})
    refused = outcome["status"] == "REFUSED"
    return ServiceResult(
        name, "REFUSED" if refused else "PENDING", domain, first.get("reason", ""), first.get("message", "")
    )


def _names(plan: Document, outcome: Document | None) -> Iterator[NameResult]:
    planned = [item["plan"] for item in plan["items"] if item["kind"] == dns.KIND]
    refusals = outcome["refusals"] if outcome else [found for item in planned for found in item["refusals"]]
    told = {change["resource"] for item in planned for change in item.get("reported", ())}
    applied = outcome["status"] != "FAILED" if outcome else not any(item["changes"] for item in planned)
    for name in plan["desired"]["names"]:
        hostname = name["hostname"]
        refusal = next((found for found in refusals if found["resource"] == hostname), None)
        if refusal:
            yield NameResult(hostname, "REFUSED", refusal["reason"], refusal["message"])
        elif any(resource.startswith(f"record {hostname} in ") for resource in told):
            yield NameResult(hostname, "PENDING", "ReportedOnly", "its record differs, which is reported only")
        else:
            yield NameResult(hostname, "READY" if applied else "PENDING")


def _certificates(plan: Document) -> Iterator[CertificateResult]:
    for line in plan.get("certificates", ()):
        yield CertificateResult(
            line["service"], line["ready"], line["reason"], line["message"], named=tuple(line["named"])
        )


def _networks(plan: Document, outcome: Document | None, cluster: Cluster) -> Iterator[NetworkResult]:
    planned = [item["plan"]["refusals"] for item in plan["items"] if item["kind"] == network.KIND]
    refusals = outcome["refusals"] if outcome else [found for item in planned for found in item]
    known = {*plan["networks"], cluster.service_network}
    for name in sorted(known):
        if name == cluster.service_network and refusals:
            yield NetworkResult(name, "REFUSED", refusals[0]["reason"], refusals[0]["message"])
        else:
            yield NetworkResult(name, "PROGRAMMED")


def _differs(status: ObjectStatus, found: Document) -> bool:
    return merge_status(found.get("status"), status.status, _now()) is not None or bool(_annotations(status, found))


def _annotations(status: ObjectStatus, found: Document) -> dict[str, str | None]:
    there = found["metadata"].get("annotations") or {}
    return {name: value for name, value in status.annotations.items() if there.get(name) != value}


def _write_all(api: KubernetesApi, statuses: list[ObjectStatus]) -> int:
    written, refused = 0, []
    for status in statuses:
        try:
            written += _write(api, status)
        except ClusterUnreadableError as error:
            if not is_refusal(error):
                raise
            refused.append(error)
    if refused:
        raise ClusterUnreadableError("; ".join(map(str, refused[:_TOLD_REFUSALS])))
    return written


def _write(api: KubernetesApi, status: ObjectStatus) -> int:
    """Compare with the object as it is now: other controllers write status too, hence the resourceVersion."""
    path = _path(status)
    live = api.get(path)
    if live is None:
        return 0
    annotations = _annotations(status, live)
    if annotations:
        api.merge(path, {"metadata": {"annotations": annotations}})
        live = api.get(path) or live
    merged = merge_status(live.get("status"), status.status, _now())
    if merged is not None:
        version = live["metadata"]["resourceVersion"]
        api.merge(f"{path}/status", {"metadata": {"resourceVersion": version}, "status": merged})
    return 1


def _path(status: ObjectStatus) -> str:
    collection, _, plural = COLLECTIONS[status.kind].rpartition("/")
    place = f"{collection}/namespaces/{status.namespace}" if status.namespace else collection
    return f"{place}/{plural}/{status.name}"


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
