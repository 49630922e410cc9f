"""One look at a canary: commands, the route, health, alarms and metrics, and what follows from them.

A call that finds nothing to do but wait answers how long. A step that has ended raises StepEndedError, after the lease
says what comes next, so that a repeated call says the same; what must end the canary raises CanaryFailedError.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn

from trellis.canary.hooks import due
from trellis.canary.judge import INCONCLUSIVE, judge
from trellis.canary.live_route import RouteDecision, decide
from trellis.canary.liveness import seconds_to_next_look
from trellis.canary.names import Event, Metric
from trellis.canary.report import judged_step
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Lease, Next, Phase, Progress
from trellis.canary.strategy import Step
from trellis.canary.verdict import Action, JudgeConfig, Moment, Verdict
from trellis.errors import LeaseLostError, StepEndedError
from trellis.resources.canary_rules import changed_rules
from trellis.runs.canary_calls import CanaryCall, failed, held, obey_abort, request_of, steps
from trellis.runs.canary_gates import APPROVE, CLOCK, HOLD
from trellis.runs.canary_hooks import after_hooks
from trellis.runs.canary_orders import Orders
from trellis.runs.canary_reading import read_evidence
from trellis.runs.canary_telling import measure, moment, notify, tell
from trellis.runs.canary_view import connect
from trellis.runs.canary_weights import read
from trellis.runs.toolbox import Toolbox

_WATCH_SECONDS = 15
"""How often a gate looks whether somebody has decided: a person waits for what follows."""

_WRITING = (Action.ROLLBACK, Action.STOP, Action.DETACH, Action.REASSERT)
"""What follows on these ends the step or writes the weights again, whatever VPC Lattice carries by now."""

_TOLD = 3
"""Differing rules that a message names."""


class EvaluationCall(CanaryCall):
    """`tick` while a step bakes, `watch` beside an open gate."""

    action: Literal["tick", "watch"]


def evaluate(tools: Toolbox, call: EvaluationCall) -> dict[str, Any]:
    """How long to wait; raises StepEndedError, CanaryFailedError and LeaseLostError."""
    lease = held(tools, call)
    evaluation = _Evaluation(tools, lease, request_of(tools, lease.progress))
    return evaluation.watch() if call.action == "watch" else evaluation.tick()


class _Evaluation:
    def __init__(self, tools: Toolbox, lease: Lease, request: CanaryRequest) -> None:
        self._tools = tools
        self._lease = lease
        self._request = request
        self._steps = steps(request)
        self._now = tools.now()

    def watch(self) -> dict[str, Any]:
        """Beside a gate nothing moves but what must end the canary."""
        gate = self._lease.gate
        if gate and gate.decision:
            return {"decided": True, "wait": 1}
        # One that came while the gate was about to open found nobody waiting.
        obey_abort(self._lease)
        verdict = self._judged()
        if verdict.action in (Action.ROLLBACK, Action.STOP):
            raise failed(verdict.reason, "found while a person was to decide")
        self._save(self._lease)
        return {"decided": False, "wait": _WATCH_SECONDS}

    def tick(self) -> dict[str, Any]:
        """One look while a step bakes."""
        self._leave_gate()
        if self._lease.progress.next:
            raise StepEndedError(self._lease.progress.next)
        self._lease = Orders(self._tools, self._lease, self._request).followed()
        if self._lease.progress.next:
            raise StepEndedError(self._lease.progress.next)
        verdict = self._judged()
        self._record(verdict)
        self._act(verdict)
        return {"wait": self._wait()}

    def _leave_gate(self) -> None:
        gate = self._lease.gate
        if gate is None or not gate.decision:
            return
        progress = replace(self._lease.progress, gates=(*self._lease.progress.gates, gate))
        lease = replace(self._lease, gate=None, token="", progress=progress)
        if gate.decision == APPROVE:
            self._end(lease, Next.SHIFT)
        if gate.decision == HOLD:
            self._end(lease, Next.GATE)
        self._save(lease)
        code = "GATE_TIMEOUT" if gate.decided_by == CLOCK else "GATE_REJECTED"
        raise failed(code, f"the gate before {gate.before} was closed by {gate.decided_by} {gate.reason}".rstrip())

    def _judged(self) -> Verdict:
        progress = self._lease.progress
        found = read(connect(self._tools, self._lease.key), self._lease, self._request)
        decision = decide(found.live, self._request.safety, reasserts=progress.reasserts)
        evidence = read_evidence(self._tools, self._lease, self._request, self._step)
        failed_reads = progress.failed_reads + 1 if evidence.unreadable else 0
        self._lease = replace(
            self._lease, progress=replace(progress, failed_reads=failed_reads, queries=progress.queries + 1)
        )
        here = Moment(
            now=self._now,
            step=self._step,
            started_at=progress.started_at,
            verified_at=progress.verified_at or progress.started_at,
            deadline_at=progress.deadline_at,
            extra_seconds=progress.extended_seconds,
            failed_reads=failed_reads,
            route=decision,
        )
        verdict = judge(JudgeConfig.of(self._request), evidence, here)
        return verdict if verdict.action in _WRITING else self._unless_elsewhere(verdict, decision)

    def _unless_elsewhere(self, verdict: Verdict, decision: RouteDecision) -> Verdict:
        """Nothing advances while VPC Lattice carries other weights than those that were verified, and a person is told.

        That is so when the Service of a version is gone: its share goes to the other one, whatever the route says.
        """
        tools, progress = self._tools, self._lease.progress
        changed = changed_rules(tools.clients.lattice, progress.rules)
        if bool(changed) != progress.drifted:
            self._lease = replace(self._lease, progress=replace(progress, drifted=bool(changed)))
        if not changed:
            return verdict
        if not progress.drifted:
            tell(tools, self._lease, Event.LATTICE_DRIFTED, {"rules": list(changed), "route": decision.reason})
            notify(tools, self._lease, self._request, f"LATTICE_DRIFTED: {'; '.join(changed[:_TOLD])}")
        measure(tools, self._lease, {Metric.LATTICE_DRIFTS: 1})
        advancing = verdict.action is Action.ADVANCE
        return replace(verdict, action=Action.WAIT, reason="LATTICE_DRIFTED") if advancing else verdict

    @property
    def _step(self) -> Step:
        """The step that bakes; before the first, one that sends nothing to the canary."""
        index = self._lease.progress.step
        return self._steps[index] if index >= 0 else Step(-1, 0.0, 0)

    def _record(self, verdict: Verdict) -> None:
        """The verdict with its numbers goes into a document of its own, its outline into the step's line."""
        tools, lease = self._tools, self._lease
        document = {"canary": lease.progress.canary, "at": self._now, "verdict": verdict.document()}
        outline = {
            **judged_step(verdict, bake_seconds=self._step.bake_seconds),
            "evidence": tools.documents.put("canaries", lease.key.cluster, document),
        }
        lines = lease.progress.steps
        if verdict.action is Action.EXTEND and not _was_extended(lines):
            tell(tools, lease, Event.EXTENDED, {"percent": self._step.percent, "reason": verdict.reason})
        if lines:
            lines = (*lines[:-1], {**lines[-1], **outline})
        self._lease = replace(lease, progress=replace(lease.progress, steps=lines))
        numbers = {_metric(verdict): 1.0}
        if verdict.measured_percent is not None:
            numbers[Metric.MEASURED_SHARE] = verdict.measured_percent
        measure(tools, lease, numbers)

    def _act(self, verdict: Verdict) -> None:
        match verdict.action:
            case Action.DETACH:
                raise LeaseLostError(f"{self._lease.key}: {verdict.reason}")
            case Action.ROLLBACK | Action.STOP:
                self._save(self._lease)
                raise failed(verdict.reason, _words(verdict))
            case Action.REASSERT:
                self._reassert(verdict)
            case Action.ADVANCE if not self._lease.progress.paused_at:
                self._advance()
            case Action.PAUSE:
                self._pause(verdict.reason)
            case Action.HOLD:
                self._pause(verdict.reason)
        self._check_pause(verdict)
        self._save(self._lease)

    def _advance(self) -> None:
        tell(self._tools, self._lease, Event.STEP_PASSED, {"percent": self._step.percent})
        passed, last = self._lease.progress.step, len(self._steps) - 1
        following = passed + 1
        hooks = due(self._request, passed=passed, following=following, last=last)
        if following > last:
            self._end_after(hooks, self._lease.progress, Next.COMPLETE)
        progress = replace(self._lease.progress, going_to=following, gate_before=f"step {following}")
        self._end_after(hooks, progress, Next.GATE if self._steps[following].gate else Next.SHIFT)

    def _reassert(self, verdict: Verdict) -> None:
        progress = self._lease.progress
        note = {"kind": "external edit", "at": self._now, "message": verdict.reason}
        progress = replace(
            progress, reasserts=progress.reasserts + 1, going_to=progress.step, notes=(*progress.notes, note)
        )
        self._lease = replace(self._lease, progress=progress)
        tell(self._tools, self._lease, Event.EXTERNAL_EDIT, {"reason": verdict.reason, "reasserts": progress.reasserts})
        self._end(self._lease, Next.SHIFT)

    def _pause(self, reason: str) -> None:
        """Wait for a person, who is told once."""
        progress = self._lease.progress
        if progress.paused_at:
            return
        progress = replace(progress, paused_at=self._now, paused_by=reason)
        self._lease = replace(self._lease, phase=Phase.PAUSED, progress=progress)
        tell(self._tools, self._lease, Event.PAUSED, {"by": "judge", "reason": reason})
        until = moment(self._now + self._request.gates.timeout_seconds)
        words = f"PAUSED: {reason}, a person has to decide until {until}"
        notify(self._tools, self._lease, self._request, words)

    def _check_pause(self, verdict: Verdict) -> None:
        """A pause ends like a gate when nobody does anything; time is no evidence, so the judge is asked as well."""
        progress, gates = self._lease.progress, self._request.gates
        if not progress.paused_at or self._now - progress.paused_at < gates.timeout_seconds:
            return
        unsafe = self._request.analysis.allow_unsafe and verdict.reason.startswith(INCONCLUSIVE)
        doubted = verdict.action in (Action.PAUSE, Action.HOLD) and not unsafe
        if gates.on_timeout == "rollback" or (gates.on_timeout == "promote" and doubted):
            self._save(self._lease)
            raise failed("PAUSE_TIMEOUT", f"paused by {progress.paused_by}, and nobody has resumed in time")
        if gates.on_timeout == "promote":
            self._lease = replace(self._lease, progress=replace(progress, paused_at=0.0, paused_by=""))
            if verdict.action is Action.ADVANCE or unsafe:
                self._advance()

    def _end_after(self, hooks: tuple[str, ...], progress: Progress, following: Next) -> NoReturn:
        progress = after_hooks(progress, hooks, following)
        self._end(replace(self._lease, progress=progress), progress.next)

    def _end(self, lease: Lease, next_: str) -> NoReturn:
        self._save(replace(lease, progress=replace(lease.progress, next=next_)))
        raise StepEndedError(next_)

    def _save(self, lease: Lease) -> None:
        progress = replace(lease.progress, heartbeat_at=self._now)
        self._lease = self._tools.canaries.save(replace(lease, progress=progress))

    def _wait(self) -> int:
        """Seconds until the next look, from the end of this one: a tick, or less at the end of the bake."""
        now = self._tools.now()
        tick = seconds_to_next_look(self._request, now=now)
        left = self._step.bake_seconds - (now - self._lease.progress.verified_at)
        return max(1, min(tick, math.ceil(left))) if left > 0 else tick


def _metric(verdict: Verdict) -> Metric:
    if verdict.action in (Action.ROLLBACK, Action.STOP, Action.DETACH):
        return Metric.VERDICT_FAIL
    return Metric.VERDICT_PASS if verdict.action is Action.ADVANCE else Metric.VERDICT_INCONCLUSIVE


def _was_extended(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last look at a step had already found that its evidence does not suffice."""
    verdicts: Sequence[Mapping[str, Any]] = lines[-1].get("verdicts", []) if lines else []
    return bool(verdicts) and verdicts[-1]["action"] == Action.EXTEND


def _words(verdict: Verdict) -> str:
    """The checks that speak against the canary, with their numbers."""
    bad = [check for check in verdict.checks if check.verdict == "FAIL"]
    return "; ".join(f"{check.check}: {check.v2} against {check.v1}, {check.threshold}" for check in bad[:3])
