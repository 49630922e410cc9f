"""Services of which something may be missing because an object could not be read: nothing may be taken from them.

A route, Service or EndpointSlice that does not parse looks like one that was deleted: its rules and targets would go.
"""

from collections.abc import Mapping
from typing import Any

from trellis.gateway_api.intent_model import Intent, ServiceIntent
from trellis.gateway_api.snapshot import Malformed
from trellis.gateway_api.trim import SERVICE_LABEL

_OF_ALL = frozenset({"GatewayClass", "Gateway"})
_OF_BACKENDS = frozenset({"Service", "EndpointSlice", "ReferenceGrant"})


def services_in_doubt(intent: Intent) -> dict[str, str]:
    """The services, by name, that an unreadable object may have a part in, each with which object that is."""
    found: dict[str, str] = {}
    for bad in intent.malformed:
        for service in intent.services:
            if _concerns(bad, service):
                found.setdefault(service.name, f"{bad.kind} {bad.namespace}/{bad.name} cannot be read")
    return found


def _concerns(bad: Malformed, service: ServiceIntent) -> bool:
    if bad.kind in _OF_ALL:
        return True
    if bad.kind == "Namespace":
        return bad.name == service.namespace
    if bad.kind in _OF_BACKENDS:
        return _may_be_backend(bad, service)
    return bad.kind == "HTTPRoute" and bad.namespace == service.namespace


def _may_be_backend(bad: Malformed, service: ServiceIntent) -> bool:
    """Whether the object is about a backend of the service, or about one that it lacks for that reason."""
    backends = [share.backend for listener in service.listeners for rule in listener.rules for share in rule.shares]
    name = _service_of(bad)
    known = {(backend.namespace, backend.name) for backend in backends if backend}
    if bad.kind == "EndpointSlice" and name:
        return (bad.namespace, name) in known
    return None in backends or any(namespace == bad.namespace for namespace, _ in known)


def _service_of(bad: Malformed) -> str:
    """The Service that an EndpointSlice says it is of; empty when not even that can be read."""
    metadata = bad.document.get("metadata") if isinstance(bad.document, Mapping) else None
    labels: Any = metadata.get("labels") if isinstance(metadata, Mapping) else None
    name = labels.get(SERVICE_LABEL) if isinstance(labels, Mapping) else None
    return name if isinstance(name, str) else ""
