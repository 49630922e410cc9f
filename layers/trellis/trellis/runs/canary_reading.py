"""Reads what the judge decides on."""

from collections import Counter
from collections.abc import Sequence

from trellis.canary.evidence import Evidence, TargetCounts
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Groups, Lease
from trellis.runs.toolbox import Toolbox


def read_targets(tools: Toolbox, groups: Sequence[str]) -> TargetCounts:
    """The targets of groups by status; raises botocore's ClientError."""
    lattice = tools.clients.lattice
    statuses = Counter(
        item["status"].lower()
        for group in groups
        for page in lattice.get_paginator("list_targets").paginate(targetGroupIdentifier=group)
        for item in page["items"]
    )
    known = TargetCounts.__dataclass_fields__
    return TargetCounts(**{name: count for name, count in statuses.items() if name in known})


def read_versions(tools: Toolbox, groups: Sequence[Groups], request: CanaryRequest) -> Evidence:
    """Targets and alarms, before there is anything to measure."""
    return Evidence(
        baseline_targets=read_targets(tools, [group.baseline for group in groups]),
        canary_targets=read_targets(tools, [group.canary for group in groups]),
    )


def read_evidence(tools: Toolbox, lease: Lease, request: CanaryRequest) -> Evidence:
    """Everything that the judge reads."""
    return read_versions(tools, lease.progress.groups, request)
