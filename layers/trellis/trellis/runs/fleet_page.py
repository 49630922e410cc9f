"""The page of a whole drift check: what the runs of its clusters have found, beside each other.

It is written where a cluster has drifted or a certificate is told of, and then shows the certificates of all clusters.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from trellis.reporting.certificates import https_lines
from trellis.reporting.page import page
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

# `@` cannot occur in a cluster's name.
_FOLDER = "reports/@fleet"

# The report of a run that found nothing is its plan.
_REPORTS, _PLANS = "reports/", "plans/"
_BUCKET = re.compile("^s3://[^/]+/")
ReportKey = Annotated[str, StringConstraints(pattern=r"^(reports|plans)/[0-9A-Za-z_-]+/[0-9a-f]{32}\.json$")]


class ClusterOutcome(BaseModel):
    """How the run of one cluster ended; `report` is missing where it ended without one.

    `https` counts the hostnames that it serves with HTTPS, `warned` the certificates that it was the first to tell of.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    cluster: ClusterName
    status: str
    report: ReportKey | None = None
    error: str = ""
    https: int = 0
    warned: int = 0

    @field_validator("report", mode="before")
    @classmethod
    def _key(cls, report: str | None) -> str | None:
        """Outcomes name reports as URIs, for people."""
        return _BUCKET.sub("", report or "") or None


class CheckResults(BaseModel):
    """The outcomes of a check; `check` is the name of its execution."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str = Field(pattern=r"^[0-9A-Za-z_-]{1,80}$")
    outcomes: tuple[ClusterOutcome, ...]


def publish_fleet_page(tools: Toolbox, results: CheckResults) -> dict[str, Any]:
    """Write the page and return its key; None, and nothing written, where there is nothing to show."""
    reports = [_report(tools, outcome) for outcome in results.outcomes]
    if not any(report["drifts"] for report in reports) and not any(outcome.warned for outcome in results.outcomes):
        return {"page": None}
    outcomes = zip(reports, results.outcomes, strict=True)
    shown = [{**report, **_https(tools, outcome)} for report, outcome in outcomes]
    key = f"{_FOLDER}/{results.check}.html"
    tools.documents.put_page(key, page(shown, title="Drift of the fleet"))
    return {"page": key}


def _report(tools: Toolbox, outcome: ClusterOutcome) -> dict[str, Any]:
    """The report of a run, or as much as the outcome says in its place."""
    key = outcome.report or ""
    if key.startswith(_REPORTS):
        return tools.documents.get(key)
    reasons = [{"reason": outcome.error, "message": ""}] if outcome.error else []
    return {"cluster": outcome.cluster, "status": outcome.status, "drifts": [], "refused": reasons}


def _https(tools: Toolbox, outcome: ClusterOutcome) -> dict[str, Any]:
    """The certificates of a run that found nothing new: its plan has them, and nobody made a report of it."""
    key = outcome.report or ""
    if not outcome.https or not key.startswith(_PLANS):
        return {}
    now, warn_days = datetime.fromtimestamp(tools.now(), UTC), tools.settings.certificate_warning_days
    return {"https": https_lines(tools.documents.get(key)["certificates"], now=now, warn_days=warn_days)}
