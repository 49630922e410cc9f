"""backendRefs resolved to the ports of Services and their ready endpoints, as far as ReferenceGrants allow."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator

from trellis.gateway_api import limits
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.health_checks import HealthChecks
from trellis.gateway_api.intent_model import Backend
from trellis.gateway_api.objects import (
    GATEWAY_GROUP,
    EndpointSlice,
    HTTPBackendRef,
    ReferenceGrant,
    Service,
    ServicePort,
)
from trellis.gateway_api.snapshot import Snapshot
from trellis.gateway_api.trim import SERVICE_LABEL
from trellis.model import Target

_SUPPORTED_APP_PROTOCOLS = (None, "", "http")
_FALLBACK_PORT = 80


class Backends:
    """Looks up the backends of one snapshot."""

    def __init__(self, snapshot: Snapshot, quotas: limits.Quotas, checks: HealthChecks | None = None) -> None:
        self._quotas = quotas
        self._checks = checks or HealthChecks()
        self._known: dict[tuple[str, str, int], Backend] = {}
        self._services = {service.key: service for service in reversed(snapshot.services)}
        self._grants = snapshot.grants
        self._slices: dict[tuple[str, str], list[EndpointSlice]] = defaultdict(list)
        for piece in snapshot.slices:
            self._slices[piece.metadata.namespace, piece.metadata.labels.get(SERVICE_LABEL, "")].append(piece)

    @property
    def used(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of the Services that were resolved."""
        return frozenset((namespace, name) for namespace, name, _ in self._known)

    def resolve(self, ref: HTTPBackendRef, route_namespace: str) -> Backend | Finding:
        """The backend, or why it cannot be used; the message begins with the field inside the backendRef."""
        if (ref.group, ref.kind) != ("", "Service"):
            return Finding("InvalidKind", f"kind: {ref.kind[:80]} is not supported, only Service is")
        namespace = ref.namespace or route_namespace
        if namespace != route_namespace and not _granted(self._grants, namespace, ref.name, route_namespace):
            message = f"namespace: no ReferenceGrant in {namespace} lets HTTPRoutes of {route_namespace} use {ref.name}"
            return Finding("RefNotPermitted", message)
        service = self._services.get((namespace, ref.name))
        if service is None:
            return Finding("BackendNotFound", f"name: there is no Service {namespace}/{ref.name}")
        port = _port(ref, service)
        if isinstance(port, Finding):
            return port
        key = namespace, ref.name, port.port
        if key not in self._known:
            self._known[key] = self._backend(service, port)
        return self._known[key]

    def _backend(self, service: Service, port: ServicePort) -> Backend:
        family = _ip_address_type(service)
        targets = self._targets(service, port, family)
        return Backend(
            *service.key,
            port=port.port,
            target_port=_target_port(port),
            ip_address_type=family,
            health_check=self._checks.of(service.key),
            targets=targets[: self._quotas.targets.value],
            endpoints=len(targets),
        )

    def _targets(self, service: Service, port: ServicePort, family: str) -> tuple[Target, ...]:
        slices = self._slices[service.key]
        found = {target for piece in slices for target in _slice_targets(piece, port, family)}
        return tuple(sorted(found))


def _port(ref: HTTPBackendRef, service: Service) -> ServicePort | Finding:
    name = "/".join(service.key)
    port = next((found for found in service.spec.ports if found.port == ref.port), None)
    if service.spec.type == "ExternalName":
        return Finding("InvalidKind", f"name: Service {name} is an ExternalName and has no endpoints")
    if port is None:
        wanted = "a Service needs a port" if ref.port is None else f"Service {name} has no port {ref.port}"
        return Finding("BackendNotFound", f"port: {wanted}")
    protocol = port.app_protocol.lower() if port.app_protocol else None
    if port.protocol != "TCP" or protocol not in _SUPPORTED_APP_PROTOCOLS:
        words = port.app_protocol or port.protocol
        return Finding("UnsupportedProtocol", f"port: port {ref.port} speaks {words[:80]}; only HTTP/1.1 is supported")
    return port


def _granted(grants: Iterable[ReferenceGrant], namespace: str, service: str, route_namespace: str) -> bool:
    return any(
        any(
            (who.group, who.kind, who.namespace) == (GATEWAY_GROUP, "HTTPRoute", route_namespace)
            for who in grant.spec.from_
        )
        and any(
            (what.group, what.kind) == ("", "Service") and what.name in (None, "", service) for what in grant.spec.to
        )
        for grant in grants
        if grant.metadata.namespace == namespace
    )


def _ip_address_type(service: Service) -> str:
    families = service.spec.ip_families
    return "IPV6" if families and "IPv4" not in families else "IPV4"


def _target_port(port: ServicePort) -> int:
    """The target group's port, which each target overrides.

    It comes from the Service alone: were it taken from the endpoints, a Service scaled to zero and back would get a new
    target group each time. A named targetPort may differ from pod to pod, so it gets the constant.
    """
    number = port.port if port.target_port in (None, 0, "") else port.target_port
    if isinstance(number, str):
        number = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else _FALLBACK_PORT
    return number if 1 <= number <= 65535 else _FALLBACK_PORT


def _slice_targets(piece: EndpointSlice, port: ServicePort, family: str) -> Iterator[Target]:
    if piece.address_type.upper() != family:
        return
    numbers = [
        found.port
        for found in piece.ports
        if (found.name or "") == (port.name or "") and found.protocol == "TCP" and found.port is not None
    ]
    for endpoint in piece.endpoints:
        if endpoint.conditions.ready is not False and not endpoint.conditions.terminating:
            yield from (
                Target(address, number)
                for address in endpoint.addresses
                for number in numbers
                if _is_target(address, family)
            )


def _is_target(address: str, family: str) -> bool:
    """Hand-made EndpointSlices may hold anything; VPC Lattice takes addresses inside the VPC only."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    unreachable = parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified
    return parsed.version == (6 if family == "IPV6" else 4) and not unreachable
