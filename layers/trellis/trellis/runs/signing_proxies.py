"""After the changes: the annotations for the SigV4 proxy on Deployments that ask for it, where they differ.

They are compared where they are written, as status is, and told in the report as what was done.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trellis.clusters.api import KubernetesApi, is_refusal
from trellis.clusters.workloads import SIGNING_PROXY, annotate, granting_namespaces, workloads
from trellis.errors import AccessDeniedError, ClusterUnreadableError
from trellis.gateway_api import Intent
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.signing_proxies import Workload, wanted_annotations
from trellis.model import Cluster
from trellis.planning.work import Description, Refusal, Status, described

KIND = "annotate_workloads"

NOT_PERMITTED = "NotPermitted"


def keep_signing_proxies(api: KubernetesApi, intent: Intent, cluster: Cluster) -> list[dict[str, Any]]:
    """Write what differs; the outcome of that, if there is anything to tell.

    Raises ClusterUnreadableError when the cluster does not answer; what it refuses is told.
    """
    keeping = _Keeping(api, intent, cluster)
    for namespace in granting_namespaces(api):
        keeping.keep(namespace)
    return keeping.outcome()


def clear_signing_proxies(api: KubernetesApi) -> None:
    """Take back all annotations of Trellis, which leaves."""
    for namespace in granting_namespaces(api):
        for workload in workloads(api, namespace):
            if workload.owned:
                annotate(api, workload, {})


class _Keeping:
    def __init__(self, api: KubernetesApi, intent: Intent, cluster: Cluster) -> None:
        self._api = api
        self._intent = intent
        self._cluster = cluster
        self._done: list[Description] = []
        self._refusals: list[Refusal] = []

    def keep(self, namespace: str) -> None:
        """All Deployments of a namespace; what it does not let Trellis do there does not concern the others."""
        try:
            for workload in list(workloads(self._api, namespace)):
                self._keep(workload)
        except AccessDeniedError as error:
            message = f"the RoleBinding {SIGNING_PROXY} does not give the ClusterRole of this name: {error}"
            self._refusals.append(Refusal(f"Namespace {namespace}", NOT_PERMITTED, message))

    def outcome(self) -> list[dict[str, Any]]:
        """As the state machine keeps those of work items."""
        if not self._done and not self._refusals:
            return []
        return [
            {
                "kind": KIND,
                "name": self._cluster.name,
                "status": Status.REFUSED if self._refusals else Status.DONE,
                "done": list(self._done),
                "refusals": [asdict(refusal) for refusal in self._refusals],
            }
        ]

    def _keep(self, workload: Workload) -> None:
        wanted = wanted_annotations(workload, self._intent.clients, region=self._cluster.region)
        if isinstance(wanted, Finding):
            # What is there stays: pods are not restarted because somebody has made a mistake elsewhere.
            self._refusals.append(Refusal(workload.resource, wanted.reason, wanted.message))
        elif not workload.has(wanted):
            self._annotate(workload, wanted)

    def _annotate(self, workload: Workload, wanted: Mapping[str, str]) -> None:
        try:
            annotate(self._api, workload, wanted)
        except ClusterUnreadableError as error:
            if not is_refusal(error):
                raise
            self._refusals.append(Refusal(workload.resource, "Refused", str(error)))
        else:
            found = dict(workload.annotations) or None
            self._done.append(
                described(
                    "AnnotateWorkload",
                    workload.resource,
                    expected=dict(wanted) or None,
                    found=found,
                    deletes=not wanted,
                )
            )
