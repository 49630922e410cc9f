"""The second part of a run: from the snapshot to what AWS should look like, compared with what it looks like."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from trellis.gateway_api import (
    Intent,
    build_desired,
    services_in_doubt,
)
from trellis.model import (
    AUTH_POLICY_TAG,
    OWNER_TAG,
    Cluster,
    ClusterState,
    Desired,
    cluster_owner,
    name_id,
    network_holder,
    service_holder,
)
from trellis.planning.contest import REASON as CONTESTED
from trellis.planning.contest import wanted_of
from trellis.planning.dns_state import NamesWanted
from trellis.planning.plan import APPLY, PRUNE, GuardLimits, Verdict, WorkItem, guard, stages, verdict
from trellis.planning.service_changes import describe, takes_away
from trellis.planning.service_state import ObservedService
from trellis.planning.services import ServiceDiff, diff_services
from trellis.planning.work import KindPlan, Refusal, reported
from trellis.reporting.wanted import document_of
from trellis.resources import auth_policies, dns, network, security_group, services
from trellis.resources.at_once import at_once
from trellis.resources.read_memory import ReadMemory
from trellis.resources.service_observation import Reading, ServiceScope, observe_services
from trellis.runs.auth_planning import AuthScope, auth_items, policy_state, with_network_policy
from trellis.runs.certificates import choose_certificates
from trellis.runs.client_planning import client_items, refused_clients
from trellis.runs.contesting import leave_contested
from trellis.runs.intending import CANARY_MOVED, canary_moved, intended
from trellis.runs.remembering import remembering
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox
from trellis.runs.views import View, view_of

# An object of these kinds that could not be read may be what a service or a name is there for.
_KEEPING = frozenset({"GatewayClass", "Gateway", "HTTPRoute", "Namespace", "ServiceAccount"})

UNREADABLE = "Unreadable"

# Conditions whose good status is False.
_FULFILLED = {"PartiallyInvalid": "False", "Conflicted": "False"}


@dataclass(frozen=True)
class Compared:
    """The work items, and for the status what is known of each service and network by now.

    `auth` are the work items of all auth policies, also of those beyond the scope, `tags` what tells of the owner and
    the auth policy of each wanted service, by holder. `health` counts the targets of each target group by status,
    `certificates` are the ARNs that services have. `left` are the services that differ, but from weights that may not
    be wanted any more.
    """

    items: tuple[WorkItem, ...]
    services: dict[str, dict[str, str]]
    networks: tuple[str, ...]
    health: dict[str, dict[str, int]] = field(default_factory=dict)
    auth: tuple[WorkItem, ...] = ()
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def plan(tools: Toolbox, run: Run) -> dict[str, Any]:
    """Plan a run and store the plan; what is returned fits into the state machine's payload."""
    cluster = tools.registry.get(run.cluster)
    found = intended(tools, run, cluster)
    intent = found.intent
    certificates = choose_certificates(tools, intent)
    keep = keeps(intent)
    asked = build_desired(intent, cluster, certificates.arns)
    desired = with_network_policy(tools, run, cluster, asked, keep=keep)
    held = held_services(intent)
    wanted = names_wanted(tools, cluster, desired, keep=keep, left=held_hostnames(intent, desired))
    view = view_of(tools, run, cluster, desired.services)
    scope = _Scope(run, view)
    asked_of = _Services(desired, held, services_in_doubt(intent), found.moved)
    compared = _compare(tools, scope, wanted, asked_of)
    if keep:
        compared = replace(compared, items=tuple(filter(_takes_nothing, compared.items)))
    compared = replace(compared, items=leave_contested(tools, cluster, compared.items))
    shared = certificates.inventory(compared.certificates) | _named(cluster, desired)
    _take_inventory(tools, scope, cluster, compared.items, shared)
    settings = tools.settings
    limits = GuardLimits(settings.max_deletions, settings.max_deletion_percent, settings.guard_floor)
    checked = guard(compared.items, limits)
    decided = _decided(verdict(cluster, run.mode, compared.items, checked), compared)
    left = [asdict(canary_moved(name)) for name in compared.left]
    unfulfilled = [*refused(intent), *certificates.refused(), *refused_clients(intent), *left]
    document: dict[str, Any] = {
        "cluster": run.cluster,
        "snapshotKey": run.snapshotKey,
        "verdict": decided,
        "guard": checked.message,
        "desired": document_of(desired),
        "basis": _basis(tools, wanted),
        "keep": keep,
        "items": [asdict(item) for item in compared.items if item.plan.is_told],
        "services": _services_known(compared),
        "networks": compared.networks,
        "policies": _policies(compared, view, desired),
        "refused": unfulfilled,
        "certificates": certificates.lines(compared.certificates),
        "canaries": found.marks,
    }
    if not run.covers_services:
        document["lookedAt"] = sorted(view.names or ())
    if found.incumbents:
        document["incumbents"] = list(found.incumbents)
    if decided is not Verdict.CONVERGED:
        # Health comes and goes by itself: in the plan of a converged run it would make every plan another document.
        document["health"] = compared.health
    return {
        "planKey": tools.documents.put("plans", cluster.name, document),
        "verdict": decided,
        "stages": stages(compared.items),
        "changes": sum(len(item.plan.changes) for item in compared.items),
        "refusals": sum(len(item.plan.refusals) for item in compared.items) + len(unfulfilled),
    }


def _takes_nothing(item: WorkItem) -> bool:
    """Whether an item may stay although not every object could be read; what it only tells of may."""
    return item.phase != PRUNE or not (item.plan.needs_work or item.plan.reported)


def _decided(found: Verdict, compared: Compared) -> Verdict:
    """No later run may compare with a plan whose weights were left to the next one: it is not a converged one."""
    return Verdict.REPORT_ONLY if compared.left and found is Verdict.CONVERGED else found


def _basis(tools: Toolbox, wanted: NamesWanted) -> dict[str, Any]:
    """What a cluster wants beside `desired`, or what that follows from: another basis is another intent."""
    cluster = wanted.cluster
    return {
        "network": cluster.service_network,
        "vpc": cluster.vpc_id,
        "group": cluster.security_group_id,
        "sources": list(tools.settings.link_local_cidrs),
        "state": cluster.state,
        "members": [[member.name, member.vpc_id, member.state] for member in wanted.members],
        "ttl": wanted.ttl,
    }


def keeps(intent: Intent) -> bool:
    """Whether services and names that nobody seems to want must stay, because not every object could be read."""
    return any(bad.kind in _KEEPING for bad in intent.malformed)


def refused(intent: Intent) -> Iterator[dict[str, str]]:
    """What the cluster's objects ask for and do not get, as report lines: all conditions that are not fulfilled."""
    for bad in intent.malformed:
        kept = "; until it can be read, no service and no name is deleted" if bad.kind in _KEEPING else ""
        resource = f"{bad.kind} {bad.namespace}/{bad.name}"
        yield {"resource": resource, "reason": "Malformed", "message": f"{bad.message}{kept}"}
    held = [(f"GatewayClass {found.name}", found.conditions) for found in intent.classes]
    for gateway in intent.gateways:
        name = f"Gateway {gateway.namespace}/{gateway.name}"
        held.append((name, gateway.conditions))
        held += [(f"{name}, listener {listener.name}", listener.conditions) for listener in gateway.listeners]
    for route in intent.routes:
        for parent in route.parents:
            name = f"HTTPRoute {route.namespace}/{route.name} at Gateway {'/'.join(parent.gateway)}"
            held.append((name, parent.conditions))
    for policy in intent.policies:
        held.append((f"IAMAuthPolicy {policy.namespace}/{policy.name}", (policy.accepted,)))
    for check in intent.group_policies:
        held.append((f"TargetGroupPolicy {check.namespace}/{check.name}", (check.accepted,)))
    for resource, conditions in held:
        for condition in conditions:
            if condition.status != _FULFILLED.get(condition.type, "True"):
                yield {"resource": resource, "reason": condition.reason, "message": condition.message}


def held_services(intent: Intent) -> dict[str, str]:
    """The services that some object wants reported only, each with why."""
    return {found.name: f"mode plan of {found.by}" for found in intent.held}


def held_hostnames(intent: Intent, desired: Desired) -> dict[str, str]:
    """The hostnames that go with held services; one that another service is wanted for follows that service."""
    services = held_services(intent)
    wanted = {name.hostname: name.service for name in desired.names}
    hostnames = {found.hostname: services[found.name] for found in intent.held if found.hostname not in wanted}
    hostnames |= {hostname: services[service] for hostname, service in wanted.items() if service in services}
    return {hostname: because for hostname, because in hostnames.items() if hostname}


def names_wanted(
    tools: Toolbox, cluster: Cluster, desired: Desired, *, keep: bool, left: Mapping[str, str]
) -> NamesWanted:
    """The names of a cluster, those of them that stay as they are, and the clusters that must resolve them."""
    members = tuple(member for member in tools.registry.list() if member.service_network == cluster.service_network)
    return NamesWanted(cluster, desired.names, members, tools.settings.record_ttl, keep, left)


@dataclass(frozen=True)
class _Services:
    """The desired services, by name why some are only reported, and why others may lack something.

    `moved` are those that are left to the next run, see `Intended`.
    """

    desired: Desired
    held: Mapping[str, str]
    doubts: Mapping[str, str]
    moved: frozenset[str]

    def plan_of(self, diff: ServiceDiff, found: ObservedService) -> KindPlan:
        """What would be changed; everything is only reported when there is a reason for that.

        What differs from weights that may be outdated is not even that.
        """
        if self.is_left(diff):
            return KindPlan(owned=found.owned, ids=found.ids)
        changes = tuple(map(describe, diff.changes))
        refusals, because = diff.refusals, self.held.get(diff.name, "")
        doubt = self.doubts.get(diff.name)
        if doubt and not because and any(map(takes_away, diff.changes)):
            because = f"{doubt}; until it can be read, nothing is taken from the service"
            refusals = (*refusals, Refusal(f"service {diff.name}", UNREADABLE, because))
        if because:
            aside = tuple(reported(change, because) for change in changes)
            return KindPlan((), refusals, found.owned, ids=found.ids, reported=aside)
        return KindPlan(changes, refusals, found.owned, bool(diff.pending), found.ids)

    def is_left(self, diff: ServiceDiff) -> bool:
        """Whether a service differs from weights that may be outdated."""
        return diff.name in self.moved and bool(diff.changes)


@dataclass(frozen=True)
class _Scope:
    """What a run is for, and at which services its plan looks."""

    run: Run
    view: View


def _compare(tools: Toolbox, scope: _Scope, wanted: NamesWanted, wanted_services: _Services) -> Compared:
    run, view, cluster, desired = scope.run, scope.view, wanted.cluster, wanted_services.desired
    items = list(_cluster_items(tools, cluster, desired)) if run.covers_vpc else []
    recall = partial(tools.inventory.of, cluster.name)
    name_clients = dns.Names(tools.clients.route53, tools.clients.lattice, cluster.account)
    with at_once(min(2, tools.settings.read_concurrency)) as each:
        # Their API allows few calls in a second: they are read while the services are.
        names = iter(each(partial(dns.plan, name_clients, wanted), [recall]))
        with remembering(tools, run, cluster, desired.services, view) as memory:
            compared = _service_items(tools, view, cluster, wanted_services, memory=memory)
            known = auth_policies.Known(memory, compared.tags)
            look_at = AuthScope(view.covers_holder, with_network=run.covers_vpc)
            auth = auth_items(tools, cluster, desired, known, held=wanted_services.held, scope=look_at)
        name_item = WorkItem(dns.KIND, APPLY, cluster.name, next(names), left=wanted.left)
    items += auth
    if run.covers_services or _are_called(view, desired):
        items += client_items(tools, cluster, desired, keep=wanted.keep, held=wanted.left)
    items += [*compared.items, name_item]
    return replace(compared, items=tuple(items), networks=network.names(tools.clients.lattice), auth=auth)


def _are_called(view: View, desired: Desired) -> bool:
    """Whether pods of the cluster call a service that is looked at: made anew, it is another one for their roles."""
    called = {hostname for client in desired.clients for hostname in client.calls}
    return any(view.covers(service.name) and service.custom_domain_name in called for service in desired.services)


def _cluster_items(tools: Toolbox, cluster: Cluster, desired: Desired) -> Iterator[WorkItem]:
    phase = PRUNE if cluster.state is ClusterState.LEAVING else APPLY
    holder = network_holder(cluster.service_network)
    asking = next((policy.source for policy in desired.auth_policies if policy.holder == holder), "")
    network_plan = network.plan(tools.clients.lattice, cluster, tools.registry.list(), auth_policy=asking)
    yield WorkItem(network.KIND, phase, cluster.name, network_plan)
    cidrs = tools.settings.link_local_cidrs
    yield WorkItem(security_group.KIND, phase, cluster.name, security_group.plan(tools.clients.ec2, cluster, cidrs))


def _service_items(tools: Toolbox, view: View, cluster: Cluster, asked: _Services, *, memory: ReadMemory) -> Compared:
    owner = cluster_owner(cluster.account, cluster.name)
    wanted = {service.name: service for service in asked.desired.services}
    reading = Reading(memory, tools.settings.read_concurrency)
    scope = ServiceScope(owner, asked.desired.services, only=view.names)
    observed = observe_services(tools.clients, scope, reading)
    items, known, left = [], view.carried_services(wanted), []
    for diff in diff_services([service for service in wanted.values() if view.covers(service.name)], observed):
        found = observed.of(diff.name)
        known[diff.name] = {
            "domain": found.service.domain_name if found.service and not diff.refusals else "",
            **(_moved_state(diff.name) if asked.is_left(diff) else _state(diff)),
        }
        phase = APPLY if diff.name in wanted else PRUNE
        left += [diff.name] if asked.is_left(diff) else []
        plan_ = asked.plan_of(diff, found)
        digest = wanted_of(wanted.get(diff.name)) if plan_.is_told else ""
        items.append(WorkItem(services.KIND, phase, diff.name, plan_, digest))
    health = {group.group.name: dict(group.health) for service in observed.services for group in service.groups}
    tags = {
        service_holder(found.name): {OWNER_TAG: found.service.owner, AUTH_POLICY_TAG: found.service.auth_policy}
        for found in observed.services
        if found.name in wanted and found.service
    }
    attached = {found.name: arn for found in observed.services if (arn := _certificate(found))}
    return Compared(
        tuple(items),
        known,
        (),
        view.carried_health() | health,
        tags=tags,
        certificates=view.carried_certificates() | attached,
        left=tuple(left),
    )


def _policies(compared: Compared, view: View, desired: Desired) -> dict[str, dict[str, str]]:
    """What is known of the auth policies of holders, also of those that this plan has not looked at."""
    wanted = {policy.holder for policy in desired.auth_policies}
    told = [item for item in compared.auth if item.name in wanted or item.plan.is_told]
    return view.carried_policies(wanted) | {item.name: policy_state(item.plan) for item in told}


def _certificate(found: ObservedService) -> str:
    return (found.service.certificate_arn or "") if found.service else ""


def _services_known(compared: Compared) -> dict[str, dict[str, str]]:
    """What is known of each service, with the reason why it stays as it is."""
    known = dict(compared.services)
    for item in compared.items:
        if item.kind == services.KIND and item.plan.reported and item.name in known:
            known[item.name] = {**known[item.name], **_left_state(item)}
    return known


def _left_state(item: WorkItem) -> dict[str, str]:
    refusal = next((found for found in item.plan.refusals if found.reason in (CONTESTED, UNREADABLE)), None)
    if refusal:
        return {"status": "REFUSED", "reason": refusal.reason, "message": refusal.message}
    message = f"differences are reported and not repaired: {item.plan.reported[0]['because']}"
    return {"status": "PENDING", "reason": "ReportedOnly", "message": message}


def _named(cluster: Cluster, desired: Desired) -> dict[str, set[str]]:
    """The work items that an event about a hostname's records is about: the service alone, and the names."""
    names = f"{dns.KIND}/{cluster.name}"
    return {name_id(name.hostname): {f"{services.KIND}/{name.service}", names} for name in desired.names}


def _take_inventory(
    tools: Toolbox, scope: _Scope, cluster: Cluster, items: Sequence[WorkItem], shared: Mapping[str, Collection[str]]
) -> None:
    """Remember which work items each resource stands for; a narrower plan has not looked at the others.

    A cluster that leaves needs what was noted until all is gone.
    """
    if cluster.state is ClusterState.LEAVING and not any(item.plan.needs_work for item in items):
        tools.inventory.forget(cluster.name)
        return
    owned = {resource: item.key for item in items for resource in item.plan.ids}
    owned |= {resource: " ".join(sorted(keys)) for resource, keys in shared.items()}
    is_whole = scope.view.names is None and scope.run.covers_services
    looked_at = {*scope.view.items, *(item.key for item in items)}
    tools.inventory.note(cluster.name, owned, looked_at=None if is_whole else looked_at)


def _moved_state(service: str) -> dict[str, str]:
    return {"status": "PENDING", "reason": CANARY_MOVED, "message": canary_moved(service).message}


def _state(diff: ServiceDiff) -> dict[str, str]:
    if diff.refusals:
        first = diff.refusals[0]
        return {"status": "REFUSED", "reason": first.reason, "message": first.message}
    if diff.is_empty:
        return {"status": "PROGRAMMED", "reason": "Programmed", "message": ""}
    return {"status": "PENDING", "reason": "Pending", "message": "changes are not applied yet"}
