"""The part of a plan that is about the identities of clients."""

from collections.abc import Collection, Iterator

from trellis.gateway_api import Intent
from trellis.model import Cluster, ClusterState, Desired
from trellis.planning.client_identity import ClientsWanted, resource_of
from trellis.planning.plan import APPLY, PRUNE, WorkItem
from trellis.resources import client_identity
from trellis.runs.toolbox import Toolbox


def client_apis(tools: Toolbox) -> client_identity.ClientApis:
    """The clients of one function."""
    clients = tools.clients
    return client_identity.ClientApis(clients.iam, clients.eks, clients.lattice)


def clients_wanted(
    tools: Toolbox, cluster: Cluster, desired: Desired, *, keep: bool, held: Collection[str] = ()
) -> ClientsWanted:
    """What a cluster's ServiceAccounts ask for; a cluster that leaves asks for nothing.

    `held` are the hostnames whose services no run makes.
    """
    coming = frozenset(name.hostname for name in desired.names) - frozenset(held)
    boundary, path = tools.settings.client_boundary, client_identity.path_of(cluster)
    return ClientsWanted(cluster, desired.clients, path, boundary, coming, keep)


def client_items(
    tools: Toolbox, cluster: Cluster, desired: Desired, *, keep: bool, held: Collection[str] = ()
) -> Iterator[WorkItem]:
    """The one work item of a cluster; none where no boundary is configured, so that no role can be made."""
    if tools.settings.client_boundary:
        phase = PRUNE if cluster.state is ClusterState.LEAVING else APPLY
        wanted = clients_wanted(tools, cluster, desired, keep=keep, held=held)
        plan = client_identity.plan(client_apis(tools), wanted)
        yield WorkItem(client_identity.KIND, phase, cluster.name, plan)


def refused_clients(intent: Intent) -> Iterator[dict[str, str]]:
    """The annotations that ask for what cannot be had, as report lines: a ServiceAccount has no conditions."""
    for found in intent.clients:
        if found.refusal:
            resource = resource_of(f"{found.namespace}/{found.service_account}")
            yield {"resource": resource, "reason": found.refusal.reason, "message": found.refusal.message}
