"""What of a Kubernetes object goes into a snapshot: what people wrote, and nothing that Trellis writes itself.

So a run that has just written status finds the same snapshot the next time.

Lists of the Kubernetes API leave out the kind of their items, so the kind is told from the shape.
"""

from collections.abc import Mapping
from typing import Any

SERVICE_LABEL = "kubernetes.io/service-name"

MODE_ANNOTATION = "trellis.dev/mode"
"""On an HTTPRoute or Gateway: `plan` or `remediate`; see `modes`."""

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
    if isinstance(annotations, Mapping) and MODE_ANNOTATION in annotations:
        kept["annotations"] = {MODE_ANNOTATION: annotations[MODE_ANNOTATION]}
    return kept


def _endpoint(endpoint: Any) -> Any:
    if not isinstance(endpoint, Mapping):
        return endpoint
    return {name: endpoint[name] for name in ("addresses", "conditions") if name in endpoint}
