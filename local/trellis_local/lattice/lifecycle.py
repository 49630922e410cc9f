"""The asynchronous states of resources, as a table, computed from the virtual clock whenever somebody looks.

No thread moves a state: a state knows when it began, the table knows how long it lasts and what follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .faults import Fault

GONE = "GONE"  # not a status of the API: the resource ends to exist

NEXT_STATE: Mapping[str, str] = {
    "CREATE_IN_PROGRESS": "ACTIVE",
    "UPDATE_IN_PROGRESS": "ACTIVE",
    "DELETE_IN_PROGRESS": GONE,
}
FAILED_STATE: Mapping[str, str] = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
}

# AWS documents none of these durations; seconds for services and target groups, more for VPC associations.
DURATIONS: Mapping[tuple[str, str], float] = {
    ("Service", "CREATE_IN_PROGRESS"): 3.0,
    ("Service", "DELETE_IN_PROGRESS"): 3.0,
    ("TargetGroup", "CREATE_IN_PROGRESS"): 2.0,
    ("TargetGroup", "DELETE_IN_PROGRESS"): 2.0,
    ("ServiceNetworkServiceAssociation", "CREATE_IN_PROGRESS"): 4.0,
    ("ServiceNetworkServiceAssociation", "DELETE_IN_PROGRESS"): 4.0,
    ("ServiceNetworkVpcAssociation", "CREATE_IN_PROGRESS"): 8.0,
    ("ServiceNetworkVpcAssociation", "UPDATE_IN_PROGRESS"): 4.0,
    ("ServiceNetworkVpcAssociation", "DELETE_IN_PROGRESS"): 8.0,
    ("ResourceGateway", "CREATE_IN_PROGRESS"): 6.0,
    ("ResourceGateway", "UPDATE_IN_PROGRESS"): 3.0,
    ("ResourceGateway", "DELETE_IN_PROGRESS"): 6.0,
    ("ResourceConfiguration", "CREATE_IN_PROGRESS"): 2.0,
    ("ResourceConfiguration", "UPDATE_IN_PROGRESS"): 2.0,
    ("ResourceConfiguration", "DELETE_IN_PROGRESS"): 2.0,
    ("ServiceNetworkResourceAssociation", "CREATE_IN_PROGRESS"): 4.0,
    ("ServiceNetworkResourceAssociation", "DELETE_IN_PROGRESS"): 4.0,
}


@dataclass
class Lifecycle:
    """The status of one resource; `since` is virtual Unix time in seconds."""

    kind: str
    status: str
    since: float
    fault: Fault | None = None
    failure_code: str | None = None
    failure_message: str | None = None

    @property
    def is_changing(self) -> bool:
        """Whether the clock alone will change the status."""
        return self.status in NEXT_STATE

    def due(self, durations: Mapping[tuple[str, str], float]) -> float:
        """The virtual Unix time at which a change that is under way ends."""
        return self.since + durations[(self.kind, self.status)]

    def begin(self, status: str, *, now: float, fault: Fault | None) -> None:
        """Start a change that takes time; with a fault it will fail."""
        self.status, self.since, self.fault = status, now, fault
        self.failure_code = self.failure_message = None

    def settle(self, *, now: float, durations: Mapping[tuple[str, str], float]) -> None:
        """Bring the status up to this time."""
        if not self.is_changing or now < self.due(durations):
            return
        if self.fault is None:
            self.status = NEXT_STATE[self.status]
            return
        self.failure_code, self.failure_message = self.fault.code, self.fault.message
        self.status, self.fault = FAILED_STATE[self.status], None
