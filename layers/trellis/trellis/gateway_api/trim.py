"""What of a Kubernetes object goes into a snapshot: what people wrote, and nothing that Trellis writes itself.

So a run that has just written status finds the same snapshot the next time.

Lists of the Kubernetes API leave out the kind of their items, so the kind is told from the shape.
"""

from collections.abc import Mapping
from typing import Any

SERVICE_LABEL = "kubernetes.io/service-name"

MODE_ANNOTATION = "trellis.dev/mode"
"""On an HTTPRoute or Gateway: `plan` or `remediate`; see `modes`."""

CALLS_ANNOTATION = "trellis.dev/calls"
"""On a ServiceAccount: the hostnames of the services that its pods call, separated by commas; see `clients`."""

IDENTITY_ANNOTATION = "trellis.dev/identity"
"""On a ServiceAccount: `pod-identity` or `irsa`; see `clients`."""

_ANNOTATIONS = (MODE_ANNOTATION, CALLS_ANNOTATION, IDENTITY_ANNOTATION)
_METADATA = ("name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp")


def trim(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with only what a snapshot keeps; a part that is not of the expected type stays as it is."""
    kept = {name: value for name, value in raw.items() if name not in ("metadata", "status")}
    if "metadata" in raw:
        kept["metadata"] = _metadata(raw["metadata"], raw)
    if isinstance(raw.get("endpoints"), list):
        kept["endpoints"] = [_endpoint(endpoint) for endpoint in raw["endpoints"]]
    return kept


def _metadata(metadata: Any, raw: Mapping[str, Any]) -> Any:
    if not isinstance(metadata, Mapping):
        return metadata
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    labels = metadata.get("labels")
    if isinstance(labels, Mapping) and "addressType" in raw:
        labels = {SERVICE_LABEL: labels[SERVICE_LABEL]} if SERVICE_LABEL in labels else {}
    # Of the other kinds only cluster-scoped ones are selected by label: namespaces.
    if labels and ("addressType" in raw or not metadata.get("namespace")):
        kept["labels"] = labels
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping):
        own = {name: annotations[name] for name in _ANNOTATIONS if name in annotations}
        kept.update({"annotations": own} if own else {})
    return kept


def trim_service_account(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a snapshot keeps of a ServiceAccount: nothing of those without the annotation, of others the metadata."""
    metadata = raw.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    if not isinstance(annotations, Mapping) or CALLS_ANNOTATION not in annotations:
        return None
    return {"metadata": _metadata(metadata, raw)}


def _endpoint(endpoint: Any) -> Any:
    if not isinstance(endpoint, Mapping):
        return endpoint
    return {name: endpoint[name] for name in ("addresses", "conditions") if name in endpoint}
