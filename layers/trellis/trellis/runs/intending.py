"""What a run's snapshot asks for: with the weights of canaries, and under the rules of this deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trellis.canary.overlay import marks, moved, overlaid
from trellis.gateway_api import Intent, Snapshot, build_intent, parse_allowed_hostnames, parse_snapshot
from trellis.model import Cluster, ClusterState
from trellis.planning.work import Refusal
from trellis.resources import services
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox

CANARY_MOVED = "CanaryShifted"
OUTDATED = "OutdatedReading"
LEFT_TO_THE_NEXT = frozenset({CANARY_MOVED, OUTDATED})
"""Why an item is refused that is not wanted so any more: it is no drift."""


@dataclass(frozen=True)
class Intended:
    """What the snapshot asks for with the weights of canaries, and the marks of their leases when it was read.

    `moved` are the services where a canary has done something since: a lease that was released meanwhile does not say
    any more that the snapshot's weights were the canary's. `incumbents` are services that keep hostnames which others
    claim as well.
    """

    intent: Intent
    marks: Mapping[str, str]
    moved: frozenset[str] = frozenset()
    incumbents: tuple[str, ...] = ()


def canary_moved(service: str) -> Refusal:
    """Why a service is left to the next run: the weights that this one has read may be a canary's of before."""
    message = "a canary has begun, shifted or ended since the cluster was read; what it wants is another run's work"
    return Refusal(f"service {service}", CANARY_MOVED, message)


def outdated(resource: str) -> Refusal:
    """Why an item is left to the next run: another one has read the cluster later, and was quicker."""
    message = "another run has worked on it by a later reading of the cluster; what this one has read may be outdated"
    return Refusal(resource, OUTDATED, message)


def intended(tools: Toolbox, run: Run, cluster: Cluster) -> Intended:
    """The intent of the snapshot with the weights of canaries; a cluster that leaves intends nothing."""
    leases = tools.canaries.of_cluster(cluster.name)
    now = marks(leases)
    if run.snapshotKey is None or cluster.state is ClusterState.LEAVING:
        return Intended(Intent(cluster=cluster.name), now)
    document = tools.documents.get(run.snapshotKey)
    noted = document.get("canaries", {})
    # A plan that verifies says what was not done, for whatever reason; nobody applies it.
    since = frozenset() if run.verifies else moved(noted, now)
    snapshot = parse_snapshot(overlaid(document, leases))
    intent = intent_of(tools, snapshot, cluster)
    if not intent.contenders:
        return Intended(intent, noted, since)
    existing = services.existing(tools.clients.lattice, cluster.account)
    incumbents = [found.service for found in intent.contenders if found.service in existing]
    return Intended(intent_of(tools, snapshot, cluster, incumbents), noted, since, tuple(incumbents))


def intent_of(tools: Toolbox, snapshot: Snapshot, cluster: Cluster, incumbents: Sequence[str] = ()) -> Intent:
    """The intent of a snapshot under the rules of this deployment."""
    return build_intent(
        snapshot,
        cluster,
        policy_sources=tools.settings.network_policy_sources,
        allowed=parse_allowed_hostnames(tools.settings.allowed_hostnames),
        incumbents=incumbents,
    )
