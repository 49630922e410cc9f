"""The page of one run or of a whole fleet: one self-contained HTML document. Nothing in it is loaded.

Clusters that drifted are drawn and listed; the others are named, because a fleet is mostly as it should be. Then come
the certificates of all.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Any

from trellis.reporting.certificate_table import certificates, needing
from trellis.reporting.drawing import drawing
from trellis.reporting.escaping import safe, words
from trellis.reporting.lines import Action, Line
from trellis.reporting.messages import counts, name_of

Report = Mapping[str, Any]

_COLUMNS = ("Resource", "Field", "Expected", "Found", "Who and when", "Action")
_STYLES = {Action.REPAIRED: "good", Action.REPORTED: "", Action.FAILED: "drift"}


def page(reports: Sequence[Report], *, title: str) -> str:
    """The page about some runs, in the order of their clusters' names."""
    ordered = sorted(reports, key=lambda report: str(report["cluster"]))
    drifted = [report for report in ordered if report["drifts"]]
    others = [report for report in ordered if not report["drifts"]]
    return Template(files(__package__).joinpath("page.html").read_text("utf-8")).substitute(
        title=safe(title),
        subtitle=safe(_subtitle(ordered)),
        numbers=_numbers(ordered),
        pictures="".join(_pictures(drifted)),
        clusters="".join(_cluster(report) for report in drifted),
        certificates=certificates(ordered),
        others=_others(others),
    )


def _subtitle(reports: Sequence[Report]) -> str:
    times = [report["ended"] for report in reports if report.get("ended")]
    lanes = sorted({report["lane"] for report in reports if report.get("lane")})
    return " · ".join([*([f"up to {_when(max(times))}"] if times else []), *(f"lane {lane}" for lane in lanes)])


def _numbers(reports: Sequence[Report]) -> str:
    totals = {action: sum(counts(report)[action] for report in reports) for action in Action}
    found = sum(totals.values())
    drifted = sum(bool(report["drifts"]) for report in reports)
    needed = needing(reports)
    shown = [
        ("", f"{drifted} / {len(reports)}", "clusters drifted"),
        ("drift" if found else "good", str(found), "drifts found"),
        *((_STYLES.get(action, "warn"), str(number), action.value) for action, number in totals.items() if number),
        *([("warn", str(needed), "certificates to look at")] if needed else []),
    ]
    items = "".join(f'<li class="{style}"><b>{number}</b>{label}</li>' for style, number, label in shown)
    return f'<ul class="numbers">{items}</ul>'


def _pictures(drifted: Sequence[Report]) -> Iterator[str]:
    drawn = sorted((report for report in drifted if report.get("picture")), key=_network_of)
    for network, members in groupby(drawn, key=_network_of):
        legend = (
            "As it was found, before repairs. An exclamation mark and a dashed line show drift; "
            "“90 → 7” is a weight that should be 90 and was found to be 7. "
            "Dots are targets: green healthy, red unhealthy, hollow not checked."
        )
        yield (
            f"<h2>Service network {safe(network)}</h2>"
            f'<figure class="card">{drawing(list(members))}<figcaption>{legend}</figcaption></figure>'
        )


def _network_of(report: Report) -> str:
    return str(report["picture"]["network"])


def _cluster(report: Report) -> str:
    headings = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = "".join(_row(line) for line in report["drifts"])
    status = safe(report["status"])
    guard = f'<p class="soft">{safe(report["guard"])}</p>' if report.get("guard") else ""
    run = safe(f"run {report['run']}, lane {report['lane']}, mode {report['mode']}")
    return (
        f'<section><h2>{safe(report["cluster"])} <span class="badge {status}">{status}</span></h2>'
        f'<p class="soft">{run}</p>{guard}'
        f'<div class="card"><table><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _row(line: Line) -> str:
    age = f'<p class="soft">after {line["age"]} s</p>' if line["age"] is not None else ""
    because = f'<p class="soft">{safe(line["because"])}</p>' if line["because"] else ""
    action = safe(line["action"])
    cells = (
        safe(line["resource"]),
        safe(line["field"]),
        f'<span class="value">{safe(words(line["expected"]), length=400)}</span>',
        f'<span class="value">{safe(words(line["found"]), length=400)}</span>',
        "".join(_cause(cause) for cause in line["causes"]) or '<span class="soft">not known</span>',
        f'<span class="badge {action}">{action}</span>{age}{because}',
    )
    labelled = zip(_COLUMNS, cells, strict=True)
    return f"<tr>{''.join(f'<td data-label={chr(34)}{label}{chr(34)}>{cell}</td>' for label, cell in labelled)}</tr>"


def _cause(cause: Mapping[str, str]) -> str:
    return (
        f'<p class="who"><b>{safe(name_of(cause["actor"]))}</b><br>{safe(cause["call"])}<br>'
        f'<span class="soft">{safe(_when(cause["time"]))}</span></p>'
    )


def _others(others: Sequence[Report]) -> str:
    if not others:
        return ""
    items = "".join(
        f'<li>{safe(report["cluster"])} <span class="badge {safe(report["status"])}">{safe(report["status"])}</span>'
        f"{_reasons(report)}</li>"
        for report in others
    )
    return f'<section><h2>Without drift</h2><div class="card"><ul class="plain">{items}</ul></div></section>'


def _reasons(report: Report) -> str:
    """Why a run failed: it may have missed drift."""
    if report["status"] != "FAILED":
        return ""
    return "".join(
        f'<p class="soft">{safe(line["reason"])}: {safe(line["message"], length=400)}</p>'
        for line in report.get("refused", ())
    )


def _when(time: str) -> str:
    return time[:19].replace("T", " ")
