"""What is said about a drifted cluster: an EventBridge event for programs, and a text that fits on a phone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trellis.reporting.lines import Action, Line

SOURCE, DETAIL_TYPE = "trellis", "Trellis Drift"

_NAMED = 10
"""Drifts that an event and a message name; the report has all of them."""

_SUBJECT_LENGTH = 100  # API reference of SNS Publish
_VALUE_LENGTH = 80


@dataclass(frozen=True)
class Stored:
    """Where the report and its page are: keys in `bucket`."""

    bucket: str
    report: str
    page: str


def counts(report: Mapping[str, Any]) -> dict[str, int]:
    """How many drifts there are of each action."""
    found = Counter(line["action"] for line in report["drifts"])
    return {action.value: found[action] for action in Action}


def event_detail(report: Mapping[str, Any], stored: Stored) -> dict[str, Any]:
    """The event's `detail`. `run` and `cluster` tell an event that is delivered twice."""
    return {
        "cluster": report["cluster"],
        "run": report["run"],
        "lane": report["lane"],
        "mode": report["mode"],
        "status": report["status"],
        "drifts": {"found": len(report["drifts"]), **counts(report)},
        "resources": sorted({line["resource"] for line in report["drifts"]})[:_NAMED],
        "bucket": stored.bucket,
        "report": stored.report,
        "page": stored.page,
    }


def subject(report: Mapping[str, Any]) -> str:
    """The subject of a message: what happened, then where, cut to what SNS allows."""
    return f"Trellis: {_summary(report)} in {report['cluster']}"[:_SUBJECT_LENGTH]


def text(report: Mapping[str, Any], stored: Stored) -> str:
    """The message: what drifted, who did it, what was done."""
    lines = [_told(line) for line in report["drifts"][:_NAMED]]
    more = len(report["drifts"]) - _NAMED
    return "\n".join(
        [
            f"{_summary(report)} in cluster {report['cluster']}.",
            "",
            *lines,
            *([f"- and {more} more"] if more > 0 else []),
            "",
            f"Report: s3://{stored.bucket}/{stored.report}",
            f"Page: s3://{stored.bucket}/{stored.page}",
        ]
    )


def name_of(actor: str) -> str:
    """The part of an actor's ARN that a person knows: `user/eve`, `assumed-role/admin/eve`."""
    return actor.rsplit(":", 1)[-1]


def _summary(report: Mapping[str, Any]) -> str:
    number = len(report["drifts"])
    told = [f"{count} {action}" for action, count in counts(report).items() if count]
    return f"{number} drift{'s' if number != 1 else ''} ({', '.join(told)})"


def _told(line: Line) -> str:
    cause = line["causes"][-1] if line["causes"] else None
    who = f"\n  {cause['call']} by {name_of(cause['actor'])} at {cause['time']}" if cause else ""
    age = f" after {line['age']} s" if line["age"] is not None else ""
    because = f"\n  {_cut(line['because'])}" if line["because"] else ""
    return f"- {line['resource']}, {line['field']}: {line['action']}{age}{who}{because}"


def _cut(value: str) -> str:
    return value if len(value) <= _VALUE_LENGTH else f"{value[: _VALUE_LENGTH - 1]}…"
