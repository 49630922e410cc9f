"""The operations on listeners, which exist at once and have no status."""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .actions import checked_action
from .backend import LatticeBackend, conflict, require_status, require_unique_name
from .configuration import current
from .errors import ValidationException
from .paging import page
from .resources import Listener, Rule, Service

Document = dict[str, Any]
Request = Mapping[str, Any]
# A service that failed must be deleted, and one that is being deleted takes its listeners along.
_CHANGEABLE = ("ACTIVE", "CREATE_IN_PROGRESS")
_DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443, "TLS_PASSTHROUGH": 443}


def create_listener(backend: LatticeBackend, request: Request) -> Document:
    """Create a listener and the default rule that stands for its default action."""
    service = backend.service(request["serviceIdentifier"])
    require_status(service, *_CHANGEABLE)
    protocol = request["protocol"]
    port = request.get("port", _DEFAULT_PORTS[protocol])
    _require_room(service, name=request["name"], port=port)
    if protocol == "TLS_PASSTHROUGH" and not service.custom_domain_name:
        raise ValidationException("A TLS_PASSTHROUGH listener needs a service with a custom domain name.")
    action = checked_action(backend, request["defaultAction"], service=service, protocol=protocol)
    common = backend.common_members(Listener.kind, request)
    listener = Listener(**common, service_arn=service.arn, protocol=protocol, port=port)
    rule = Rule(**backend.common_members(Rule.kind, {"name": "default"}), listener_arn=listener.arn, action=action)
    listener.rules[rule.id] = rule
    service.listeners[listener.id] = listener
    return _details(service, listener)


def get_listener(backend: LatticeBackend, request: Request) -> Document:
    """Describe a listener."""
    service, listener = backend.listener(request)
    return {**_details(service, listener), **listener.times}


def list_listeners(backend: LatticeBackend, request: Request) -> Document:
    """List the listeners of a service."""
    service = backend.service(request["serviceIdentifier"])
    return page(
        "listeners",
        service.listeners.values(),
        request,
        key=lambda listener: listener.sequence,
        render=lambda listener: {**_summary(listener), **listener.times},
    )


def update_listener(backend: LatticeBackend, request: Request) -> Document:
    """Replace the default action, the only thing of a listener that can change."""
    service, listener = listener_to_change(backend, request)
    rule = listener.default_rule
    rule.action = checked_action(
        backend, request["defaultAction"], service=service, protocol=listener.protocol, replaced=rule
    )
    listener.last_updated_at = rule.last_updated_at = backend.now()
    return _details(service, listener)


def delete_listener(backend: LatticeBackend, request: Request) -> Document:
    """Delete a listener and its rules."""
    service, listener = listener_to_change(backend, request)
    del service.listeners[listener.id]
    return {}


def listener_to_change(backend: LatticeBackend, request: Request) -> tuple[Service, Listener]:
    """Find the listener of a request, and its service; raises ConflictException when the service fails or goes."""
    service, listener = backend.listener(request)
    require_status(service, *_CHANGEABLE)
    return service, listener


def _require_room(service: Service, *, name: str, port: int) -> None:
    require_unique_name(service.listeners.values(), name)
    for listener in service.listeners.values():
        if listener.port == port:
            raise conflict(listener, f"Listener {listener.id} of service {service.id} uses port {port} already.")
    quotas.check_quota(
        quotas.LISTENERS_PER_SERVICE,
        wanted=len(service.listeners) + 1,
        limits=current().quotas,
        parent_id=service.id,
    )


def _summary(listener: Listener) -> Document:
    return {
        "id": listener.id,
        "arn": listener.arn,
        "name": listener.name,
        "protocol": listener.protocol,
        "port": listener.port,
    }


def _details(service: Service, listener: Listener) -> Document:
    return {
        **_summary(listener),
        "serviceId": service.id,
        "serviceArn": service.arn,
        "defaultAction": listener.default_rule.action,
    }
