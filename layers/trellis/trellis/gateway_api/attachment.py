"""Where a route attaches: each parentRef is judged by its own Gateway's listeners, none by another's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trellis.gateway_api import hostnames
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.intent_model import GatewayIntent, ListenerIntent
from trellis.gateway_api.objects import Gateway, GatewayListener, HTTPRoute, LabelSelector, ParentRef
from trellis.gateway_api.tls import certificate_option

NamespaceLabels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class OwnGateway:
    """A Gateway of this controller as it came in, and what is thought of it. A malformed one has no `gateway`."""

    intent: GatewayIntent
    gateway: Gateway | None


@dataclass(frozen=True)
class Place:
    """Where a route wants to be served: at a port, under a hostname or, with None, under the service's own name.

    `certificate_arn` is the certificate that the listener names; empty when it names none.
    """

    listener: str
    protocol: str
    port: int
    hostname: str | None
    certificate_arn: str = ""


@dataclass(frozen=True)
class Attachment:
    """The places that a parentRef gives to a route, and what is wrong with some of its hostnames."""

    places: tuple[Place, ...] = ()
    problems: tuple[str, ...] = ()


def attach(route: HTTPRoute, ref: ParentRef, own: OwnGateway, namespaces: NamespaceLabels) -> Attachment | Finding:
    """Attach a route to a Gateway, or say why not."""
    if own.gateway is None:
        return Finding(
            "NoMatchingParent", f"Gateway {'/'.join(_key(own))} is invalid: {own.intent.conditions[0].message}"
        )
    pairs = list(zip(own.gateway.spec.listeners, own.intent.listeners, strict=True))
    named = [pair for pair in pairs if _is_named(ref, pair[0])]
    if not named:
        return Finding("NoMatchingParent", f"parentRef: Gateway {'/'.join(_key(own))} has no {_words(ref)}")
    usable = [pair for pair in named if pair[1].usable]
    if not usable:
        return Finding(
            "NoMatchingParent", f"parentRef: no usable listener in Gateway {'/'.join(_key(own))}; see its status"
        )
    allowing = [pair for pair in usable if _allows(*pair, route, own.gateway, namespaces)]
    if not allowing:
        return Finding("NotAllowedByListeners", "allowedRoutes of the Gateway's listeners exclude this route")
    return _served(route, [listener for listener, _ in allowing])


def _served(route: HTTPRoute, listeners: list[GatewayListener]) -> Attachment | Finding:
    places: list[Place] = []
    problems: list[str] = []
    for listener in listeners:
        for field, hostname in _common(route, listener):
            trouble = hostnames.problem(hostname) if hostname else None
            if trouble:
                problems.append(f"{field}: {ascii(hostname)[:260]}: {trouble}")
            else:
                arn = certificate_option(listener)
                places.append(Place(listener.name, listener.protocol, listener.port, hostname, arn))
    if places:
        return Attachment(tuple(places), tuple(dict.fromkeys(problems)))
    if problems:
        return Finding("UnsupportedValue", "; ".join(dict.fromkeys(problems[:10])))
    return Finding(
        "NoMatchingListenerHostname", "spec.hostnames: none is covered by a hostname of the Gateway's listeners"
    )


def _common(route: HTTPRoute, listener: GatewayListener) -> Iterator[tuple[str, str | None]]:
    """The hostnames that route and listener have in common, each with the field that asks for it."""
    if not route.spec.hostnames:
        yield f"hostname of listener {listener.name}", listener.hostname or None
    for index, hostname in enumerate(route.spec.hostnames):
        common = hostnames.intersection(listener.hostname, hostname)
        if common is not None:
            yield f"spec.hostnames[{index}]", common


def _is_named(ref: ParentRef, listener: GatewayListener) -> bool:
    return ref.section_name in (None, "", listener.name) and ref.port in (None, listener.port)


def _words(ref: ParentRef) -> str:
    name = f" {ref.section_name[:253]}" if ref.section_name else ""
    return f"listener{name}" + (f" of port {ref.port}" if ref.port else "")


def _allows(
    listener: GatewayListener, judged: ListenerIntent, route: HTTPRoute, gateway: Gateway, namespaces: NamespaceLabels
) -> bool:
    if "HTTPRoute" not in judged.supported_kinds:
        return False
    wanted = listener.allowed_routes.namespaces
    if wanted.from_ == "Selector":
        labels = namespaces.get(route.metadata.namespace)
        return labels is not None and wanted.selector is not None and _selects(wanted.selector, labels)
    return wanted.from_ == "All" or (wanted.from_ == "Same" and route.metadata.namespace == gateway.metadata.namespace)


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    return all(_holds(labels.get(item.key), item.operator, item.values) for item in selector.match_expressions)


def _holds(value: str | None, operator: str, values: tuple[str, ...]) -> bool:
    """An operator that Trellis does not know selects nothing."""
    if operator in ("In", "NotIn"):
        return (value in values) == (operator == "In")
    return (operator == "Exists" and value is not None) or (operator == "DoesNotExist" and value is None)


def _key(own: OwnGateway) -> tuple[str, str]:
    return own.intent.namespace, own.intent.name
