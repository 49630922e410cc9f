"""The page of a whole drift check: what the runs of its clusters have found, beside each other."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from trellis.reporting.page import page
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

# `@` cannot occur in a cluster's name.
_FOLDER = "reports/@fleet"

# The report of a run that found nothing is its plan.
_REPORTS = "reports/"
_BUCKET = re.compile("^s3://[^/]+/")
ReportKey = Annotated[str, StringConstraints(pattern=r"^(reports|plans)/[0-9A-Za-z_-]+/[0-9a-f]{32}\.json$")]


class ClusterOutcome(BaseModel):
    """How the run of one cluster ended; `report` is missing where it ended without one."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    cluster: ClusterName
    status: str
    report: ReportKey | None = None
    error: str = ""

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
    """Write the page where a cluster has drifted and return its key; None, and nothing written, where none has."""
    reports = [_report(tools, outcome) for outcome in results.outcomes]
    if not any(report["drifts"] for report in reports):
        return {"page": None}
    key = f"{_FOLDER}/{results.check}.html"
    tools.documents.put_page(key, page(reports, title="Drift of the fleet"))
    return {"page": key}


def _report(tools: Toolbox, outcome: ClusterOutcome) -> dict[str, Any]:
    """The report of a run, or as much as the outcome says in its place."""
    key = outcome.report or ""
    if key.startswith(_REPORTS):
        return tools.documents.get(key)
    reasons = [{"reason": outcome.error, "message": ""}] if outcome.error else []
    return {"cluster": outcome.cluster, "status": outcome.status, "drifts": [], "refused": reasons}
