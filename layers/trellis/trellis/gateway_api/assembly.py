"""Services from routes: one per hostname of a namespace, with the rules of all its routes by precedence.

A hostname belongs to the namespace whose service has it already, else to that of the oldest route that claims it. Where
a quota leaves no room, older routes go before younger ones, and within a route the rules of higher precedence before
those of lower, so that no rule of a route takes over requests of a more specific one that was left out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trellis.gateway_api import limits
from trellis.gateway_api.attachment import Place
from trellis.gateway_api.intent_model import Backend, Contender, RuleIntent, ServiceIntent, ServiceListenerIntent
from trellis.gateway_api.names import service_name
from trellis.gateway_api.objects import HTTPRoute, Rank
from trellis.gateway_api.rules import CompiledRoute, MatchUnit
from trellis.gateway_api.tls import HTTPS
from trellis.model import Cluster, RuleMatch

ParentKey = tuple[str, str, int]
"""Namespace and name of a route, and the index of the parentRef."""


@dataclass(frozen=True)
class Claim:
    """A route that wants to be served at a place; `listener_rank` says which listeners go first."""

    route: HTTPRoute
    parent: int
    network: str
    place: Place
    listener_rank: tuple[Rank, int]

    @property
    def key(self) -> ParentKey:
        """Whose claim it is."""
        return *self.route.key, self.parent


@dataclass
class Served:
    """What came of the claims of a parent: the services, and what could not be served."""

    services: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Assembled:
    """The services, and what came of each parent."""

    services: tuple[ServiceIntent, ...]
    served: Mapping[ParentKey, Served]


@dataclass(frozen=True)
class Ownership:
    """The route that each hostname belongs to, and the contenders for those that several namespaces claim."""

    owners: Mapping[str, HTTPRoute]
    contenders: tuple[Contender, ...] = ()


def hostname_owners(claims: Iterable[Claim], cluster: Cluster, incumbents: Collection[str] = ()) -> Ownership:
    """Whose each hostname is; `incumbents` are the names of the services that exist.

    The age of a route does not say since when it claims a hostname: whoever has an old one could write any name into
    it. So a namespace that has been served keeps its hostname, and age decides only between newcomers.
    """
    owners: dict[str, tuple[tuple[bool, Rank], HTTPRoute]] = {}
    contenders: dict[str, set[Contender]] = defaultdict(set)
    for claim in claims:
        hostname, (namespace, route) = claim.place.hostname, claim.route.key
        if hostname:
            name = service_name(cluster, namespace=namespace, hostname=hostname, route=route)
            contenders[hostname].add(Contender(namespace, name))
            candidate = (name not in incumbents, claim.route.rank), claim.route
            owners[hostname] = min(owners.get(hostname, candidate), candidate, key=lambda found: found[0])
    several = [found for rivals in contenders.values() if len(rivals) > 1 for found in rivals]
    by_service = sorted(several, key=lambda found: found.service)
    return Ownership({hostname: route for hostname, (_, route) in owners.items()}, tuple(by_service))


def assemble(
    claims: Iterable[Claim],
    compiled: Mapping[tuple[str, str], CompiledRoute],
    *,
    cluster: Cluster,
    quotas: limits.Quotas,
) -> Assembled:
    """The services of all claims, which must be entitled to their hostnames."""
    groups: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: (claim.listener_rank, claim.route.rank, claim.parent)):
        namespace, route = claim.route.key
        name = service_name(cluster, namespace=namespace, hostname=claim.place.hostname, route=route)
        groups[name].append(claim)
    served: dict[ParentKey, Served] = defaultdict(Served)
    context = _Context(compiled, served, quotas)
    services = [_Assembling(name, group, context).service() for name, group in sorted(groups.items())]
    return Assembled(tuple(service for service in services if service), served)


@dataclass(frozen=True)
class _Context:
    """What is the same for all services."""

    compiled: Mapping[tuple[str, str], CompiledRoute]
    served: Mapping[ParentKey, Served]
    quotas: limits.Quotas


@dataclass
class _Admitted:
    """What has been let into one listener."""

    units: list[tuple[HTTPRoute, int, MatchUnit]] = field(default_factory=list)
    matches: set[RuleMatch] = field(default_factory=set)
    written: dict[tuple[bool, tuple[RuleMatch, ...]], HTTPRoute] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)


class _Assembling:
    """Puts one service together."""

    def __init__(self, name: str, claims: Sequence[Claim], context: _Context) -> None:
        self._name = name
        self._claims = claims
        self._compiled = context.compiled
        self._served = context.served
        self._quotas = context.quotas
        self._backends: set[Backend | None] = set()

    def service(self) -> ServiceIntent | None:
        """The service, or None if none of its rules fits."""
        listeners = {place: self._admit(claims) for place, claims in self._listeners().items()}
        filled = {place: admitted for place, admitted in listeners.items() if admitted.units}
        if not filled:
            return None
        claims = [claim for admitted in filled.values() for claim in admitted.claims]
        for claim in claims:
            self._served[claim.key].services.add(self._name)
        return ServiceIntent(
            name=self._name,
            namespace=claims[0].route.metadata.namespace,
            hostname=claims[0].place.hostname,
            service_networks=tuple(sorted({claim.network for claim in claims})),
            listeners=tuple(
                ServiceListenerIntent(protocol, port, _rules(admitted))
                for (port, protocol), admitted in sorted(filled.items())
            ),
            stands_for=_stands_for(claims),
            certificates=_certificates(claims),
        )

    def _listeners(self) -> dict[tuple[int, str], list[Claim]]:
        """The claims by listener, the listeners in the order of their rank, as many as the quota allows."""
        listeners: dict[tuple[int, str], list[Claim]] = {}
        quota = self._quotas.listeners
        for claim in self._claims:
            place = claim.place.port, claim.place.protocol
            if place in listeners or len(listeners) < quota.value:
                listeners.setdefault(place, []).append(claim)
            else:
                message = f"not served by listener {claim.place.listener} of port {place[0]}: {quota.exceeded()}"
                self._served[claim.key].problems.append(message)
        return listeners

    def _admit(self, claims: Sequence[Claim]) -> _Admitted:
        admitted = _Admitted()
        by_route: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        for claim in sorted(claims, key=lambda claim: claim.route.rank):
            by_route[claim.route.key].append(claim)
        for key, own in by_route.items():
            before = len(admitted.units)
            messages = self._admit_route(own[0].route, self._compiled[key].units, admitted)
            for claim in own:
                self._served[claim.key].problems += messages.problems
                self._served[claim.key].notes += messages.notes
            # Whose every match is shadowed by an older route is served as the Gateway API wants it: by that route.
            if len(admitted.units) > before or messages.notes:
                admitted.claims += own
        return admitted

    def _admit_route(self, route: HTTPRoute, units: Sequence[MatchUnit], admitted: _Admitted) -> Served:
        messages = Served()
        full: limits.Quota | None = None
        for index, unit in sorted(enumerate(units), key=lambda item: (item[1].match.precedence, item[0])):
            written = unit.match.is_prefix, unit.match.rule_matches
            if written in admitted.written:
                messages.notes.append(_shadowed(unit, route, admitted.written[written]))
                continue
            full = full or self._lacking(unit, admitted)
            if full:
                messages.problems.append(f"{unit.field}: {full.exceeded()}")
                continue
            admitted.written[written] = route
            admitted.units.append((route, index, unit))
            admitted.matches.update(unit.match.rule_matches)
            self._backends.update(share.backend for share in unit.shares)
        return messages

    def _lacking(self, unit: MatchUnit, admitted: _Admitted) -> limits.Quota | None:
        if len(admitted.matches.union(unit.match.rule_matches)) > self._quotas.rules.value:
            return self._quotas.rules
        backends = self._backends.union(share.backend for share in unit.shares)
        return self._quotas.target_groups if len(backends) > self._quotas.target_groups.value else None


def _rules(admitted: _Admitted) -> tuple[RuleIntent, ...]:
    """The rules by precedence; a match that two units ask for goes to the one of higher precedence."""
    rules: dict[RuleMatch, RuleIntent] = {}
    for _, _, unit in sorted(admitted.units, key=lambda item: (item[2].match.precedence, item[0].rank, item[1])):
        for match in unit.match.rule_matches:
            rules.setdefault(match, RuleIntent(match, unit.shares))
    return tuple(rules.values())


def _certificates(claims: Iterable[Claim]) -> tuple[str, ...] | None:
    """The certificates that the HTTPS listeners name, those of higher rank first; None when none is needed."""
    places = [claim.place for claim in sorted(claims, key=lambda claim: claim.listener_rank)]
    secured = [place for place in places if place.protocol == HTTPS and place.hostname]
    if not secured:
        return None
    return tuple(dict.fromkeys(place.certificate_arn for place in secured if place.certificate_arn))


def _shadowed(unit: MatchUnit, route: HTTPRoute, winner: HTTPRoute) -> str:
    who = "an earlier rule of this route" if winner.key == route.key else f"the older HTTPRoute {'/'.join(winner.key)}"
    return f"{unit.field}: the same match belongs to {who}, which serves these requests"


def _stands_for(claims: Iterable[Claim]) -> str:
    """For the tag of the service, whose values take no commas."""
    routes = sorted({claim.route.key: claim.route for claim in claims}.values(), key=lambda route: route.rank)
    more = f" and {len(routes) - 1} more" if len(routes) > 1 else ""
    return f"HTTPRoute {'/'.join(routes[0].key)}"[: limits.MAX_TAG_VALUE - len(more)] + more
