"""Before a canary: is the input right, is the world as it must be, is the route free? All problems at once, no write
before all is well; then the lease.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.canary.hooks import due
from trellis.canary.names import Event
from trellis.canary.preflight import LeaseFacts, Preflight, PreflightFacts, VersionFacts, preflight
from trellis.canary.problems import Problem, RefusedRequestError
from trellis.canary.promotion import is_over
from trellis.canary.request import CanaryRequest, parse_request
from trellis.canary.request_parts import Backend
from trellis.canary.rules import holders, outline_of, pair_of, vector_of
from trellis.canary.state import CanaryKey, Groups, Lease, Next, Phase, Progress
from trellis.canary.strategy import first_step, percents_of
from trellis.errors import InvalidInputError, LeaseHeldError
from trellis.model import Mode, Service, TargetGroup
from trellis.resources.canary_evidence import read_alarms, read_targets
from trellis.resources.canary_metrics import Subjects, read_series
from trellis.resources.canary_rules import compare_rules, group_ids, service_ids
from trellis.resources.metric_data import ForbiddenError, Period, UnreadableError
from trellis.runs.canary_calls import scope_of, shown, steps
from trellis.runs.canary_hooks import after_hooks, ask_before_start, tell_answer
from trellis.runs.canary_reading import subjects_of
from trellis.runs.canary_telling import tell
from trellis.runs.canary_view import RouteView, connect, view
from trellis.runs.planning import held_services
from trellis.runs.toolbox import Toolbox


class Preparation(BaseModel):
    """The input of an execution as it came, and who the execution is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Any
    execution: str
    started: str


def prepare(tools: Toolbox, call: Preparation) -> dict[str, Any]:
    """Check everything and take the lease; raises InvalidInputError with all problems, each with its code."""
    try:
        request = parse_request(call.input)
    except RefusedRequestError as error:
        raise _refused(error.problems) from error
    key = CanaryKey(request.cluster, request.route.namespace, request.route.name, request.route.kind)
    if tools.registry.find(key.cluster) is None:
        raise _refused([Problem("E_CLUSTER_NOT_FOUND", "cluster", f"cluster {key.cluster} is not registered")])
    seen = view(tools, connect(tools, key), key)
    world = _World(tools, key, request, seen)
    checked = preflight(request, world.facts(call.execution))
    problems = [*checked.problems, *world.problems()]
    if problems:
        raise _refused(problems)
    if request.dry_run:
        return _answer(Next.DRY_RUN, request, {}, "cluster", _plan(request, checked))
    hooks, problems = ask_before_start(tools, request, call.execution)
    if problems:
        raise _refused(problems)
    return _begin(tools, call, world, checked, hooks)


def _begin(
    tools: Toolbox, call: Preparation, world: "_World", checked: Preflight, hooks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    request, lease = world.request, _acquired(tools, call, world, checked, hooks)
    warnings = [warning.document() for warning in checked.warnings]
    tell(tools, lease, Event.STARTED, {"percents": percents_of(request.strategy), "warnings": warnings})
    for answer in hooks:
        tell_answer(tools, lease, answer)
    return _answer(lease.progress.next, request, shown(lease), scope_of(lease), _plan(request, checked))


def _acquired(
    tools: Toolbox, call: Preparation, world: "_World", checked: Preflight, hooks: Sequence[Mapping[str, Any]]
) -> Lease:
    request, key, now = world.request, world.key, tools.now()
    document = {"request": request.document(), "execution": call.execution, "started": call.started}
    vector = vector_of(checked.rules)
    route = world.seen.route or {}
    planned = steps(request)
    first = first_step(planned, request.resume_from_percent)
    gated = request.gates.before_start or planned[first].gate
    progress = Progress(
        canary=call.execution.rsplit(":", 1)[-1],
        request=tools.documents.put("canaries", key.cluster, document),
        route_uid=route["metadata"]["uid"],
        pair=pair_of(request),
        started_at=now,
        deadline_at=now + request.safety.max_duration_seconds,
        baseline=vector,
        expected=vector,
        generation=route["metadata"]["generation"],
        outline=outline_of(route, checked.rules),
        going_to=first,
        groups=world.groups,
        heartbeat_at=now,
        hooks=tuple(hooks),
        gate_before="start" if request.gates.before_start else f"step {first}",
        notes=tuple({"kind": "warning", **warning.document()} for warning in checked.warnings),
    )
    asked = due(request, passed=None, following=first, last=len(planned) - 1)
    progress = after_hooks(progress, asked, Next.GATE if gated else Next.SHIFT)
    services = [group.service for group in world.groups]
    if world.former:
        tools.canaries.release(world.former)
    try:
        return tools.canaries.acquire(key, execution=call.execution, services=services, progress=progress)
    except LeaseHeldError as error:
        raise _refused([Problem("E_LOCKED", "route", f"a canary is in progress: {error}")]) from error


class _World:
    """What there is around the route: services, target groups, targets, alarms, and who holds the lease."""

    def __init__(self, tools: Toolbox, key: CanaryKey, request: CanaryRequest, seen: RouteView) -> None:
        self.key = key
        self.request = request
        self.seen = seen
        self._tools = tools
        self._group_ids = group_ids(tools.clients.lattice)
        self.groups = tuple(self._groups())
        self.former: Lease | None = None
        """The lease of a promotion that is over; it has to be released first."""

    def facts(self, execution: str) -> PreflightFacts:
        """Everything that the decision needs."""
        compared = compare_rules(self._tools.clients.lattice, self.seen.services, self.groups)
        subjects, clients = subjects_of(self.groups, self.request), self._tools.clients
        try:
            hourly, forbidden = self._hourly(subjects) if self.groups else None, False
        except ForbiddenError:
            hourly, forbidden = None, True
        now = datetime.fromtimestamp(self._tools.now(), UTC)
        return PreflightFacts(
            route=self.seen.route,
            now=now,
            baseline=VersionFacts(
                target_groups=tuple(group.baseline for group in self.groups),
                targets=read_targets(clients.lattice, subjects.baseline),
                endpoints=self._endpoints(self.request.baseline),
                is_shared=self._is_shared(self.request.baseline),
            ),
            canary=VersionFacts(
                target_groups=tuple(group.canary for group in self.groups),
                targets=read_targets(clients.lattice, subjects.canary),
                endpoints=self._endpoints(self.request.canary),
                is_shared=self._is_shared(self.request.canary),
            ),
            alarms=read_alarms(clients.cloudwatch, self.request.alarms.names),
            lease=self._lease(execution),
            lattice_agrees=not compared.differing,
            metrics_forbidden=forbidden,
            hook_functions=self._tools.settings.canary_hooks,
            hourly_requests=hourly,
        )

    def problems(self) -> list[Problem]:
        """What speaks against a canary beside the facts."""
        held = held_services(self.seen.intent)
        because = next((held[service.name] for service in self.seen.services if service.name in held), "")
        if self.seen.cluster.mode is Mode.PLAN:
            because = f"mode plan of cluster {self.key.cluster}"
        if not because:
            return []
        return [Problem("E_MODE_PLAN", "route", f"Trellis only reports here and changes nothing: {because}")]

    def _groups(self) -> list[Groups]:
        """The groups of both versions for each service that sends requests to both."""
        ids = service_ids(self._tools.clients.lattice, [service.name for service in self.seen.services])
        found = []
        for service in self.seen.services:
            pair = [self._group(service, side) for side in (self.request.baseline, self.request.canary)]
            groups = [self._group_ids.get(group.name) if group else None for group in pair]
            if service.name in ids and groups[0] and groups[1]:
                found.append(Groups(service.name, ids[service.name], groups[0], groups[1]))
        return found

    def _group(self, service: Service, side: Backend) -> TargetGroup | None:
        name = f"Service {side.namespace or self.key.namespace}/{side.name} port "
        wanted = f"{name}{side.port}" if side.port else name
        found = [group for group in service.target_groups if group.stands_for.startswith(wanted)]
        exact = [group for group in found if not side.port or group.stands_for == wanted]
        return exact[0] if len(exact) == 1 else None

    def _endpoints(self, side: Backend) -> frozenset[str]:
        groups = (self._group(service, side) for service in self.seen.services)
        return frozenset(f"{target.id}:{target.port}" for group in groups if group for target in group.targets)

    def _is_shared(self, side: Backend) -> bool:
        """Whether other routes of the same services send requests to this version, by the same target groups."""
        wanted = side.model_copy(update={"namespace": side.namespace or self.key.namespace})
        return any(holders(route, wanted, route["metadata"]["namespace"]) for route in self.seen.neighbours)

    def _lease(self, execution: str) -> LeaseFacts:
        canaries = self._tools.canaries
        leases = (canaries.find(self.key), *(canaries.locking(service.name) for service in self.seen.services))
        for lease in leases:
            if lease is None or lease.phase is Phase.RELEASED or lease.execution == execution:
                continue
            if lease.phase is not Phase.PROMOTED_PENDING_GIT:
                return LeaseFacts(holder=lease.execution)
            if not self._is_over(lease):
                return LeaseFacts(override_pending=True)
            self.former = lease
        return LeaseFacts()

    def _is_over(self, lease: Lease) -> bool:
        """Whether a promotion of this route is in its manifests by now, and no sweep has found that yet."""
        progress = lease.progress
        return lease.key == self.key and bool(
            is_over(self.seen.route, uid=progress.route_uid, pair=progress.pair, expected=progress.expected)
        )

    def _hourly(self, subjects: Subjects) -> float | None:
        """The baseline's requests of the last hour; raises ForbiddenError."""
        now = self._tools.now()
        try:
            baseline, _ = read_series(self._tools.clients.cloudwatch, subjects, Period(now - now % 60 - 3600, now))
        except ForbiddenError:
            raise
        except UnreadableError:
            return None
        return sum(minute.total for minute in baseline)


def _answer(
    next_: str, request: CanaryRequest, canary: Mapping[str, Any], scope: str, report: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "next": next_,
        "canary": canary,
        "scope": scope,
        "gateSeconds": request.gates.timeout_seconds,
        "report": report,
    }


def _plan(request: CanaryRequest, checked: Preflight) -> dict[str, Any]:
    """What a canary would do, which is also the output of a dry run."""
    return {
        "result": Next.DRY_RUN,
        "steps": [{"percent": step.percent, "bakeSeconds": step.bake_seconds} for step in steps(request)],
        "rules": vector_of(checked.rules),
        "warnings": [warning.document() for warning in checked.warnings],
    }


def _refused(problems: Sequence[Problem]) -> InvalidInputError:
    return InvalidInputError(json.dumps({"problems": [problem.document() for problem in problems]}))
