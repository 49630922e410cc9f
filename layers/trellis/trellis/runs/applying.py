"""The third part of a run, once for each kind of resource: apply one work item under its lease.

Each function observes and compares again: between the plan and now somebody may have changed something, or an earlier
call of the same run may have done part of the work.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import TypeAdapter

from trellis.canary.overlay import marks, moved
from trellis.model import Desired, Service, cluster_owner
from trellis.model.auth_policy import NETWORK
from trellis.planning.plan import APPLY
from trellis.planning.work import Outcome
from trellis.resources import auth_policies, client_identity, dns, network, security_group, services
from trellis.runs.auth_planning import decided_policy
from trellis.runs.client_planning import client_apis, clients_wanted
from trellis.runs.planning import canary_moved, names_wanted
from trellis.runs.request import ItemRun
from trellis.runs.toolbox import Toolbox

_DESIRED = TypeAdapter(Desired)


def associate_vpc(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring network and association to what the cluster wants. The lease is the network's: clusters share it."""
    cluster = tools.registry.get(run.cluster)

    def work() -> Outcome:
        policy = decided_policy(tools, cluster)
        auth_policy = policy.source if policy else ""
        members = tools.registry.list()
        return network.reconcile(tools.clients.lattice, cluster, members, run=run.run, auth_policy=auth_policy)

    return _leased(tools, run, f"network/{cluster.service_network}", work)


def open_security_group(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring the security group's rules to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)

    def work() -> Outcome:
        return security_group.reconcile(tools.clients.ec2, cluster, tools.settings.link_local_cidrs)

    return _leased(tools, run, f"security-group/{cluster.security_group_id}", work)


def apply_service(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring one service to what the plan's snapshot asked for, or delete it."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    task = services.ServiceTask(
        run.item.name, _service(_DESIRED.validate_python(plan["desired"]), run), _left(plan, run)
    )

    def work() -> services.ServiceOutcome:
        owner = cluster_owner(cluster.account, cluster.name)
        return services.reconcile_service(tools.clients, task, owner=owner, run=run.run)

    with tools.leases.held(f"service/{run.item.name}", run.run):
        # Under the lease: a canary that shifts from now on waits for it with its own run.
        outcome = work() if _is_current(tools, plan, run) else _outdated(run)
    return {
        "kind": services.KIND,
        "name": run.item.name,
        "phase": run.item.phase,
        "status": outcome.status,
        "domain": outcome.domain_name,
        "done": list(outcome.done),
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "waitingFor": list(outcome.waiting_for),
    }


def _is_current(tools: Toolbox, plan: Mapping[str, Any], run: ItemRun) -> bool:
    """Whether canaries want what they wanted when the cluster was read."""
    return run.item.name not in moved(plan.get("canaries", {}), marks(tools.canaries.of_cluster(run.cluster)))


def _outdated(run: ItemRun) -> services.ServiceOutcome:
    refusals = (canary_moved(run.item.name),)
    return services.ServiceOutcome(run.item.name, services.ServiceStatus.REFUSED, refusals=refusals)


def attach_auth_policy(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring auth type and policy of one service or of the network to what is wanted.

    What the network must have is decided once more: another cluster may have asked for something since.
    """
    cluster = tools.registry.get(run.cluster)
    holder = run.item.name
    if holder.startswith(f"{NETWORK}/"):
        wanted = decided_policy(tools, cluster)
    else:
        desired = _DESIRED.validate_python(tools.documents.get(run.planKey)["desired"])
        wanted = next((found for found in desired.auth_policies if found.holder == holder), None)
    vpcs = {member.name: member.vpc_id for member in tools.registry.list()}
    task = auth_policies.AuthTask(cluster, holder, wanted, vpcs)

    def work() -> Outcome:
        return auth_policies.reconcile(tools.clients.lattice, task)

    # A holder is named as the lease of its service or network is.
    return _leased(tools, run, holder, work)


def provision_client_identity(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring the roles and associations of ServiceAccounts to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    wanted = clients_wanted(tools, cluster, _DESIRED.validate_python(plan["desired"]), keep=plan["keep"])

    def work() -> Outcome:
        # By now the services of this run are there, or it has not come to this.
        return client_identity.reconcile(client_apis(tools), replace(wanted, coming=frozenset()))

    return _leased(tools, run, f"clients/{cluster.name}", work)


def sync_dns(tools: Toolbox, run: ItemRun) -> dict[str, Any]:
    """Bring records and zone associations to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    desired = _DESIRED.validate_python(plan["desired"])
    wanted = names_wanted(tools, cluster, desired, keep=plan["keep"], left=_left(plan, run))

    def work() -> Outcome:
        return dns.reconcile(dns.Names(tools.clients.route53, tools.clients.lattice), wanted)

    return _leased(tools, run, f"names/{cluster.name}", work)


def _left(plan: Mapping[str, Any], run: ItemRun) -> dict[str, str]:
    """What the plan has found that must not be changed, each with why."""
    key = run.item.kind, run.item.name
    items = (item for item in plan["items"] if (item["kind"], item["name"]) == key)
    return {name: because for item in items for name, because in item.get("left", {}).items()}


def _service(desired: Desired, run: ItemRun) -> Service | None:
    if run.item.phase != APPLY:
        return None
    return next(service for service in desired.services if service.name == run.item.name)


def _leased(tools: Toolbox, run: ItemRun, resource: str, work: Callable[[], Outcome]) -> dict[str, Any]:
    with tools.leases.held(resource, run.run):
        outcome = work()
    return {
        "kind": outcome.kind,
        "name": outcome.name,
        "phase": run.item.phase,
        "status": outcome.status,
        "done": list(outcome.done),
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "waitingFor": list(outcome.waiting_for),
    }
