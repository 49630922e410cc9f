"""From a snapshot to the intent: what attaches where, and the conditions for what was refused and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from trellis.gateway_api.allowed_hostnames import EVERY_HOSTNAME, AllowedHostnames
from trellis.gateway_api.assembly import Assembled, Claim, Served, assemble, hostname_owners
from trellis.gateway_api.attachment import Attachment, NamespaceLabels, OwnGateway, Place, attach
from trellis.gateway_api.backends import Backends
from trellis.gateway_api.clients import judge_clients
from trellis.gateway_api.conditions import ACCEPTED, Condition, Conditions, Finding, joined
from trellis.gateway_api.gateways import generation_of, judge_gateway, judge_malformed, own_classes
from trellis.gateway_api.health_checks import health_checks, judge_group_policies
from trellis.gateway_api.intent_model import GatewayIntent, HeldService, Intent, ParentIntent, RouteIntent
from trellis.gateway_api.limits import DEFAULT_QUOTAS, Quotas
from trellis.gateway_api.modes import ObjectMode, held_anywhere, held_at, mode_of
from trellis.gateway_api.objects import GATEWAY_GROUP, HTTPRoute, ParentRef
from trellis.gateway_api.policies import Targets, judge_policies
from trellis.gateway_api.rules import CompiledRoute, compile_route
from trellis.gateway_api.snapshot import Malformed, Snapshot
from trellis.model import Cluster

GatewayKey = tuple[str, str]


def build_intent(
    snapshot: Snapshot,
    cluster: Cluster,
    *,
    quotas: Quotas = DEFAULT_QUOTAS,
    policy_sources: Sequence[str] = (),
    allowed: AllowedHostnames = EVERY_HOSTNAME,
    incumbents: Collection[str] = (),
) -> Intent:
    """The intent of a cluster's objects in an account with these quotas; never raises for what the objects say.

    `policy_sources` are patterns, `CLUSTER/NAMESPACE`, of who may set the auth policy of the network. `incumbents` are
    the services of an intent's `contenders` that exist: their namespaces keep their hostnames.
    """
    intent = _Building(snapshot, cluster, quotas, allowed).intent(incumbents)
    policies, auth_policies = judge_policies(Targets(snapshot, intent, cluster, tuple(policy_sources)))
    return replace(intent, policies=policies, auth_policies=auth_policies)


@dataclass(frozen=True)
class _Parent:
    """A parentRef to a Gateway of this controller, and what came of it."""

    route: HTTPRoute
    index: int
    ref: ParentRef
    own: OwnGateway
    attachment: Attachment | Finding

    @property
    def gateway(self) -> GatewayKey:
        return self.own.intent.namespace, self.own.intent.name

    @property
    def mode(self) -> ObjectMode:
        return mode_of(self.route, self.own.gateway)


class _Building:
    def __init__(self, snapshot: Snapshot, cluster: Cluster, quotas: Quotas, allowed: AllowedHostnames) -> None:
        self._quotas = quotas
        self._allowed = allowed
        self._snapshot = snapshot
        self._cluster = cluster
        self._classes = own_classes(snapshot.gateway_classes)
        self._gateways = {(own.intent.namespace, own.intent.name): own for own in self._own_gateways()}

    def intent(self, incumbents: Collection[str]) -> Intent:
        parents = list(self._parents())
        checks = health_checks(self._snapshot)
        backends = Backends(self._snapshot, self._quotas, checks)
        compiled = {parent.route.key: compile_route(parent.route, backends, self._quotas) for parent in parents}
        claims = [claim for parent in parents for claim in _claims(parent)]
        ownership = hostname_owners(claims, self._cluster, incumbents)
        owners = ownership.owners
        entitled = [
            claim
            for claim in claims
            if compiled[claim.route.key].usable and not _foreign(claim.place, claim.route, owners)
        ]
        assembled = assemble(entitled, compiled, cluster=self._cluster, quotas=self._quotas)
        judged = [_judge(parent, compiled[parent.route.key], assembled, owners) for parent in parents]
        by_route: dict[GatewayKey, list[ParentIntent]] = {}
        for parent, intent in zip(parents, judged, strict=True):
            by_route.setdefault(parent.route.key, []).append(intent)
        return Intent(
            cluster=self._snapshot.cluster,
            classes=tuple(self._classes.values()),
            gateways=tuple(self._counted(parents, judged)),
            routes=tuple(self._routes(by_route)),
            services=assembled.services,
            malformed=self._snapshot.malformed,
            held=tuple(dict.fromkeys(self._held(parents, judged))),
            clients=judge_clients(self._snapshot, self._cluster),
            contenders=ownership.contenders,
            group_policies=judge_group_policies(self._snapshot, checks, backends.used) if self._classes else (),
        )

    def _own_gateways(self) -> Iterator[OwnGateway]:
        for bad in self._snapshot.malformed:
            if bad.kind == "Gateway":
                yield from (OwnGateway(intent, None) for intent in judge_malformed(bad, self._classes))
        for gateway in reversed(self._snapshot.gateways):
            gateway_class = self._classes.get(gateway.spec.gateway_class_name)
            if gateway_class and gateway.metadata.deletion_timestamp is None:
                yield OwnGateway(judge_gateway(gateway, gateway_class), gateway)

    def _parents(self) -> Iterator[_Parent]:
        labels = {found.metadata.name: found.metadata.labels for found in self._snapshot.namespaces}
        for route in {route.key: route for route in reversed(self._snapshot.routes)}.values():
            if route.metadata.deletion_timestamp is None:
                yield from self._parents_of(route, labels)

    def _parents_of(self, route: HTTPRoute, labels: NamespaceLabels) -> Iterator[_Parent]:
        for index, ref in enumerate(dict.fromkeys(route.spec.parent_refs)):
            own = self._own(ref, route.metadata.namespace)
            if own:
                found = attach(route, ref, own, labels)
                namespace = route.metadata.namespace
                allowed = self._allowed.restrict(found, cluster=self._cluster.name, namespace=namespace)
                yield _Parent(route, index, ref, own, allowed)

    def _own(self, ref: ParentRef, namespace: str) -> OwnGateway | None:
        if (ref.group, ref.kind) != (GATEWAY_GROUP, "Gateway"):
            return None
        return self._gateways.get((ref.namespace or namespace, ref.name))

    def _held(self, parents: Iterable[_Parent], judged: Iterable[ParentIntent]) -> Iterator[HeldService]:
        for parent, intent in zip(parents, judged, strict=True):
            yield from held_at(parent.route, parent.mode, parent.attachment, intent.services, cluster=self._cluster)
        for route in self._snapshot.routes:
            if route.metadata.deletion_timestamp is None:
                yield from held_anywhere(route, self._cluster)

    def _counted(self, parents: Iterable[_Parent], judged: Iterable[ParentIntent]) -> Iterator[GatewayIntent]:
        """The Gateways with the number of routes that each listener serves."""
        attached: dict[tuple[GatewayKey, str], set[GatewayKey]] = {}
        for parent, intent in zip(parents, judged, strict=True):
            if intent.accepted and isinstance(parent.attachment, Attachment):
                for place in parent.attachment.places:
                    attached.setdefault((parent.gateway, place.listener), set()).add(parent.route.key)
        for key, own in sorted(self._gateways.items()):
            listeners = (
                replace(found, attached_routes=len(attached.get((key, found.name), ())))
                for found in own.intent.listeners
            )
            yield replace(own.intent, listeners=tuple(listeners))

    def _routes(self, parents: Mapping[GatewayKey, list[ParentIntent]]) -> Iterator[RouteIntent]:
        for route in self._snapshot.routes:
            own = tuple(parents.get(route.key, ()))
            if own:
                yield RouteIntent(*route.key, generation=route.metadata.generation, parents=own)
        for bad in self._snapshot.malformed:
            if bad.kind == "HTTPRoute" and bad.name:
                refused = tuple(self._malformed_parents(bad))
                if refused:
                    yield RouteIntent(bad.namespace, bad.name, generation_of(bad.document), refused)

    def _malformed_parents(self, bad: Malformed) -> Iterator[ParentIntent]:
        """The parents of a route that could not be read, as far as they can."""
        spec = bad.document.get("spec")
        refs = spec.get("parentRefs") if isinstance(spec, dict) else None
        for raw in refs if isinstance(refs, list) else ():
            try:
                ref = ParentRef.model_validate(raw)
            except ValidationError:
                continue
            own = self._own(ref, bad.namespace)
            if own:
                refusal = Conditions(generation_of(bad.document)).false("Accepted", "UnsupportedValue", bad.message)
                yield ParentIntent(_raw_ref(ref), (own.intent.namespace, own.intent.name), False, (refusal,))


def _claims(parent: _Parent) -> Iterator[Claim]:
    gateway = parent.own.gateway
    if isinstance(parent.attachment, Finding) or gateway is None:
        return
    names = [listener.name for listener in gateway.spec.listeners]
    for place in parent.attachment.places:
        listener_rank = gateway.rank, names.index(place.listener)
        yield Claim(parent.route, parent.index, gateway.metadata.name, place, listener_rank)


def _foreign(place: Place, route: HTTPRoute, owners: Mapping[str, HTTPRoute]) -> HTTPRoute | None:
    """The route of another namespace that owns the place's hostname."""
    owner = owners.get(place.hostname or "")
    return owner if owner and owner.metadata.namespace != route.metadata.namespace else None


def _judge(
    parent: _Parent, compiled: CompiledRoute, assembled: Assembled, owners: Mapping[str, HTTPRoute]
) -> ParentIntent:
    conditions = Conditions(parent.route.metadata.generation)
    served = assembled.served.get((*parent.route.key, parent.index), Served())
    problems = [*compiled.problems, *served.problems]
    if isinstance(parent.attachment, Finding):
        refusal: Finding | None = parent.attachment
    else:
        conflicts = [
            _conflict(place, owner)
            for place in parent.attachment.places
            if (owner := _foreign(place, parent.route, owners))
        ]
        problems += [*parent.attachment.problems, *conflicts]
        refusal = _refusal(parent.attachment, conflicts, problems, served)
    accepted = (
        conditions.false("Accepted", refusal.reason, refusal.message)
        if refusal
        else conditions.true("Accepted", "Accepted", joined(served.notes) or ACCEPTED)
    )
    partial = (
        [conditions.true("PartiallyInvalid", "UnsupportedValue", _dropped(problems))]
        if problems and not refusal
        else []
    )
    return ParentIntent(
        parent_ref=_raw_ref(parent.ref),
        gateway=parent.gateway,
        accepted=refusal is None,
        conditions=(
            accepted,
            _resolved(compiled, conditions),
            *partial,
            *parent.mode.conditions(parent.route.metadata.generation),
        ),
        services=tuple(sorted(served.services)) if refusal is None else (),
    )


def _refusal(attachment: Attachment, conflicts: list[str], problems: list[str], served: Served) -> Finding | None:
    if served.services:
        return None
    if len(conflicts) == len(attachment.places):
        return Finding("HostnameConflict", joined(conflicts))
    return Finding("UnsupportedValue", joined(problems) or "spec.rules: nothing that could be served")


def _conflict(place: Place, owner: HTTPRoute) -> str:
    whose = f"namespace {owner.metadata.namespace}, which has it by HTTPRoute {'/'.join(owner.key)}"
    return f"spec.hostnames: {place.hostname} belongs to {whose}"


def _dropped(problems: list[str]) -> str:
    return f"Dropped Rule(s): {joined(problems)}"


def _resolved(compiled: CompiledRoute, conditions: Conditions) -> Condition:
    if not compiled.unresolved:
        message = joined(compiled.notes) or "All references are resolved"
        return conditions.true("ResolvedRefs", "ResolvedRefs", message)
    messages = [f"{found.message}; its share of the requests fails" for found in compiled.unresolved]
    return conditions.false("ResolvedRefs", compiled.unresolved[0].reason, joined([*messages, *compiled.notes]))


def _raw_ref(ref: ParentRef) -> dict[str, Any]:
    return ref.model_dump(by_alias=True, exclude_none=True)
