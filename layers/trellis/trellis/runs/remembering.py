"""Which services a plan reads in full, and of which it believes earlier runs where nothing has changed."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from trellis.model import Cluster, ClusterState, Service
from trellis.resources import auth_policies, services
from trellis.resources.read_memory import NoMemory, ReadMemory
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox
from trellis.runs.views import View, services_meant

_BELIEVING = frozenset({"schedule", "event"})
"""Lanes that may rely on memory. A person who starts a run, or who onboards a cluster, wants to know how things are; a
canary judges by what it has just changed."""


@contextmanager
def remembering(
    tools: Toolbox, run: Run, cluster: Cluster, desired: Collection[Service], view: View
) -> Iterator[ReadMemory]:
    """What is known of a cluster that is read meanwhile; what was read is kept, and written only if it is news."""
    if cluster.state is ClusterState.LEAVING:
        tools.fingerprints.forget(cluster.name)
        yield NoMemory()
        return
    memory = tools.fingerprints.of(cluster.name, distrusted=distrusted(tools, run, desired))
    yield memory
    tools.fingerprints.keep(cluster.name, memory, covers=view.covers)


def distrusted(tools: Toolbox, run: Run, desired: Collection[Service]) -> Collection[str] | None:
    """The services and networks to read in full whatever is known of them; None means all.

    An event names a service because it has changed, and a run has just changed what it worked on: there a list that
    lags behind would be believed most easily.
    """
    if run.lane not in _BELIEVING or run.named is None:
        return None
    named = {*map(auth_policies.memory_name, run.named), *services_meant(run, desired)}
    return named | _worked_on(tools.documents.get(run.verifies)) if run.verifies else named


def _worked_on(plan: dict[str, Any]) -> set[str]:
    kinds = (services.KIND, auth_policies.KIND)
    return {auth_policies.memory_name(item["name"]) for item in plan["items"] if item["kind"] in kinds}
