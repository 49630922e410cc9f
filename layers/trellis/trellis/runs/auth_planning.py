"""Auth policies in the course of a run: what the fleet decides for the network, and what differs where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from trellis.model import AuthPolicy, Cluster, ClusterState, Desired, Mode, network_holder
from trellis.model.auth_policy import SERVICE
from trellis.planning.network_policies import Claim, decide
from trellis.planning.plan import APPLY, PRUNE, WorkItem
from trellis.planning.work import KindPlan, reported
from trellis.resources import auth_policies
from trellis.resources.at_once import at_once
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox


def with_network_policy(tools: Toolbox, run: Run, cluster: Cluster, desired: Desired, *, keep: bool) -> Desired:
    """What is desired with what the network must have in place of what the cluster asks for.

    That is remembered, but by no run that only reports; with `keep`, it is not taken for withdrawn.
    """
    network = network_holder(cluster.service_network)
    own = next((found for found in desired.auth_policies if found.holder == network), None)
    claims = tools.network_policies.of(cluster.service_network)
    if _is_clear(own, keep=keep):
        claim = Claim(own.source, own.document) if own else None
        if run.mode is Mode.REMEDIATE:
            tools.network_policies.note(cluster.service_network, cluster.name, claim, claims)
        claims = {name: found for name, found in claims.items() if name != cluster.name}
        claims |= {cluster.name: claim} if claim else {}
    if cluster.state is ClusterState.LEAVING:
        return desired
    decided = decide(cluster.service_network, claims, tools.settings.network_baseline_policy)
    policies = tuple(policy for policy in desired.auth_policies if policy.holder != network)
    return replace(desired, auth_policies=(*policies, decided) if decided else policies)


def decided_policy(tools: Toolbox, cluster: Cluster) -> AuthPolicy | None:
    """What the cluster's network must have by all that is remembered."""
    network = cluster.service_network
    return decide(network, tools.network_policies.of(network), tools.settings.network_baseline_policy)


@dataclass(frozen=True)
class AuthScope:
    """The holders whose auth policies are looked at: those that `covers` names, and perhaps the network."""

    covers: Callable[[str], bool] = lambda _: True
    with_network: bool = True


def auth_items(
    tools: Toolbox,
    cluster: Cluster,
    desired: Desired,
    known: auth_policies.Known,
    *,
    held: Mapping[str, str],
    scope: AuthScope,
) -> tuple[WorkItem, ...]:
    """The auth policies that are wanted, and what services have of which nobody wants one.

    `held` are the services that are only reported, each with why.
    """
    if cluster.state is ClusterState.LEAVING:
        return ()
    wanted = {policy.holder: policy for policy in desired.auth_policies}
    network = network_holder(cluster.service_network)
    looked_at = {holder for holder in {*wanted, *known.tags} - {network} if scope.covers(holder)}
    if scope.with_network:
        looked_at.add(network)
    if not looked_at:
        return ()
    lattice = tools.clients.lattice
    summaries = auth_policies.holders(lattice, cluster)
    vpcs = {member.name: member.vpc_id for member in tools.registry.list()}
    tasks = [auth_policies.AuthTask(cluster, holder, wanted.get(holder), vpcs) for holder in sorted(looked_at)]
    with at_once(tools.settings.read_concurrency) as each:
        plans = list(each(lambda task: auth_policies.plan(lattice, task, summaries.get(task.holder), known), tasks))
    because = {task.holder: held.get(task.holder.removeprefix(f"{SERVICE}/"), "") for task in tasks}
    return tuple(_item(task, _held(plan, because[task.holder])) for task, plan in zip(tasks, plans, strict=True))


def policy_state(plan: KindPlan) -> dict[str, str]:
    """What the status of a policy says of the plan for its holder."""
    if plan.refusals:
        return {"status": "REFUSED", "reason": plan.refusals[0].reason, "message": plan.refusals[0].message}
    if plan.reported:
        message = f"differences are reported and not repaired: {plan.reported[0]['because']}"
        return {"status": "PENDING", "reason": "ReportedOnly", "message": message}
    return {"status": "PENDING" if plan.changes else "PROGRAMMED", "reason": "", "message": ""}


def _is_clear(own: AuthPolicy | None, *, keep: bool) -> bool:
    """Whether what a cluster asks for its network is known."""
    return bool(own.document) if own else not keep


def _item(task: auth_policies.AuthTask, plan: KindPlan) -> WorkItem:
    wanted = task.wanted
    digest = sha256(wanted.document.encode()).hexdigest()[:12] if wanted else ""
    return WorkItem(auth_policies.KIND, APPLY if wanted else PRUNE, task.holder, plan, digest)


def _held(plan: KindPlan, because: str) -> KindPlan:
    if not because:
        return plan
    return replace(plan, changes=(), reported=tuple(reported(change, because) for change in plan.changes))
