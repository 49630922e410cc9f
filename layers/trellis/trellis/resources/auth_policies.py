"""Auth types and auth policies of services and service networks: observe, compare, change.

No list shows an auth type or a policy. A plan takes both from what an earlier one has read, as long as the list names
the same time of the last change. That PutAuthPolicy and DeleteAuthPolicy move that time is documented nowhere, and
nothing relies on it: their events make a run that doubts the holder, and each holder is read in full now and then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from trellis.model import (
    AUTH_POLICY_TAG,
    OWNER_TAG,
    AuthPolicy,
    Cluster,
    auth_id,
    cluster_owner,
    fleet_owner,
    network_holder,
    service_holder,
)
from trellis.model.auth_policy import SERVICE
from trellis.planning.auth_policies import (
    NONE,
    AuthChange,
    AuthDiff,
    ClaimAuth,
    DeleteAuthPolicy,
    ObservedAuth,
    PutAuthPolicy,
    SetAuthType,
    diff_auth,
)
from trellis.planning.work import Description, KindPlan, Outcome, Refusal, Status
from trellis.resources.read_memory import Details, NoMemory, ReadMemory
from trellis.resources.service_errors import is_absent

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

KIND = "attach_auth_policy"

PERMISSIONS = ("vpc-lattice:TagResource", "vpc-lattice:UntagResource")
"""What the calls need beside the actions of their own names."""

_ROUNDS = 3
_REFUSING = frozenset({"ValidationException", "ConflictException", "ServiceQuotaExceededException"})

Summary = Mapping[str, Any]
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """What a plan need not read: auth types and policies that an earlier one has read, and tags by holder."""

    memory: ReadMemory = field(default_factory=NoMemory)
    tags: Mapping[str, Tags] = field(default_factory=dict)


@dataclass(frozen=True)
class AuthTask:
    """What a holder must have (None: nothing of Trellis), for a cluster; `vpcs` are the fleet's, by cluster."""

    cluster: Cluster
    holder: str
    wanted: AuthPolicy | None
    vpcs: Mapping[str, str]

    @property
    def owner(self) -> str:
        """Whose the holder must be."""
        is_network = self.holder == network_holder(self.cluster.service_network)
        account, name = self.cluster.account, self.cluster.name
        return fleet_owner(account) if is_network else cluster_owner(account, name)

    def diff(self, observed: ObservedAuth | None) -> AuthDiff:
        """What must change."""
        own = "service-network-arn" if ":servicenetwork/" in (observed.arn if observed else "") else "service-arn"
        values = {f"vpc/{name}": vpc for name, vpc in self.vpcs.items()}
        values |= {"account": self.cluster.account, **({own: observed.arn} if observed else {})}
        return diff_auth(self.holder, self.wanted, observed, values)


def holders(lattice: "VPCLatticeClient", cluster: Cluster) -> dict[str, Summary]:
    """The summaries of the cluster's network and of all services of the account, by holder."""
    found: dict[str, Summary] = {}
    for page in lattice.get_paginator("list_service_networks").paginate():
        for network in page["items"]:
            if network["name"] == cluster.service_network:
                found[network_holder(network["name"])] = cast(Summary, network)
    for services in lattice.get_paginator("list_services").paginate():
        for service in services["items"]:
            # Services that other accounts share may have the same names.
            if service["arn"].split(":")[4] == cluster.account:
                found[service_holder(service["name"])] = cast(Summary, service)
    return found


def plan(lattice: "VPCLatticeClient", task: AuthTask, summary: Summary | None, known: Known | None = None) -> KindPlan:
    """What a run would change at a holder; what differs from what is known is read before it is told."""
    known = known or Known()
    observed = _recall(lattice, task, summary, known)
    diff = task.diff(observed)
    if observed is None or diff != AuthDiff():
        observed = observe(lattice, task, summary, known)
        diff = task.diff(observed)
    changes = tuple(change.describe() for change in diff.changes)
    ids = (auth_id(observed.id),) if observed and (task.wanted or observed.owned) else ()
    return KindPlan(changes, diff.refusals, owned=int(bool(observed and observed.claim)), ids=ids)


def memory_name(holder: str) -> str:
    """Under which name a holder is remembered: a service's with what else is known of it, a network by itself."""
    return holder.removeprefix(f"{SERVICE}/")


def observe(
    lattice: "VPCLatticeClient", task: AuthTask, summary: Summary | None, known: Known | None = None
) -> ObservedAuth | None:
    """Read auth type, policy and tags, and note them; None when the holder does not exist (any more).

    Of a holder that is open, and of which neither manifests nor tags want more, the auth type is all that counts; a
    change of that has another time.
    """
    if summary is None:
        return None
    tags = known.tags.get(task.holder, {}) if known else {}
    identifier, arn = summary["id"], summary["arn"]
    if not _is_of_account(summary, task):
        return ObservedAuth(identifier, arn, owned=False)
    try:
        # The time comes first: a change after it has another one, where changes show there at all.
        auth_type, updated = _auth_type(lattice, identifier)
        is_open = auth_type == NONE and not task.wanted and bool(tags) and not tags.get(AUTH_POLICY_TAG)
        details = {"authType": auth_type, "policy": "" if is_open else _policy(lattice, identifier)}
        if not is_open:
            tags = lattice.list_tags_for_resource(resourceArn=arn)["tags"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    if known:
        note = known.memory.note if is_open else known.memory.note_unlisted
        note(memory_name(task.holder), auth_id(identifier), updated, details)
    return _observed(task, summary, details, tags)


def _recall(lattice: "VPCLatticeClient", task: AuthTask, summary: Summary | None, known: Known) -> ObservedAuth | None:
    """What an earlier plan has read, with the tags as they are now; None where it must be read."""
    if summary is None or not _is_of_account(summary, task):
        return None
    details = known.memory.recall(memory_name(task.holder), auth_id(summary["id"]), summary["lastUpdatedAt"])
    if details is None:
        return None
    try:
        tags = known.tags.get(task.holder) or lattice.list_tags_for_resource(resourceArn=summary["arn"])["tags"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return _observed(task, summary, details, tags)


def _observed(task: AuthTask, summary: Summary, details: Details, tags: Tags) -> ObservedAuth:
    claim, owned = tags.get(AUTH_POLICY_TAG, ""), tags.get(OWNER_TAG) == task.owner
    return ObservedAuth(summary["id"], summary["arn"], details["authType"], details["policy"], claim, owned)


def _is_of_account(summary: Summary, task: AuthTask) -> bool:
    return bool(summary["arn"].split(":")[4] == task.cluster.account)


def reconcile(lattice: "VPCLatticeClient", task: AuthTask) -> Outcome:
    """Apply what is due. A holder that does not exist yet has nothing to be done: a later stage comes back to it."""
    done: list[Description] = []
    for _ in range(_ROUNDS):
        observed = observe(lattice, task, holders(lattice, task.cluster).get(task.holder))
        diff = task.diff(observed)
        if diff.refusals:
            return Outcome(KIND, task.holder, Status.REFUSED, tuple(done), diff.refusals)
        if observed is None or not diff.changes:
            break
        refusal = _apply_all(lattice, observed, diff.changes, done)
        if refusal:
            return Outcome(KIND, task.holder, Status.REFUSED, tuple(done), (refusal,))
    return Outcome(KIND, task.holder, Status.DONE, tuple(done))


def _apply_all(
    lattice: "VPCLatticeClient", observed: ObservedAuth, changes: Sequence[AuthChange], done: list[Description]
) -> Refusal | None:
    for change in changes:
        try:
            _apply(lattice, observed, change)
        except ClientError as error:
            if is_absent(error):
                # The holder went, or somebody was quicker: what is left to do shows when it is read again.
                return None
            details = error.response["Error"]
            if details["Code"] not in _REFUSING:
                raise
            return Refusal(str(change.describe()["resource"]), details["Code"], details["Message"])
        done.append(change.describe())
    return None


def _apply(lattice: "VPCLatticeClient", observed: ObservedAuth, change: AuthChange) -> None:
    match change:
        case PutAuthPolicy(document=document):
            lattice.put_auth_policy(resourceIdentifier=observed.id, policy=document)
        case DeleteAuthPolicy():
            lattice.delete_auth_policy(resourceIdentifier=observed.id)
        case SetAuthType(auth_type=auth_type):
            _set_auth_type(lattice, observed.id, auth_type)
        case ClaimAuth(source=""):
            lattice.untag_resource(resourceArn=observed.arn, tagKeys=[AUTH_POLICY_TAG])
        case ClaimAuth(source=source):
            lattice.tag_resource(resourceArn=observed.arn, tags={AUTH_POLICY_TAG: source})


def _set_auth_type(lattice: "VPCLatticeClient", identifier: str, auth_type: Any) -> None:
    if identifier.startswith("sn-"):
        lattice.update_service_network(serviceNetworkIdentifier=identifier, authType=auth_type)
    else:
        lattice.update_service(serviceIdentifier=identifier, authType=auth_type)


def _auth_type(lattice: "VPCLatticeClient", identifier: str) -> tuple[str, datetime]:
    """The auth type, and when the service or network was last changed."""
    if identifier.startswith("sn-"):
        network = lattice.get_service_network(serviceNetworkIdentifier=identifier)
        return network["authType"], network["lastUpdatedAt"]
    service = lattice.get_service(serviceIdentifier=identifier)
    return service.get("authType", "NONE"), service["lastUpdatedAt"]


def _policy(lattice: "VPCLatticeClient", identifier: str) -> str:
    """The policy's text; AWS answers with an error or with an empty text when there is none."""
    try:
        return lattice.get_auth_policy(resourceIdentifier=identifier).get("policy", "")
    except ClientError as error:
        if is_absent(error):
            return ""
        raise
