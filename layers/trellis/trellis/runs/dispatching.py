"""From an event about an EKS cluster to the execution that deals with it."""

from typing import Any

from trellis.events import ClusterCall, ClusterTagChange, parse_cluster_call, parse_cluster_tag_change
from trellis.model import ClusterState
from trellis.runs.joining import Wish, ask
from trellis.runs.toolbox import Toolbox
from trellis.unsigned_changes import is_unsigned


def dispatch(tools: Toolbox, event: dict[str, Any]) -> dict[str, Any]:
    """Start the execution that the event asks for; raises InvalidEventError.

    The execution is named after the event, so that an event which is delivered twice starts one execution.
    """
    found = parse_cluster_tag_change(event) if is_unsigned(event) else parse_cluster_call(event)
    wish = _of_tags(tools, found) if isinstance(found, ClusterTagChange) else _of_call(tools, found)
    if wish is None or found.cluster is None:
        return {"started": None}
    return ask(tools, wish, found.cluster, name=f"{wish}-{found.id}")


def _of_call(tools: Toolbox, call: ClusterCall) -> Wish | None:
    settings = tools.settings
    if call.action == "ignore" or call.cluster is None:
        return None
    lasting = (*settings.reader_roles, settings.status_role, *settings.shifter_roles)
    if call.principal is not None and call.principal not in lasting:
        return None
    if call.is_for_members and not _is_member(tools, call.cluster):
        return None
    return call.action


def _of_tags(tools: Toolbox, change: ClusterTagChange) -> Wish | None:
    """What the tags ask for and the registry does not say yet: CloudTrail has told of most changes before."""
    if change.cluster is None:
        return None
    if change.network is None:
        return "offboard" if _is_member(tools, change.cluster) else None
    known = tools.registry.find(change.cluster)
    mode = change.mode or tools.settings.default_mode
    if known and known.state is ClusterState.ACTIVE and (known.service_network, known.mode) == (change.network, mode):
        return None
    return "onboard"


def _is_member(tools: Toolbox, cluster: str) -> bool:
    known = tools.registry.find(cluster)
    return known is not None and known.state is ClusterState.ACTIVE
