"""Finds the clusters that have joined or left without an event that told of it: events get lost, tags do not.

One list call a check says which clusters have the tag. What the list and the registry say differently is asked for by
name before anything follows: the list lags behind, and what it does not show need not be gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from trellis.events import SERVICE_NETWORK_TAG, cluster_of
from trellis.model import Cluster, ClusterState
from trellis.observability import logger
from trellis.runs.joining import Wish, ask
from trellis.runs.toolbox import Toolbox

_READY = ("ACTIVE", "UPDATING")


@dataclass(frozen=True)
class Discovered:
    """The names of clusters for which onboarding or offboarding was asked."""

    joining: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()


def discover(tools: Toolbox, registered: Iterable[Cluster], *, check: str) -> Discovered:
    """Start what nobody has told of; `check` is the name of the execution that looks.

    Nothing is concluded from a call that fails, and the check goes on without it.
    """
    try:
        return _discover(tools, tuple(registered), check)
    except ClientError:
        logger.exception("clusters that join or leave were not looked for")
        return Discovered()


def _discover(tools: Toolbox, registered: tuple[Cluster, ...], check: str) -> Discovered:
    tagged = _tagged(tools)
    strangers = sorted(tagged - {cluster.name for cluster in registered})
    missing = [found.name for found in registered if found.state is ClusterState.ACTIVE and found.name not in tagged]
    joining = tuple(name for name in strangers if _may_join(tools, name))
    leaving = tuple(name for name in missing if _has_left(tools, name))
    for name in joining:
        _ask(tools, "onboard", name, check)
    for name in leaving:
        _ask(tools, "offboard", name, check)
    return Discovered(joining, leaving)


def _tagged(tools: Toolbox) -> set[str]:
    pages = tools.clients.tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=["eks:cluster"], TagFilters=[{"Key": SERVICE_NETWORK_TAG}]
    )
    arns = (found["ResourceARN"] for page in pages for found in page["ResourceTagMappingList"])
    return {name for arn in arns if (name := cluster_of(arn))}


def _may_join(tools: Toolbox, name: str) -> bool:
    """Whether it is there and ready; of one that is being created, its event has told, or the next check will."""
    found = _described(tools, name)
    return found is not None and found["status"] in _READY and SERVICE_NETWORK_TAG in found.get("tags", {})


def _has_left(tools: Toolbox, name: str) -> bool:
    found = _described(tools, name)
    return found is None or SERVICE_NETWORK_TAG not in found.get("tags", {})


def _described(tools: Toolbox, name: str) -> Any:
    """What EKS says of a cluster; None when it says that there is none."""
    eks = tools.clients.eks
    try:
        return eks.describe_cluster(name=name)["cluster"]
    except eks.exceptions.ResourceNotFoundException:
        return None


def _ask(tools: Toolbox, wish: Wish, name: str, check: str) -> None:
    ask(tools, wish, name, name=f"{wish}-{sha256(f'{check} {name}'.encode()).hexdigest()[:32]}")
