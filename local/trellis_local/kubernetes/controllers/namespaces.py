"""What Kubernetes puts into every namespace: its default service account."""

from __future__ import annotations

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.objects import is_deleting, name_of
from trellis_local.kubernetes.objects_api import NAMESPACES
from trellis_local.kubernetes.store import StoreEvent

_SERVICE_ACCOUNTS = ("", "serviceaccounts")


class NamespaceController:
    """Creates the service account `default` in new namespaces."""

    def __init__(self, client: ControllerClient) -> None:
        self._client = client

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        if event.type_key != NAMESPACES or event.type == "DELETED" or is_deleting(event.object):
            return
        name = name_of(event.object)
        namespace = self._client.get(NAMESPACES, "", name)
        if namespace is None or is_deleting(namespace) or self._client.get(_SERVICE_ACCOUNTS, name, "default"):
            return
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        self._client.create(_SERVICE_ACCOUNTS, body)
