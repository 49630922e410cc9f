"""Services with their listeners, rules, target groups and targets: observe, compare, change.

Nothing here waits. `reconcile_services` does what can be done now and says what AWS is still busy with; the state
machine waits and calls again, and each call starts from what it reads, so that it may follow a run that ended anywhere.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trellis.model import Service
from trellis.planning.contest import refusals_of
from trellis.planning.service_changes import CreateTargetGroup, ServiceChange, describe
from trellis.planning.service_state import ObservedService, is_lost
from trellis.planning.service_waits import Step, Wait, steps
from trellis.planning.services import ServiceDiff, diff_service
from trellis.planning.work import Description, Refusal
from trellis.resources.at_once import at_once
from trellis.resources.service_application import Application
from trellis.resources.service_errors import RefusedError, is_absent, is_in_progress, refusal_of
from trellis.resources.service_observation import Reading, ServiceClients, ServiceScope, observe_services

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

KIND = "apply_service"

PERMISSIONS = ("vpc-lattice:TagResource", "ec2:DescribeVpcs", "ec2:DescribeSubnets")
"""What the calls need beside the actions of their own names; BatchUpdateRule's action is `vpc-lattice:UpdateRule`."""

_ROUNDS = 5
"""How often one call reads and changes: enough for a new service whose parts become active at once."""


class ServiceStatus(StrEnum):
    """`IN_PROGRESS` asks to be called again after a wait; the others are final for this run."""

    PROGRAMMED = "PROGRAMMED"
    IN_PROGRESS = "IN_PROGRESS"
    REFUSED = "REFUSED"
    DELETED = "DELETED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class ServiceOutcome:
    """How far a service is: what was done by this call, what was refused, what AWS is still busy with.

    `error` is what stopped it, with the status FAILED: the caller knows whether trying again can help.
    """

    name: str
    status: ServiceStatus
    domain_name: str = ""
    done: tuple[Description, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waiting_for: tuple[str, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True)
class ServiceTask:
    """One service to bring to what is desired (None: delete it); `left` names resources to leave, each with why."""

    name: str
    desired: Service | None
    left: Mapping[str, str] = field(default_factory=dict)


def existing(lattice: "VPCLatticeClient", account: str) -> frozenset[str]:
    """The names of the services that the account has and that are not going away; others may share the same names."""
    pages = lattice.get_paginator("list_services").paginate()
    listed = (item for page in pages for item in page["items"])
    own = (item for item in listed if item["arn"].split(":")[4] == account)
    return frozenset(item["name"] for item in own if not is_lost(item["status"]))


@dataclass(frozen=True)
class ServiceWork:
    """For whom and in which run services are reconciled, and how many calls are made at the same time.

    `run` is the same for all calls of one run, such as the execution's name. `may_go_on` is asked before the lists are
    read once more.
    """

    owner: str
    run: str
    concurrency: int = 1
    may_go_on: Callable[[], bool] = lambda: True


def reconcile_services(
    clients: ServiceClients, tasks: Sequence[ServiceTask], work: ServiceWork
) -> tuple[ServiceOutcome, ...]:
    """Bring services to what is desired as far as possible without waiting; lists are read once for all of them.

    What stops one service, such as throttling or a missing permission, is its outcome's error and stops no other.
    Raises ClientError when the services cannot be observed.
    """
    reconciled = [_Reconciliation(clients, task, work) for task in tasks]
    unfinished = reconciled
    for round_ in range(_ROUNDS):
        if not unfinished or (round_ and not work.may_go_on()):
            break
        _round(clients, unfinished, work)
        unfinished = [one for one in unfinished if one.can_go_on]
    return tuple(one.outcome for one in reconciled)


def _round(clients: ServiceClients, unfinished: Sequence["_Reconciliation"], work: ServiceWork) -> None:
    tasks = [one.task for one in unfinished]
    desired = tuple(task.desired for task in tasks if task.desired)
    scope = ServiceScope(work.owner, desired, only=frozenset(task.name for task in tasks))
    observed = observe_services(clients, scope, Reading(concurrency=work.concurrency))
    with at_once(work.concurrency) as each:
        for _ in each(lambda one: one.round(observed.of(one.task.name)), unfinished):
            pass


class _Reconciliation:
    """One service through the rounds of a call."""

    def __init__(self, clients: ServiceClients, task: ServiceTask, work: ServiceWork) -> None:
        self.task = task
        self.outcome = ServiceOutcome(task.name, ServiceStatus.IN_PROGRESS)
        self._clients = clients
        self._work = work
        self._done: list[Description] = []
        self._made: set[ServiceChange] = set()

    @property
    def can_go_on(self) -> bool:
        """Whether reading and changing once more may help at once."""
        return self.outcome.status is ServiceStatus.IN_PROGRESS and not self.outcome.waiting_for

    def round(self, observed: ObservedService) -> None:
        """Change what can be changed, and judge."""
        diff = diff_service(self.task.desired, observed)
        round_ = _Round(Application(self._clients.lattice, observed, self._work.run), self._made)
        round_.refusals += refusals_of(self.task.left, (change.resource for change in diff.changes))
        round_.left = self.task.left.keys()
        try:
            round_.apply(steps(diff.changes, observed))
        except Exception as error:  # noqa: BLE001 - whatever stops one service must not stop the others
            self._done += round_.done
            self.outcome = ServiceOutcome(
                self.task.name, ServiceStatus.FAILED, done=tuple(self._done), refusals=diff.refusals, error=error
            )
            return
        self._done += round_.done
        self.outcome = self._judge(observed, diff, round_)

    def _judge(self, observed: ObservedService, diff: ServiceDiff, round_: "_Round") -> ServiceOutcome:
        refusals = (*diff.refusals, *round_.refusals)
        waiting_for: tuple[str, ...] = ()
        if diff.is_empty:
            status = ServiceStatus.PROGRAMMED if self.task.desired else ServiceStatus.DELETED
        elif round_.done:
            status = ServiceStatus.IN_PROGRESS
        elif round_.settling or diff.pending or not refusals:
            status, waiting_for = ServiceStatus.IN_PROGRESS, (*diff.pending, *round_.waiting_for)
        else:
            status = ServiceStatus.REFUSED
        domain_name = observed.service.domain_name if observed.service and not diff.refusals else ""
        return ServiceOutcome(diff.name, status, domain_name, tuple(self._done), refusals, waiting_for)


@dataclass
class _Round:
    """One pass over the changes. After a refusal nothing is deleted: what works must not be lost to what does not.

    A quota is the exception: deleting may be what makes room.
    """

    application: Application
    made: set[ServiceChange]
    done: list[Description] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    kept: bool = False
    left: Collection[str] = ()

    @property
    def settling(self) -> bool:
        """Whether AWS is at work on something that a change waits for."""
        return any(wait.settles for wait in self.waits)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """What the changes wait for, each reason once."""
        return tuple(dict.fromkeys(wait.reason for wait in self.waits))

    def apply(self, planned: Sequence[Step]) -> None:
        """Apply what does not wait, in order."""
        for step in planned:
            if step.change.resource in self.left:
                continue
            if step.wait:
                self.waits.append(step.wait)
            elif step.change in self.made:
                # Read before it took effect: a list can lag behind, and a drained target can be listed for a while.
                self.waits.append(Wait(f"{step.change.resource} to show what was done", settles=True))
            elif step.change.deletes and self._must_keep():
                self.kept = True
            elif not (step.change.needs_room and self.kept):
                self._apply(step.change)

    def _must_keep(self) -> bool:
        return any(refusal.reason != "ServiceQuotaExceededException" for refusal in self.refusals)

    def _apply(self, change: ServiceChange) -> None:
        try:
            failures = self.application.apply(change)
        except RefusedError as error:
            self.refusals.append(error.refusal)
        except ClientError as error:
            self._explain(change, error)
        else:
            self.refusals += failures
            if not failures:
                self.made.add(change)
                self.done.append(describe(change))

    def _explain(self, change: ServiceChange, error: ClientError) -> None:
        # What is gone is seen when it is read again; only the VPC of a new group is nothing that is read here.
        gone = is_absent(error) and not isinstance(change, CreateTargetGroup)
        if is_in_progress(error) or gone:
            self.waits.append(Wait(f"{change.resource}: {error.response['Error']['Message']}", settles=True))
            return
        refusal = refusal_of(change.resource, error)
        if refusal is None:
            raise error
        self.refusals.append(refusal)
