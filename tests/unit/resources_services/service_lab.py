"""An emulated VPC Lattice with one network and one VPC, a clock that the test moves, and a record of all calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from trellis.model import (
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    PathMatch,
    Rule,
    RuleMatch,
    Service,
    Target,
    TargetGroup,
    WeightedTargetGroup,
)
from trellis.resources.services import ServiceOutcome, ServiceStatus, ServiceTask, ServiceWork, reconcile_services
from trellis_local.clock import Clock
from trellis_local.lattice import configuration, faults
from trellis_local.lattice.backend import lattice_backends

ACCOUNT = "111122223333"
OWNER = f"{ACCOUNT}/cluster-b"
NETWORK = "eks-lattice-network"
NAME = "datastore-1a2b"


class CrashError(Exception):
    """The function was stopped."""


@dataclass(frozen=True)
class MovedClock(Clock):
    """A clock that only moves when told to."""

    moved: list[float] = field(default_factory=lambda: [0.0])

    def time(self) -> float:
        return self.start + self.moved[0]

    def move(self, seconds: float) -> None:
        self.moved[0] += seconds


class Lab:
    """Clients for services, and the calls that went through them.

    `crash_after` stops a run after so many writing calls in all; `denied` names an operation that is not allowed.
    """

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.lattice: Any = boto3.client("vpc-lattice", region_name="us-west-2")
        self.tagging: Any = boto3.client("resourcegroupstaggingapi", region_name="us-west-2")
        self.other: Any = boto3.client("vpc-lattice", region_name="us-west-2")
        self.vpc_id = boto3.client("ec2", region_name="us-west-2").create_vpc(CidrBlock="192.168.48.0/20")["Vpc"][
            "VpcId"
        ]
        self.lattice.meta.events.register("before-call.vpc-lattice", self._deny)
        self.lattice.meta.events.register("after-call.vpc-lattice", self._record)

    def reset(self) -> None:
        """Start anew, with nothing but the network."""
        lattice_backends[ACCOUNT]["us-west-2"].reset()
        configuration.use(configuration.Configuration())
        self.network = self.other.create_service_network(name=NETWORK)
        self.crash_after: int | None = None
        self.denied: str | None = None
        self.writes: list[str] = []
        self.reads: list[str] = []
        self.left: dict[str, str] = {}

    def _deny(self, *, model: Any, **_: object) -> None:
        if model.name == self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, model.name)

    def _record(self, *, model: Any, **_: object) -> None:
        if model.name.startswith(("Get", "List")):
            self.reads.append(model.name)
            return
        self.writes.append(model.name)
        if self.crash_after is not None and len(self.writes) >= self.crash_after:
            raise CrashError

    def call(self, desired: Service | None, *, run: str = "run") -> ServiceOutcome:
        """One call of the product."""
        (outcome,) = reconcile_services(self, [ServiceTask(NAME, desired, self.left)], ServiceWork(OWNER, run))
        if outcome.error:
            raise outcome.error
        return outcome

    def converge(self, desired: Service | None, *, run: str = "run") -> ServiceOutcome:
        """Call as the state machine does: again after a wait, until nothing is in progress."""
        for _ in range(20):
            outcome = self.call(desired, run=run)
            if outcome.status is not ServiceStatus.IN_PROGRESS:
                return outcome
            self.clock.move(10)
        raise AssertionError(outcome)

    def writes_of(self, desired: Service | None) -> list[str]:
        """The writing calls that it takes to converge."""
        before = len(self.writes)
        self.converge(desired)
        return self.writes[before:]

    def service(self, *, weights: Sequence[int] = (90, 10), targets: Sequence[str] = ("192.168.48.10",)) -> Service:
        """The service of the walk-through."""
        groups = tuple(
            TargetGroup(
                name=f"datastore-{version}",
                vpc_id=self.vpc_id,
                port=80,
                health_check=HealthCheck(),
                targets=tuple(Target(ip, 8080) for ip in targets),
            )
            for version in ("v1", "v2")
        )
        both = tuple(WeightedTargetGroup(group.name, weight) for group, weight in zip(groups, weights, strict=True))
        rules = (
            Rule("r-popular", 1, path("/popular"), Forward((WeightedTargetGroup("datastore-v1"),))),
            Rule("r-summary", 2, path("/summary"), Forward(both)),
        )
        listener = Listener("http-80", "HTTP", 80, FixedResponse(404), rules)
        return Service(NAME, "datastore.lattice-test.io", (listener,), groups, (NETWORK,), "HTTPRoute apps/datastore")

    def fail_next(self, kind: str) -> None:
        """Let the next resource of this kind end in CREATE_FAILED."""
        fault = faults.Fault(kind, "CREATE_IN_PROGRESS", "InternalError", "no capacity")
        configuration.current().faults.inject(fault)

    def state(self) -> dict[str, Any]:
        """Everything that exists, without what AWS chooses."""
        services = [item for page in self._pages("list_services") for item in page["items"]]
        groups = [item for page in self._pages("list_target_groups") for item in page["items"]]
        return {
            "services": {item["name"]: self._service_state(item["id"]) for item in services},
            "groups": {item["name"]: self._targets(item["id"]) for item in groups},
        }

    def _service_state(self, service: str) -> dict[str, Any]:
        listeners = self.other.list_listeners(serviceIdentifier=service)["items"]
        associations = self.other.list_service_network_service_associations(serviceIdentifier=service)["items"]
        return {
            "listeners": {item["name"]: self._rules(service, item["id"]) for item in listeners},
            "networks": sorted(item["serviceNetworkName"] for item in associations),
        }

    def _rules(self, service: str, listener: str) -> list[tuple[str, int]]:
        rules = self.other.list_rules(serviceIdentifier=service, listenerIdentifier=listener)["items"]
        return sorted((rule["name"], rule["priority"]) for rule in rules if not rule["isDefault"])

    def _targets(self, group: str) -> list[str]:
        return sorted(item["id"] for item in self.other.list_targets(targetGroupIdentifier=group)["items"])

    def _pages(self, operation: str) -> Any:
        return self.other.get_paginator(operation).paginate()

    def ids(self) -> tuple[str, str]:
        """The ids of the first service and its first listener."""
        service = self.other.list_services()["items"][0]["id"]
        return service, self.other.list_listeners(serviceIdentifier=service)["items"][0]["id"]


def path(value: str) -> RuleMatch:
    """A match of a path prefix."""
    return RuleMatch(PathMatch("prefix", value))


def with_rules(service: Service, *rules: Rule) -> Service:
    """The service with other rules on its only listener."""
    return replace(service, listeners=(replace(service.listeners[0], rules=rules),))
