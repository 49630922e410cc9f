"""The certificates on the page: one row for each hostname that is served with HTTPS, what needs somebody first."""

from collections.abc import Mapping, Sequence
from typing import Any

from trellis.reporting.escaping import safe

Row = Mapping[str, Any]

SHOWN = 200
"""Rows of the table; the page of a large fleet says how many more there are."""

_COLUMNS = ("Cluster", "Hostname", "Routes", "Certificate", "Days left")
_SOON_DAYS, _CLOSE_DAYS = 45, 14
_OVER = ("Missing", "Unknown", "Expired", "Revoked")
_WORDS = {
    "Missing": "missing",
    "Unknown": "not known",
    "Expired": "expired",
    "Revoked": "revoked",
    "RenewalActionRequired": "renewal needs action",
}


def tone(row: Row) -> str:
    """How urgent a row is: `over`, `close`, `soon` or `fine`; also the name of its colour."""
    days = row["daysLeft"]
    if row["state"] in _OVER:
        return "over"
    if days is not None and days < _CLOSE_DAYS:
        return "close"
    return "soon" if row["state"] != "Valid" or (days is not None and days < _SOON_DAYS) else "fine"


def certificates(reports: Sequence[Mapping[str, Any]]) -> str:
    """The section about the certificates of these runs; empty where none serves HTTPS under a name of its own."""
    rows = sorted(_rows(reports), key=_urgency)
    if not rows:
        return ""
    headings = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    body = "".join(_row(cluster, row) for cluster, row in rows[:SHOWN])
    more = f'<p class="soft">and {len(rows) - SHOWN} more, with more time left</p>' if len(rows) > SHOWN else ""
    return (
        f'<section><h2>Certificates</h2><div class="card"><table><thead><tr>{headings}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}</section>"
    )


def needing(reports: Sequence[Mapping[str, Any]]) -> int:
    """How many hostnames have a certificate, or none, that needs somebody."""
    return sum(row["state"] != "Valid" for _, row in _rows(reports))


def _rows(reports: Sequence[Mapping[str, Any]]) -> list[tuple[str, Row]]:
    return [(report["cluster"], row) for report in reports for row in report.get("https", ())]


def _urgency(found: tuple[str, Row]) -> tuple[int, float, str, str]:
    cluster, row = found
    days = float("inf") if row["daysLeft"] is None else row["daysLeft"]
    return ("over", "close", "soon", "fine").index(tone(row)), days, cluster, row["hostname"]


def _row(cluster: str, row: Row) -> str:
    cells = (
        safe(cluster),
        safe(row["hostname"]),
        "<br>".join(safe(route) for route in row["routes"]),
        _certificate(row),
        _days_left(row),
    )
    labelled = zip(_COLUMNS, cells, strict=True)
    return f"<tr>{''.join(f'<td data-label={chr(34)}{label}{chr(34)}>{cell}</td>' for label, cell in labelled)}</tr>"


def _certificate(row: Row) -> str:
    """Its first name, and its id: account and region are those of the cluster."""
    identifier = row["certificate"].rpartition("/")[2]
    return (safe(row["name"]) or "-") + (f'<p class="soft">{safe(identifier)}</p>' if identifier else "")


def _days_left(row: Row) -> str:
    days = "" if row["daysLeft"] is None or row["state"] in _OVER else f"{row['daysLeft']} days"
    told = ", ".join(part for part in (days, _WORDS.get(row["state"], "")) if part)
    until = f'<p class="soft">until {safe(row["notAfter"][:10])}</p>' if row["notAfter"] else ""
    why = f'<p class="soft">{safe(row["why"], length=400)}</p>' if row["why"] else ""
    return f'<span class="badge {tone(row)}">{told or "no date known"}</span>{until}{why}'
