"""The lines of a report about drift: what drifted, who did it and when, and what was done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from trellis.planning.plan import Verdict
from trellis.reporting.differences import Difference, differences, item_key
from trellis.reporting.drift import REFUSAL
from trellis.reporting.wanted import Document, wanted

Line = dict[str, Any]


class Action(StrEnum):
    """What a run did about a drift: undone, told of only, kept from by the guard, refused, or tried in vain."""

    REPAIRED = "repaired"
    REPORTED = "reported"
    STOPPED = "stopped"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: its plan, the plan that verified it (None when it did not come so far) and the outcomes."""

    plan: Document
    verified: Document | None
    outcomes: Sequence[Document]
    lane: str
    ended: str = ""


def lines(found: Sequence[Difference], end: RunEnd, causes: Mapping[str, Sequence[Mapping[str, str]]]) -> list[Line]:
    """One line for each drift; `causes` are other people's calls by work item, the oldest first."""
    judge = _Judge(end)
    return [judge.line(drift, list(causes.get(drift.item, ()))) for drift in found]


class _Judge:
    def __init__(self, end: RunEnd) -> None:
        self._end = end
        self._outcomes = {item_key(outcome): outcome for outcome in end.outcomes}
        self._done = {change["resource"] for outcome in end.outcomes for change in outcome.get("done", ())}
        verified = end.verified
        self._remaining = (
            {left.key for left in differences(verified, wanted(verified, verified))} if verified else set()
        )

    def line(self, drift: Difference, causes: list[Mapping[str, str]]) -> Line:
        action, because = self._action(drift)
        return {
            "item": drift.item,
            "resource": drift.resource,
            "kind": drift.kind,
            "field": drift.field,
            "expected": drift.expected,
            "found": drift.found,
            "causes": causes,
            "lane": self._end.lane,
            "action": action,
            "because": because,
            "age": _age(causes, self._end.ended) if action == Action.REPAIRED else None,
        }

    def _action(self, drift: Difference) -> tuple[Action, str]:
        if drift.kind == REFUSAL:
            return Action.REFUSED, str(drift.found)
        if drift.because:
            return Action.REPORTED, drift.because
        match self._end.plan["verdict"]:
            case Verdict.REPORT_ONLY:
                return Action.REPORTED, ""
            case Verdict.STOPPED_BY_GUARD:
                return Action.STOPPED, str(self._end.plan["guard"])
            case _:
                return self._applied(drift)

    def _applied(self, drift: Difference) -> tuple[Action, str]:
        verified = self._end.verified is not None
        if drift.key not in self._remaining if verified else drift.resource in self._done:
            return Action.REPAIRED, ""
        outcome = self._outcomes.get(drift.item, {})
        because = "; ".join(refusal["message"] for refusal in outcome.get("refusals", ()))
        return Action.REFUSED if outcome.get("status") == "REFUSED" else Action.FAILED, because


def _age(causes: Sequence[Mapping[str, str]], ended: str) -> int | None:
    """Seconds from the earliest cause to the end of the run that repaired; None when no event told of a cause."""
    times = [when for cause in causes if (when := _time(cause["time"])) is not None]
    end = _time(ended)
    return max(0, round((end - min(times)).total_seconds())) if times and end else None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
