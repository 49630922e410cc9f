"""Which GatewayClasses and Gateways are this controller's, and which of their listeners can take routes.

Those of other controllers are left alone entirely.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from trellis.gateway_api.conditions import CONTROLLER, INVALID_CERTIFICATE_REF, Condition, Conditions
from trellis.gateway_api.intent_model import GatewayClassIntent, GatewayIntent, ListenerIntent
from trellis.gateway_api.limits import NETWORK_NAME
from trellis.gateway_api.objects import GATEWAY_GROUP, Gateway, GatewayClass, GatewayListener
from trellis.gateway_api.snapshot import Malformed
from trellis.gateway_api.tls import certificate_option, unsupported
from trellis.model import is_certificate_arn

KINDS_BY_PROTOCOL = {"HTTP": ("HTTPRoute",), "HTTPS": ("HTTPRoute",)}
"""The protocols of listeners that are supported, with the kinds of routes that each takes."""

_CONNECTION_ORIENTED = ("HTTP", "HTTPS", "TLS", "TCP")


def own_classes(classes: Iterable[GatewayClass]) -> dict[str, GatewayClassIntent]:
    """The GatewayClasses of this controller by name."""
    return {found.metadata.name: _class(found) for found in classes if found.spec.controller_name == CONTROLLER}


def judge_gateway(gateway: Gateway, gateway_class: GatewayClassIntent) -> GatewayIntent:
    """The Gateway with its conditions; routes are not counted yet."""
    conditions = Conditions(gateway.metadata.generation)
    refusal = _refusal(gateway, gateway_class, conditions)
    listeners = tuple(_listener(found, gateway, usable=refusal is None) for found in gateway.spec.listeners)
    return GatewayIntent(
        *gateway.key,
        generation=gateway.metadata.generation,
        accepted=refusal is None and any(found.usable for found in listeners),
        conditions=(refusal or _summary(listeners, conditions),),
        listeners=listeners,
    )


def judge_malformed(bad: Malformed, classes: Iterable[str]) -> Iterator[GatewayIntent]:
    """The intent of a Gateway that could not be read, if it names one of the classes: nothing but a condition."""
    raw = bad.document if isinstance(bad.document, dict) else {}
    spec = raw.get("spec")
    named = spec.get("gatewayClassName") if isinstance(spec, dict) else None
    if isinstance(named, str) and named in classes and bad.namespace and bad.name:
        generation = generation_of(raw)
        refusal = Conditions(generation).false("Accepted", "Invalid", bad.message)
        yield GatewayIntent(bad.namespace, bad.name, generation, accepted=False, conditions=(refusal,))


def generation_of(raw: dict[str, Any]) -> int:
    """The generation of an object that may be malformed; 0 if it has none."""
    metadata = raw.get("metadata")
    generation = metadata.get("generation") if isinstance(metadata, dict) else None
    return generation if isinstance(generation, int) else 0


def _class(found: GatewayClass) -> GatewayClassIntent:
    conditions = Conditions(found.metadata.generation)
    if found.spec.parameters_ref:
        refusal = conditions.false("Accepted", "InvalidParameters", "spec.parametersRef: Trellis takes no parameters")
        return GatewayClassIntent(found.metadata.name, (refusal,))
    return GatewayClassIntent(found.metadata.name, (conditions.true("Accepted", "Accepted", "Handled by Trellis"),))


def _refusal(gateway: Gateway, gateway_class: GatewayClassIntent, conditions: Conditions) -> Condition | None:
    if gateway_class.conditions[0].status != "True":
        message = f"spec.gatewayClassName: GatewayClass {gateway_class.name} is not accepted"
        return conditions.false("Accepted", "Invalid", message)
    if not NETWORK_NAME.fullmatch(gateway.metadata.name):
        message = (
            "metadata.name: is the name of the VPC Lattice service network, which takes 3 to 63 of a-z, 0-9 and `-`"
        )
        return conditions.false("Accepted", "Invalid", message)
    if gateway.spec.addresses:
        message = "spec.addresses: VPC Lattice chooses the addresses of its services"
        return conditions.false("Accepted", "UnsupportedAddress", message)
    return None


def _summary(listeners: tuple[ListenerIntent, ...], conditions: Conditions) -> Condition:
    unusable = [found.name for found in listeners if not found.usable]
    if not unusable and listeners:
        return conditions.true("Accepted", "Accepted", "All listeners are accepted")
    message = f"listeners that cannot be used: {', '.join(unusable)}" if unusable else "spec.listeners: is empty"
    make = conditions.true if len(unusable) < len(listeners) else conditions.false
    return make("Accepted", "ListenersNotValid", message)


def _listener(listener: GatewayListener, gateway: Gateway, *, usable: bool) -> ListenerIntent:
    conditions = Conditions(gateway.metadata.generation)
    kinds, resolved = _kinds(listener, conditions)
    accepted, conflicted = _acceptance(listener, gateway, conditions)
    return ListenerIntent(
        name=listener.name,
        port=listener.port,
        protocol=listener.protocol,
        usable=usable and accepted.status == "True",
        supported_kinds=kinds,
        conditions=(accepted, _certificate(listener, conditions) or resolved, conflicted),
        certificate_arn=certificate_option(listener),
    )


def _acceptance(listener: GatewayListener, gateway: Gateway, conditions: Conditions) -> tuple[Condition, Condition]:
    """The conditions Accepted and Conflicted."""
    conflict = _conflict(listener, gateway)
    if conflict:
        reason, other = conflict
        message = f"listener {other.name} of port {other.port} has the same hostname or another protocol"
        return conditions.false("Accepted", reason, message), conditions.true("Conflicted", reason, message)
    free = conditions.false("Conflicted", "NoConflicts", "No conflicts")
    if listener.protocol not in KINDS_BY_PROTOCOL:
        message = f"protocol: {listener.protocol[:40]} is not supported, only {', '.join(KINDS_BY_PROTOCOL)} is"
        return conditions.false("Accepted", "UnsupportedProtocol", message), free
    trouble = unsupported(listener, gateway)
    if trouble:
        return conditions.false("Accepted", "UnsupportedValue", trouble), free
    return conditions.true("Accepted", "Accepted", "Accepted"), free


def _certificate(listener: GatewayListener, conditions: Conditions) -> Condition | None:
    """The condition ResolvedRefs of a listener that names no certificate of ACM where it should; else None."""
    arn = certificate_option(listener)
    if not arn or is_certificate_arn(arn):
        return None
    message = f"tls.options: {ascii(arn)[:80]} is not the ARN of a certificate of AWS Certificate Manager"
    return conditions.false("ResolvedRefs", INVALID_CERTIFICATE_REF, message)


def _conflict(listener: GatewayListener, gateway: Gateway) -> tuple[str, GatewayListener] | None:
    """The Gateway API wants all listeners of a conflict refused: none may win."""
    for other in gateway.spec.listeners:
        if other is listener or other.port != listener.port:
            continue
        if other.protocol == listener.protocol and (other.hostname or "") == (listener.hostname or ""):
            return "HostnameConflict", other
        if other.protocol != listener.protocol and {other.protocol, listener.protocol} <= {*_CONNECTION_ORIENTED}:
            return "ProtocolConflict", other
    return None


def _kinds(listener: GatewayListener, conditions: Conditions) -> tuple[tuple[str, ...], Condition]:
    """The kinds of routes that the listener takes, and the condition ResolvedRefs."""
    possible = KINDS_BY_PROTOCOL.get(listener.protocol, ())
    wanted = listener.allowed_routes.kinds
    if not wanted:
        return possible, conditions.true("ResolvedRefs", "ResolvedRefs", "All references are resolved")
    kinds = tuple(kind for kind in possible if any((want.group, want.kind) == (GATEWAY_GROUP, kind) for want in wanted))
    wrong = [want.kind for want in wanted if want.group != GATEWAY_GROUP or want.kind not in possible]
    if wrong:
        message = f"allowedRoutes.kinds: not supported: {', '.join(kind[:80] for kind in wrong[:8])}"
        return kinds, conditions.false("ResolvedRefs", "InvalidRouteKinds", message)
    return kinds, conditions.true("ResolvedRefs", "ResolvedRefs", "All references are resolved")
