"""From an event about a certificate to the check of the services that use it, or could use it now.

Rotation, renewal and another import keep a certificate's ARN: VPC Lattice takes the new one by itself, and what the
check brings are conditions, days left, and a better certificate where there is one.
"""

from typing import Any

from trellis.certificate_events import parse_certificate_event
from trellis.fleet.hints import Hint
from trellis.resources.certificates import names_of
from trellis.runs.certificates import FINDS
from trellis.runs.noticing import owners_of, start_check
from trellis.runs.toolbox import Toolbox


def rotate(tools: Toolbox, event: dict[str, Any]) -> dict[str, Any]:
    """Keep what the event says and start a run for each cluster concerned; raises InvalidEventError.

    A certificate concerns the services that have it, those whose listeners name it, and those whose hostname finds it.
    """
    found = parse_certificate_event(event)
    names = {name.lower() for arn in found.arns for name in names_of(tools.clients.acm, arn)}
    touched = found.arns | {f"{FINDS}{name}" for name in names}
    started = []
    for cluster, items in owners_of(tools, touched):
        if found.actor:
            tools.hints.add(cluster, Hint(found.id, found.call, found.actor, found.time, items, found.arns))
        started.append(start_check(tools, found.id, cluster, items))
    return {"started": [execution for execution in started if execution]}
