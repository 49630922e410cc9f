"""What a cluster's objects intend in this deployment: the one place where its settings meet them.

Runs, statuses and canaries must agree on that: a service that only one of them knew would be missing for the others.
"""

from collections.abc import Mapping
from typing import Any

from trellis.gateway_api import Intent, build_intent, parse_allowed_hostnames, parse_snapshot
from trellis.model import Cluster
from trellis.runs.toolbox import Toolbox


def intent_of(tools: Toolbox, snapshot: Mapping[str, Any], cluster: Cluster) -> Intent:
    """The intent of a snapshot as it was stored or read."""
    return build_intent(
        parse_snapshot(snapshot),
        cluster,
        policy_sources=tools.settings.network_policy_sources,
        allowed=parse_allowed_hostnames(tools.settings.allowed_hostnames),
    )
