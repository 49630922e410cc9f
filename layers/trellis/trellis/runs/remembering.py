"""Which services a plan reads in full, and of which it believes earlier runs where nothing has changed."""

from collections.abc import Collection
from typing import Any

from trellis.fleet.fingerprints import Memory
from trellis.model import Cluster, ClusterState, Service
from trellis.planning.service_state import ObservedServices
from trellis.resources import services
from trellis.resources.service_observation import Reading, ServiceScope, observe_services
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox

_BELIEVING = frozenset({"schedule", "event"})
"""Lanes that may rely on memory. A person who starts a run, or who onboards a cluster, wants to know how things are; a
canary judges by what it has just changed."""


def observe(tools: Toolbox, run: Run, cluster: Cluster, scope: ServiceScope) -> ObservedServices:
    """Read a cluster's services, and remember what was read; nothing is written when that was known."""
    if cluster.state is ClusterState.LEAVING:
        tools.fingerprints.forget(cluster.name)
        return observe_services(tools.clients, scope, Reading(concurrency=tools.settings.read_concurrency))
    memory: Memory = tools.fingerprints.of(cluster.name, distrusted=distrusted(tools, run, scope.desired))
    observed = observe_services(tools.clients, scope, Reading(memory, tools.settings.read_concurrency))
    tools.fingerprints.keep(cluster.name, memory)
    return observed


def distrusted(tools: Toolbox, run: Run, desired: Collection[Service]) -> Collection[str] | None:
    """The services to read in full whatever is known of them; None means all.

    An event names a service because it has changed, and a run has just changed what it worked on: there a list that
    lags behind would be believed most easily.
    """
    if run.lane not in _BELIEVING:
        return None
    named = {run.only_service} if run.only_service else set()
    named |= {service.name for service in desired if service.custom_domain_name in named}
    return named | _worked_on(tools.documents.get(run.verifies)) if run.verifies else named


def _worked_on(plan: dict[str, Any]) -> set[str]:
    return {item["name"] for item in plan["items"] if item["kind"] == services.KIND}
