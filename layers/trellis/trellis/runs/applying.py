"""The third part of a run, once for each kind of resource: apply work items, each under its lease.

Each function observes and compares again: between the plan and now somebody may have changed something, or an earlier
call of the same run may have done part of the work.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from trellis.canary.overlay import marks, moved
from trellis.errors import BusyError, LeaseHeldError
from trellis.fleet.leases import OutdatedReadingError
from trellis.model import Desired, Service, cluster_owner
from trellis.model.auth_policy import NETWORK
from trellis.observability import as_known, logger
from trellis.planning.plan import APPLY
from trellis.planning.work import Outcome, Refusal, Status
from trellis.resources import auth_policies, client_identity, dns, network, security_group, services
from trellis.runs.auth_planning import decided_policy
from trellis.runs.client_planning import client_apis, clients_wanted
from trellis.runs.intending import canary_moved, outdated
from trellis.runs.outcomes import FAILED, note
from trellis.runs.planning import names_wanted
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

_DESIRED = TypeAdapter(Desired)

_BY_SNAPSHOT = ("service/", "names/", "clients/")
"""How the leases of resources begin that are what a cluster's objects ask for."""

_NO_NEW_ROUND_AFTER_SECONDS = 40.0
"""A round may take as long again when the call budget is short, and the function's time-out is 120 s."""


def associate_vpc(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring network and association to what the cluster wants. The lease is the network's: clusters share it."""
    cluster = tools.registry.get(run.cluster)

    def work(_: str) -> Outcome:
        policy = decided_policy(tools, cluster)
        auth_policy = policy.source if policy else ""
        members = tools.registry.list()
        return network.reconcile(tools.clients.lattice, cluster, members, run=run.run, auth_policy=auth_policy)

    return _each_leased(tools, run, lambda _: f"network/{cluster.service_network}", work)


def open_security_group(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring the security group's rules to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)

    def work(_: str) -> Outcome:
        return security_group.reconcile(tools.clients.ec2, cluster, tools.settings.link_local_cidrs)

    return _each_leased(tools, run, lambda _: f"security-group/{cluster.security_group_id}", work)


def apply_service(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring services to what the plan's snapshot asked for, or delete them; lists are read once for all of them."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    desired = _DESIRED.validate_python(plan["desired"])
    began = tools.now()
    work = services.ServiceWork(
        cluster_owner(cluster.account, cluster.name),
        run.run,
        concurrency=tools.settings.read_concurrency,
        may_go_on=lambda: tools.now() - began < _NO_NEW_ROUND_AFTER_SECONDS,
    )
    with ExitStack() as leases:
        outcomes: list[services.ServiceOutcome] = []
        held: list[str] = []
        for name in run.batch.names:
            try:
                leases.enter_context(tools.leases.held(f"service/{name}", run.run, read_at=run.readAt))
            except LeaseHeldError as error:
                outcomes.append(services.ServiceOutcome(name, services.ServiceStatus.FAILED, error=error))
            except OutdatedReadingError:
                outcomes.append(_refused_service(name, outdated(f"service {name}")))
            else:
                held.append(name)
        # Under the leases: a canary that shifts from now on waits for them with its own run.
        shifted = moved(plan.get("canaries", {}), marks(tools.canaries.of_cluster(cluster.name)))
        outcomes += [_refused_service(name, canary_moved(name)) for name in held if name in shifted]
        tasks = [
            services.ServiceTask(name, _service(desired, run, name), _left(plan, run, name))
            for name in held
            if name not in shifted
        ]
        outcomes += services.reconcile_services(tools.clients, tasks, work)
    return note(tools, run, [_service_outcome(run, outcome) for outcome in outcomes])


def _service_outcome(run: BatchRun, outcome: services.ServiceOutcome) -> dict[str, Any]:
    told = {
        "kind": services.KIND,
        "name": outcome.name,
        "phase": run.batch.phase,
        "status": outcome.status,
        "domain": outcome.domain_name,
        "done": list(outcome.done),
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "waitingFor": list(outcome.waiting_for),
    }
    return {**told, **_failed(outcome.name, outcome.error)} if outcome.error else told


def _refused_service(name: str, refusal: Refusal) -> services.ServiceOutcome:
    return services.ServiceOutcome(name, services.ServiceStatus.REFUSED, refusals=(refusal,))


def attach_auth_policy(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring auth type and policy of services or of the network to what is wanted.

    What the network must have is decided once more: another cluster may have asked for something since.
    """
    cluster = tools.registry.get(run.cluster)
    desired = _DESIRED.validate_python(tools.documents.get(run.planKey)["desired"])
    known = {found.holder: found for found in desired.auth_policies}
    vpcs = {member.name: member.vpc_id for member in tools.registry.list()}

    def work(holder: str) -> Outcome:
        of_network = holder.startswith(f"{NETWORK}/")
        wanted = decided_policy(tools, cluster) if of_network else known.get(holder)
        return auth_policies.reconcile(tools.clients.lattice, auth_policies.AuthTask(cluster, holder, wanted, vpcs))

    # A holder is named as the lease of its service or network is.
    return _each_leased(tools, run, lambda holder: holder, work)


def provision_client_identity(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring the roles and associations of ServiceAccounts to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    wanted = clients_wanted(tools, cluster, _DESIRED.validate_python(plan["desired"]), keep=plan["keep"])

    def work(_: str) -> Outcome:
        # By now the services of this run are there, or it has not come to this.
        return client_identity.reconcile(client_apis(tools), replace(wanted, coming=frozenset()))

    return _each_leased(tools, run, lambda _: f"clients/{cluster.name}", work)


def sync_dns(tools: Toolbox, run: BatchRun) -> dict[str, Any]:
    """Bring records and zone associations to what the cluster wants."""
    cluster = tools.registry.get(run.cluster)
    plan = tools.documents.get(run.planKey)
    desired = _DESIRED.validate_python(plan["desired"])

    def work(name: str) -> Outcome:
        wanted = names_wanted(tools, cluster, desired, keep=plan["keep"], left=_left(plan, run, name))
        names = dns.Names(tools.clients.route53, tools.clients.lattice, cluster.account)
        return dns.reconcile(names, wanted, partial(tools.inventory.of, cluster.name))

    return _each_leased(tools, run, lambda _: f"names/{cluster.name}", work)


def _left(plan: Mapping[str, Any], run: BatchRun, name: str) -> dict[str, str]:
    """What the plan has found that must not be changed, each with why."""
    items = (item for item in plan["items"] if (item["kind"], item["name"]) == (run.batch.kind, name))
    return {resource: because for item in items for resource, because in item.get("left", {}).items()}


def _service(desired: Desired, run: BatchRun, name: str) -> Service | None:
    if run.batch.phase != APPLY:
        return None
    return next(service for service in desired.services if service.name == name)


def _each_leased(
    tools: Toolbox, run: BatchRun, resource_of: Callable[[str], str], work: Callable[[str], Outcome]
) -> dict[str, Any]:
    """Carry the items out one after the other; one that fails does not stop the others."""
    return note(tools, run, [_leased(tools, run, name, resource_of(name), work) for name in run.batch.names])


def _leased(tools: Toolbox, run: BatchRun, name: str, resource: str, work: Callable[[str], Outcome]) -> dict[str, Any]:
    identity = {"kind": run.batch.kind, "name": name, "phase": run.batch.phase}
    # Clusters share a network, and a security group's rule follows from the registry: no reading is later there.
    read_at = run.readAt if resource.startswith(_BY_SNAPSHOT) else None
    try:
        with tools.leases.held(resource, run.run, read_at=read_at):
            outcome = work(name)
    except OutdatedReadingError:
        outcome = Outcome(run.batch.kind, name, Status.REFUSED, refusals=(outdated(resource),))
    except Exception as error:  # noqa: BLE001 - whatever stops one item must not stop the others
        return {**identity, "done": [], **_failed(name, error)}
    return {
        **identity,
        "status": outcome.status,
        "done": list(outcome.done),
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "waitingFor": list(outcome.waiting_for),
    }


def _failed(name: str, error: Exception) -> dict[str, Any]:
    """What an error means for an item: another call may help, or somebody must change something first."""
    known = as_known(error)
    retry = isinstance(known, BusyError)
    logger.warning("an item was not carried out: %s", known, extra={"item": name}, exc_info=None if retry else error)
    refusal = Refusal(name, type(known).__name__, str(known))
    status = Status.IN_PROGRESS if retry else FAILED
    return {"status": status, "refusals": [asdict(refusal)], "waitingFor": [str(known)] if retry else []}
