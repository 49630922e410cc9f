"""What of a Kubernetes object goes into a snapshot: what Trellis reads, and the status that it compares its own with.

Lists of the Kubernetes API leave out the kind of their items, so the kind is told from the shape.
"""

from collections.abc import Mapping
from typing import Any

DOMAIN_ANNOTATION = "application-networking.k8s.aws/lattice-assigned-domain-name"
SERVICE_LABEL = "kubernetes.io/service-name"

_METADATA = ("name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp")
_WITH_STATUS = ("controllerName", "gatewayClassName", "parentRefs")


def trim(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with only what a snapshot keeps; a part that is not of the expected type stays as it is."""
    kept = {name: value for name, value in raw.items() if name not in ("metadata", "status")}
    if "metadata" in raw:
        kept["metadata"] = _metadata(raw["metadata"], raw)
    if _has_status(raw):
        kept["status"] = raw["status"]
    if isinstance(raw.get("endpoints"), list):
        kept["endpoints"] = [_endpoint(endpoint) for endpoint in raw["endpoints"]]
    return kept


def _metadata(metadata: Any, raw: Mapping[str, Any]) -> Any:
    if not isinstance(metadata, Mapping):
        return metadata
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    labels, annotations = metadata.get("labels"), metadata.get("annotations")
    if isinstance(labels, Mapping) and "addressType" in raw:
        labels = {SERVICE_LABEL: labels[SERVICE_LABEL]} if SERVICE_LABEL in labels else {}
    # Of the other kinds only cluster-scoped ones are selected by label: namespaces.
    if labels and ("addressType" in raw or not metadata.get("namespace")):
        kept["labels"] = labels
    if isinstance(annotations, Mapping) and DOMAIN_ANNOTATION in annotations:
        kept["annotations"] = {DOMAIN_ANNOTATION: annotations[DOMAIN_ANNOTATION]}
    return kept


def _has_status(raw: Mapping[str, Any]) -> bool:
    status, spec = raw.get("status"), raw.get("spec")
    of_kind = isinstance(spec, Mapping) and any(name in spec for name in _WITH_STATUS)
    return status is not None and (of_kind or (isinstance(status, Mapping) and "parents" in status))


def _endpoint(endpoint: Any) -> Any:
    if not isinstance(endpoint, Mapping):
        return endpoint
    return {name: endpoint[name] for name in ("addresses", "conditions") if name in endpoint}
