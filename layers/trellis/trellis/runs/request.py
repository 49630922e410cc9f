"""The input of a run and of its parts, checked where it comes in: every problem at once, each with its place."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trellis.model import Mode

# Amazon EKS: a letter or digit, then letters, digits, hyphens and underscores, 100 in all.
ClusterName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$")]
Scope = Annotated[str, StringConstraints(pattern=r"^(cluster|vpc|service/[a-z0-9.-]{3,253})$")]
"""What a run is for: all of a cluster; its VPC, that is the network's association, the security group and the names; or
one service, by name or hostname, with the names."""

Lane = Literal["onboard", "event", "schedule", "canary", "manual"]


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
    def only_service(self) -> str | None:
        """The service, by name or hostname, that the run is limited to."""
        return self.scope.removeprefix("service/") if self.scope.startswith("service/") else None

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
