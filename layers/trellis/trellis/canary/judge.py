"""The judge: from evidence and the moment to a verdict. Pure, and the same whatever the order of the evidence.

The reasons are looked at in the order of their urgency, and the first one decides. Whatever is missing leads to waiting
and extending, and then to what the operator chose, never to a pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

from trellis.canary import checks
from trellis.canary.evidence import Evidence
from trellis.canary.live_route import RouteAction
from trellis.canary.soft_checks import SoftChecks, failed, kind_of, muted
from trellis.canary.verdict import Action, CheckEvidence, CheckResult, JudgeConfig, Moment, Verdict
from trellis.canary.versions import Versions

Decision = tuple[Action, str]

INCONCLUSIVE = "INCONCLUSIVE_"
"""Begin of the reasons for which the evidence does not suffice when all extensions are over."""


def judge(config: JudgeConfig, evidence: Evidence, moment: Moment) -> Verdict:
    """The verdict on the step that bakes."""
    return _Judge(config, evidence, moment).verdict()


class _Judge:
    def __init__(self, config: JudgeConfig, evidence: Evidence, moment: Moment) -> None:
        self._config = config
        self._evidence = evidence
        self._moment = moment
        self._rows: list[CheckEvidence] = []
        self._versions = Versions(config, evidence, moment)
        self._limits = moment.checks(config.analysis)

    def verdict(self) -> Verdict:
        """The first decision, with everything that was looked at until then."""
        reasons: tuple[Callable[[], Decision | None], ...] = (
            self._command,
            self._identity,
            self._deadline,
            self._hard_stop,
            self._alarms,
            self._targets,
            self._edits,
            self._unreadable,
            self._unjudged,
            self._soft_checks,
            self._bake,
        )
        action, reason = next(found for look in reasons if (found := look()) is not None)
        versions = self._versions
        return Verdict(
            action=action,
            reason=reason,
            checks=tuple(self._rows),
            states={"v1": versions.told(versions.baseline_state), "v2": versions.told(versions.canary_state)},
            baked_seconds=self._baked,
            measured_percent=versions.measured_percent,
            requests={"v1": versions.live_baseline.requests, "v2": versions.canary.requests},
            failures={"v1": versions.live_baseline.failures, "v2": versions.canary.failures},
            notes=self._evidence.causes,
        )

    @cached_property
    def _baked(self) -> int:
        return max(0, int(self._moment.now - self._moment.verified_at))

    def _command(self) -> Decision | None:
        if self._moment.is_aborted:
            return Action.ROLLBACK, "ABORTED"
        return (Action.DETACH, "LEASE_LOST") if self._moment.lease_lost else None

    def _identity(self) -> Decision | None:
        route = self._moment.route
        if route is not None and route.action == RouteAction.STOP:
            return Action.STOP, route.reason
        if route is not None and route.reason == "BACKEND_GONE":
            return Action.HOLD, route.reason
        return None

    def _deadline(self) -> Decision | None:
        return (Action.ROLLBACK, "DEADLINE") if self._moment.now >= self._moment.deadline_at else None

    def _hard_stop(self) -> Decision | None:
        """The newest minutes count here, and those of settling: users are hurt, and what has failed stays failed."""
        complete = ((window.since, v1, v2) for window, v1, v2 in self._versions.windows)
        for start, v1, v2 in (*complete, *self._versions.early):
            row = checks.hard_stop(v1, v2, self._limits.hard_stop)
            if row.verdict == CheckResult.FAIL and self._keep(replace(row, window=start)):
                return Action.ROLLBACK, "HARD_STOP"
        return None

    def _alarms(self) -> Decision | None:
        if "alarms" in self._evidence.unreadable:
            return None
        decision = None
        for alarm in sorted(self._evidence.alarms, key=lambda each: each.name):
            row = self._alarm_row(alarm.name, alarm.state, is_old=alarm.since < self._moment.started_at)
            if self._keep(row) and decision is None:
                decision = (Action.ROLLBACK, "ALARM")
        return decision

    def _alarm_row(self, name: str, state: str, *, is_old: bool) -> CheckEvidence:
        result = CheckResult.PASS
        if state == "ALARM":
            # It was allowed to be so at the start; once it has recovered, it counts again.
            old = is_old and self._config.alarms.allow_active_at_start
            result = CheckResult.WARN if old else CheckResult.FAIL
        elif state != "OK":
            policy = {"fail": CheckResult.FAIL, "ignore": CheckResult.WARN, "inconclusive": CheckResult.INCONCLUSIVE}
            result = policy[self._config.alarms.insufficient_data]
        return CheckEvidence(f"alarms:{name}", result, state=state)

    def _targets(self) -> Decision | None:
        if "targets" in self._evidence.unreadable:
            return None
        zero = self._evidence.canary_targets.serving == 0
        return (Action.ROLLBACK, "NO_HEALTHY_TARGETS") if zero and self._limits.hard_stop.zero_healthy_targets else None

    def _edits(self) -> Decision | None:
        route = self._moment.route
        if route is None or route.action == RouteAction.CONTINUE:
            return None
        return Action(route.action.value), route.reason

    def _unreadable(self) -> Decision | None:
        too_often = self._moment.failed_reads > self._config.analysis.max_consecutive_errors
        return (Action.ROLLBACK, "EVIDENCE_UNREADABLE") if self._evidence.unreadable and too_often else None

    def _unjudged(self) -> Decision | None:
        return (Action.ADVANCE, "NOT_JUDGED") if self._moment.step.bake_seconds == 0 else None

    def _soft_checks(self) -> Decision | None:
        soft = SoftChecks(self._config, self._limits, self._versions, self._evidence)
        rows = soft.rows(is_baked=self._is_baked)
        self._rows += rows
        reasons = failed(rows)
        if reasons == ["ERROR_RATE"] and soft.both_bad(rows):
            return Action.PAUSE, "BOTH_BAD"
        return (Action.ROLLBACK, reasons[0]) if reasons else None

    @property
    def _is_baked(self) -> bool:
        return self._baked >= self._moment.step.bake_seconds

    def _bake(self) -> Decision:
        self._split()
        doubt = next(self._doubts(), None)
        if not self._is_baked:
            return Action.WAIT, doubt or "BAKING"
        if doubt is None:
            return Action.ADVANCE, "PASSED"
        analysis = self._config.analysis
        if self._baked < self._moment.step.bake_seconds + analysis.max_extend_seconds + self._moment.extra_seconds:
            return Action.EXTEND, doubt
        if analysis.on_inconclusive == "promote" and analysis.allow_unsafe:
            return Action.ADVANCE, f"UNSAFE_{doubt}"
        return (Action.ROLLBACK if analysis.on_inconclusive == "rollback" else Action.PAUSE), f"{INCONCLUSIVE}{doubt}"

    def _split(self) -> None:
        limits = self._limits.split_check
        if limits.enabled and "metrics" not in self._evidence.unreadable:
            step = self._moment.step
            versions = self._versions
            self._keep(checks.split(versions.live_baseline, versions.canary, limits, percent=step.percent))

    def _doubts(self) -> Iterator[str]:
        """Why the evidence does not suffice, the most telling reason first."""
        if self._evidence.unreadable:
            yield "UNREADABLE"
        yield from self._versions.doubts()
        whole = [row for row in self._rows if row.window is None]
        doubtful = {kind_of(row.check) for row in whole if row.verdict == CheckResult.INCONCLUSIVE}
        if "alarms" in doubtful:
            yield "ALARM_INSUFFICIENT_DATA"
        if self._evidence.canary_targets.serving < self._config.safety.min_healthy_canary_targets:
            yield "TOO_FEW_TARGETS"
        if "custom" in doubtful:
            yield "CUSTOM_WITHOUT_DATA"
        if any(row.check == "splitCheck" and row.verdict == CheckResult.FAIL for row in whole):
            yield "SPLIT_MISMATCH"

    def _keep(self, row: CheckEvidence) -> bool:
        """Keep the row; whether it has failed in earnest."""
        kept = muted(row, self._config.analysis.dry_run_checks)
        self._rows.append(kept)
        return kept.verdict == CheckResult.FAIL
