"""The input of a run and of its parts, checked where it comes in: every problem at once, each with its place."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trellis.model import Mode

# Amazon EKS: a letter or digit, then letters, digits, hyphens and underscores, 100 in all.
ClusterName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$")]
_MOST_SERVICES = 20
_SERVICE = r"[a-z0-9.-]{3,253}"

Scope = Annotated[
    str, StringConstraints(pattern=rf"^(cluster|vpc|service/{_SERVICE}(,{_SERVICE}){{0,{_MOST_SERVICES - 1}}})$")
]
"""What a run is for: all of a cluster; its VPC, that is the network's association, the security group and the names; or
some services, by name or hostname and separated by commas, with the names."""

Lane = Literal["onboard", "event", "schedule", "canary", "manual"]


def scope_of_services(names: Iterable[str]) -> str:
    """The scope of a run for these services; the whole cluster for none, or for more than are worth telling apart."""
    chosen = sorted(set(names))
    return f"service/{','.join(chosen)}" if 0 < len(chosen) <= _MOST_SERVICES else "cluster"


class RunRequest(BaseModel):
    """The input of reconcile-cluster; `run` is the name of the execution. Without `mode` the cluster's own counts.

    In the lane `event` the scope is what the events have asked for by the time the run begins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: ClusterName
    scope: Scope = "cluster"
    mode: Mode | None = None
    lane: Lane = "manual"
    run: str = Field(min_length=1)
    delaySeconds: int = Field(default=0, ge=0, le=300)  # noqa: N815 - the state machine has waited that long


class Run(BaseModel):
    """A run whose cluster has been read. `snapshotKey` is None for a cluster that leaves: it wants nothing.

    `verifies` is the key of the plan that has been carried out, when a run plans again to see what is left to do.
    `named` are the holders of auth policies that events have named; None stands for very many. `readAt` says when the
    reading of the cluster began, in Unix milliseconds.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    cluster: ClusterName
    scope: Scope
    mode: Mode
    lane: Lane
    run: str
    snapshotKey: str | None  # noqa: N815 - state machines write members in camel case
    verifies: str | None = None
    named: tuple[str, ...] | None = ()
    readAt: int = 0  # noqa: N815

    @property
    def only_services(self) -> tuple[str, ...]:
        """The services, by name or hostname, that the run is limited to, if it is to any."""
        kind, _, names = self.scope.partition("/")
        return tuple(names.split(",")) if kind == "service" else ()

    @property
    def covers_services(self) -> bool:
        """Whether the run is for all services of the cluster."""
        return self.scope == "cluster"

    @property
    def covers_vpc(self) -> bool:
        """Whether the run is for what the cluster's VPC needs beside services and names."""
        return self.scope in ("cluster", "vpc")


class Batch(BaseModel):
    """Work items of one kind that one call of a function carries out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    phase: Literal["apply", "prune"]
    names: tuple[str, ...] = Field(min_length=1)


class BatchRun(Run):
    """A run at one batch of work items. `outcomesKey` is where the batch's earlier calls noted what became of it."""

    planKey: str  # noqa: N815
    batch: Batch
    outcomesKey: str = ""  # noqa: N815
