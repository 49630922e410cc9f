"""Deployments of the namespaces that let Trellis annotate them.

Who may change a Deployment may run anything in its namespace, so onboarding gives nobody that right: it only installs a
ClusterRole, and a namespace gives it by a RoleBinding of this name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from trellis.clusters.api import KubernetesApi
from trellis.errors import AccessDeniedError
from trellis.gateway_api.signing_proxies import MANAGER, Workload, workload_of

SIGNING_PROXY = "trellis-signing-proxy"
"""The name of the ClusterRole, and of the RoleBinding by which a namespace gives it."""

_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/rolebindings"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/{namespace}/deployments"


def granting_namespaces(api: KubernetesApi) -> list[str]:
    """The namespaces with the RoleBinding; none in a cluster that was prepared before there was such a thing."""
    try:
        return sorted(found["metadata"]["namespace"] for found in api.list(_BINDINGS, name=SIGNING_PROXY))
    except AccessDeniedError:
        return []


def workloads(api: KubernetesApi, namespace: str) -> Iterator[Workload]:
    """The Deployments of a namespace; raises AccessDeniedError where its RoleBinding does not give the right."""
    return map(workload_of, api.list(_DEPLOYMENTS.format(namespace=namespace)))


def annotate(api: KubernetesApi, workload: Workload, annotations: Mapping[str, str]) -> None:
    """Give the pods these annotations of Trellis and no others, which restarts them; nothing where it is gone.

    Server-side apply: what Trellis has set and does not set any more goes, unless somebody else sets it too.
    """
    path = f"{_DEPLOYMENTS.format(namespace=workload.namespace)}/{workload.name}"
    if api.get(path) is None:
        return
    document: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": workload.name, "namespace": workload.namespace},
    }
    if annotations:
        document["spec"] = {"template": {"metadata": {"annotations": dict(annotations)}}}
    api.apply(path, document, manager=MANAGER)
