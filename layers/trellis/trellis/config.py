"""Every setting of Trellis: its unit, its default and the reason for it, in one place.

The template sets them as environment variables from its parameters; a function reads them once, at its start, and fails
there when one is missing or malformed.
"""

import os
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Cidr = Annotated[str, StringConstraints(pattern=r"^[0-9a-f.:]+/\d{1,3}$")]
PolicySource = Annotated[str, StringConstraints(pattern=r"^[^/ ]+/[^/ ]+$")]

_LISTS = ("canary_hooks", "link_local_cidrs", "network_policy_sources", "reader_roles", "shifter_roles")
"""Settings that are written as a list with commas."""


class Settings(BaseModel):
    """The settings of one deployment, by environment variable `TRELLIS_<NAME>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str = Field(min_length=3)
    """Name of the DynamoDB table with the registry and the leases."""

    bucket: str = Field(min_length=3)
    """Name of the S3 bucket with snapshots, plans and reports."""

    default_mode: str = Field(default="remediate", pattern="^(plan|remediate)$")
    """Mode of clusters without the tag `trellis:mode`. Repairing is what people install Trellis for."""

    allowed_hostnames: str = ""
    """Hostnames by cluster and namespace, `cluster/namespace: hostname *.hostname; ...`; empty (the default) means that
    whoever asks first gets a hostname, which is enough where teams trust each other."""

    link_local_cidrs: tuple[Cidr, ...] = ()
    """Sources of the security-group rule as CIDRs; empty (the default) means the managed prefix lists, which AWS keeps
    up to date but which count ten rules each against the group's quota of sixty."""

    lease_seconds: int = Field(default=120, ge=10, le=900)
    """Seconds until a lease of a crashed function can be taken over: longer than any function's time-out."""

    max_deletions: int = Field(default=25, ge=0)
    """Deletions that one run may plan before the guard stops it: more than a team's largest service has parts."""

    max_deletion_percent: int = Field(default=50, ge=0, le=100)
    """Percentage of a cluster's resources that one run may delete, beyond `guard_floor` deletions: whoever takes away
    more than half more likely looks at the wrong cluster, or at one that has lost its objects, than cleans up."""

    guard_floor: int = Field(default=10, ge=0)
    """Deletions up to which the percentage is not looked at: it says nothing about small clusters, where one service
    with two target groups is a third of everything."""

    event_spacing_seconds: int = Field(default=5, ge=1, le=300)
    """Seconds from the beginning of one run that events started to that of the next, for one cluster: short enough to
    repair within ten seconds, long enough that a script that changes a hundred rules does not start a hundred runs."""

    contested_repairs: int = Field(default=3, ge=1)
    """Repairs of one resource within `contested_seconds` after which another difference is left alone: one may be a
    mistake and two a misunderstanding; whoever undoes four repairs means it, or is a program."""

    contested_seconds: int = Field(default=3600, ge=60, le=86400)
    """How far back repairs are counted, in seconds: four checks by the default schedule, so that drift is found to be
    contested even if no event tells of it, and short enough that a quarrel which is over does not stay for a day."""

    elevation_seconds: int = Field(default=3600, ge=900, le=86400)
    """Seconds after which the bootstrap role's rights count as forgotten: preparing a cluster, with all its attempts,
    takes half an hour at most, and a run that ends earlier is told by an event."""

    network_policy_sources: tuple[PolicySource, ...] = ()
    """Who may set the auth policy of the service network by an IAMAuthPolicy on a Gateway, as patterns
    CLUSTER/NAMESPACE; empty (the default) means nobody: the network is shared, and its policy can shut all out."""

    network_baseline_policy: str = Field(default="", max_length=3000)
    """Auth policy, as JSON, of service networks for which no Gateway has one; empty (the default) means none. The limit
    in characters is what environment variables leave room for."""

    read_concurrency: int = Field(default=20, ge=1, le=50)
    """Calls that one plan makes at the same time: what a cluster of 1,000 routes needs to be read in a minute, at 50 ms
    for each call, and no more threads than a function with one processor can serve."""

    fingerprint_settle_seconds: int = Field(default=10, ge=1, le=3600)
    """Seconds until what has been read of a resource counts as its last state for that time of change: two changes can
    carry the same time, and the clocks of AWS and of the function differ a little."""

    full_read_hours: int = Field(default=6, ge=1, le=168)
    """Hours within which each service is read in full once, whatever the lists say of it: what a list does not show is
    found within a shift, at the price of one twenty-fourth of the detailed reads by the default schedule."""

    lattice_calls_per_second: int = Field(default=150, ge=1, le=10_000)
    """Calls of VPC Lattice that all functions together make in a second. AWS documents no limit; this many check 1,000
    routes within a minute, and a call that AWS throttles slows all of them."""

    ec2_calls_per_second: int = Field(default=10, ge=1, le=1000)
    """Calls of Amazon EC2: half of the 20 by which it refills the bucket of a describing call."""

    route53_calls_per_second: int = Field(default=8, ge=1, le=1000)
    """Calls of Route 53: four fifths of the 10 that an account has, for which everybody in it competes."""

    tagging_calls_per_second: int = Field(default=10, ge=1, le=1000)
    """Calls of the Resource Groups Tagging API: two thirds of the 15 that it takes."""

    budget_wait_seconds: int = Field(default=10, ge=1, le=60)
    """Seconds that a function waits for its turn before its first call of an API; if it would take longer, the state
    machine waits instead, which costs nothing."""

    record_ttl: int = Field(default=60, ge=1, le=86400)
    """Time to live of the CNAME records, in seconds: a recreated service gets a new name, so clients must ask again."""

    client_boundary: str = ""
    """ARN of the permissions boundary of the roles of clients; empty (the default) where no such role is to be made."""

    certificate_warning_days: int = Field(default=45, ge=1, le=90)
    """Days before a certificate in use expires from which on it is warned of: when ACM begins to tell of imported
    ones, too. ACM's own public ones are warned of from 30 days on: it renews them 45 days before, so that what is
    warned of needs somebody."""

    drift_topic: str = ""
    """ARN of the SNS topic that is told of drift; empty (the default) where nobody is to be told."""

    reader_roles: tuple[str, ...] = ()
    """ARNs of the roles that read the clusters' Kubernetes objects."""

    shifter_roles: tuple[str, ...] = ()
    """ARNs of the roles that change the weights of routes for a canary."""

    status_role: str = ""
    """ARN of the role that writes the status of Gateways and routes."""

    bootstrap_role: str = ""
    """ARN of the role that installs CRDs, RBAC rules and the GatewayClass once, as an administrator for that moment."""

    canary_hooks: tuple[str, ...] = ()
    """ARNs of the functions that canaries may ask as hooks; empty (the default) means none: a hook decides about
    everybody's traffic, and its function is called with Trellis' rights."""

    canary_machine: str = ""
    """ARN of the state machine `shift-canary`."""

    reconcile_machine: str = ""
    """ARN of the state machine `reconcile-cluster`."""

    onboard_machine: str = ""
    """ARN of the state machine `onboard-cluster`."""

    offboard_machine: str = ""
    """ARN of the state machine `offboard-cluster`."""


@cache
def settings() -> Settings:
    """The settings of this function; raises pydantic's ValidationError naming each bad variable."""
    prefix = "TRELLIS_"
    values: dict[str, object] = {
        name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix)
    }
    for name in _LISTS:
        parts = str(values.get(name, "")).split(",")
        values[name] = tuple(part.strip() for part in parts if part.strip())
    return Settings.model_validate(values)
