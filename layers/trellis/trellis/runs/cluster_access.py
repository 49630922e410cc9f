"""Trellis' access entries in clusters: granted, elevated for a moment, lowered, revoked, and swept up.

The bootstrap role is an administrator only between `elevate` and `lower` of one run. A run that dies in between is told
by Step Functions' event about its execution, and found by the scheduled sweep if that event does not arrive.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from trellis.clusters import access
from trellis.fleet.elevations import Elevation
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

# A function that was called before its execution ended may elevate as long as it runs; then nobody can any more.
_LONGEST_FUNCTION = 60


class Access(BaseModel):
    """The input of the function that keeps the access entries; `run` is the execution's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["grant", "elevate", "lower", "revoke"]
    cluster: ClusterName
    run: str = Field(min_length=1)


class Sweep(BaseModel):
    """Takes back what a run has left that has ended; without a run, what any has left for too long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["sweep"]
    run: str = ""


ACCESS: TypeAdapter[Access | Sweep] = TypeAdapter(Annotated[Access | Sweep, Field(discriminator="action")])


def keep_access(tools: Toolbox, request: Access | Sweep) -> dict[str, Any]:
    """Create or remove access entries; running it again changes nothing more."""
    if isinstance(request, Sweep):
        return {"lowered": _sweep(tools, request.run)}
    roles, eks = _roles(tools), tools.clients.eks
    match request.action:
        case "grant":
            access.enable_entries(eks, request.cluster)
            access.grant(eks, request.cluster, roles)
            _elevate(tools, request)
        case "elevate":
            _elevate(tools, request)
        case "lower":
            access.lower(eks, request.cluster, roles)
            tools.elevations.strike(request.cluster, request.run)
        case "revoke":
            access.revoke(eks, request.cluster, roles)
            tools.elevations.strike(request.cluster, request.run)
    return {"cluster": request.cluster}


def _elevate(tools: Toolbox, request: Access) -> None:
    tools.elevations.begin(request.cluster, request.run)
    access.elevate(tools.clients.eks, request.cluster, _roles(tools))


def _sweep(tools: Toolbox, run: str) -> list[str]:
    left = [found for found in tools.elevations.list() if found.run == run or _is_left(tools, found)]
    for found in left:
        access.lower(tools.clients.eks, found.cluster, _roles(tools))
        if _age(tools, found) > _LONGEST_FUNCTION:
            tools.elevations.strike(found.cluster, found.run)
        else:
            tools.elevations.set_ended(found.cluster, found.run)
    return [found.cluster for found in left]


def _is_left(tools: Toolbox, found: Elevation) -> bool:
    return found.ended or _age(tools, found) > tools.settings.elevation_seconds


def _age(tools: Toolbox, found: Elevation) -> float:
    return tools.now() - found.since


def _roles(tools: Toolbox) -> access.Roles:
    settings = tools.settings
    return access.Roles(
        readers=settings.reader_roles,
        status_writer=settings.status_role,
        shifters=settings.shifter_roles,
        bootstrap=settings.bootstrap_role,
    )
