"""A canary's report as Markdown: what happened, step by step, and the numbers behind each decision."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trellis.canary.verdict import CheckResult

Document = Mapping[str, Any]

_TOLD = {
    "PROMOTED": "promoted",
    "ROLLED_BACK": "rolled back",
    "REJECTED": "rejected, nothing was changed",
    "DRY_RUN": "dry run, nothing was changed",
    "LEASE_LOST": "ended without a write: somebody else took the canary over",
    "ROLLBACK_FAILED": "ROLLBACK FAILED, the weights need a person",
}


def markdown(report: Document) -> str:
    """The report for people; what comes from inputs and objects cannot leave its cell."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Document) -> Iterator[str]:
    route = report["route"]
    place = "/".join(str(route[part]) for part in ("cluster", "namespace", "name") if part in route)
    yield f"# Canary of {_cell(place)}: {_TOLD[report['result']]}"
    yield ""
    yield f"Reason: `{_cell(report['reasonCode'])}`. From {report['startedAt']} to {report['endedAt']}" + (
        f", asked for by {_cell(report['requestedBy'])}." if report["requestedBy"] else "."
    )
    yield from _steps(report["steps"])
    yield from _evidence(report["steps"])
    yield from _rollback(report["rollback"])
    yield from _list("Edits by others", report["externalEdits"])
    yield from _list("Gates", report["gates"])
    yield from _list("Hooks", report["hooks"])
    yield from _list("Problems", report["problems"])
    yield from _list("Warnings", report["warnings"])
    if report["gitPatch"]:
        yield from ("", "## For Git", "", "```yaml", *report["gitPatch"].splitlines(), "```")


def _steps(steps: Sequence[Document]) -> Iterator[str]:
    if not steps:
        return
    yield from (
        "",
        "## Steps",
        "",
        "| asked | measured | verified after | baked | requests v1 / v2 | failures v1 / v2 |",
    )
    yield "|---|---|---|---|---|---|"
    for step in steps:
        measured = step["measuredSharePercent"]
        extended = f" + {step['extendedSeconds']} s" if step["extendedSeconds"] else ""
        cells = (
            f"{step['percent']:g} %",
            "-" if measured is None else f"{measured:g} %",
            f"{step['verifySeconds']} s",
            f"{step['bakedSeconds']} s{extended}",
            *(f"{step[kind].get('v1', 0)} / {step[kind].get('v2', 0)}" for kind in ("requests", "failures")),
        )
        yield f"| {' | '.join(cells)} |"


def _evidence(steps: Sequence[Document]) -> Iterator[str]:
    """The checks behind the last verdict of each step."""
    for step in steps:
        if not step["verdicts"]:
            continue
        last = step["verdicts"][-1]
        yield from ("", f"## At {step['percent']:g} %: {last['action']} ({_cell(last['reason'])})", "")
        yield from ("| check | v1 | v2 | threshold | n1 | n2 | z | result |", "|---|---|---|---|---|---|---|---|")
        for row in last["checks"]:
            if row["window"] is None or row["verdict"] not in (CheckResult.PASS, CheckResult.INCONCLUSIVE):
                yield _row(row)
        yield from (f"- {_cell(note)}" for note in last["notes"])


def _row(row: Document) -> str:
    numbers = ["-" if row[name] is None else f"{row[name]:.4g}" for name in ("v1", "v2")]
    z = "-" if row["z"] is None else f"{row['z']:.2f}"
    cells = (row["check"], *numbers, row["threshold"], row["n1"], row["n2"], z, row["verdict"])
    return f"| {' | '.join(map(_cell, cells))} |"


def _rollback(rollback: Document | None) -> Iterator[str]:
    if not rollback:
        return
    yield from ("", "## Rollback", "")
    verified = rollback["verifiedAt"]
    yield f"Asked for at {rollback['requestedAt']}, " + (
        f"verified at {verified}, {rollback['seconds']} s later." if verified else "not verified."
    )
    exposed, failed = rollback["usersExposedRequests"], rollback["failedCanaryRequests"]
    yield f"By {rollback['countedUntil']} the canary had got {exposed} requests, of which {failed} failed."


def _list(title: str, entries: Sequence[Document]) -> Iterator[str]:
    if entries:
        yield from ("", f"## {title}", "")
        for entry in entries:
            yield "- " + ", ".join(f"{_cell(name)}: {_cell(value)}" for name, value in entry.items())


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in text)
