"""The annotation `trellis.dev/mode` of HTTPRoutes and Gateways: the services that a run only reports on.

The stricter wins everywhere: a service that several routes share is held by any of them, and `remediate` on an object
does not lift the mode `plan` of its cluster. A value that is not a mode counts as `plan`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trellis.gateway_api.attachment import Attachment
from trellis.gateway_api.conditions import MODE_VALID, Condition, Conditions, Finding
from trellis.gateway_api.intent_model import HeldService
from trellis.gateway_api.names import service_name
from trellis.gateway_api.objects import Gateway, HTTPRoute
from trellis.gateway_api.trim import MODE_ANNOTATION
from trellis.model import Cluster, Mode


@dataclass(frozen=True)
class ObjectMode:
    """The mode that `by`, an object in people's words, asks for; `problem` says what is wrong with the annotation."""

    mode: Mode = Mode.REMEDIATE
    by: str = ""
    problem: str = ""

    def conditions(self, generation: int) -> Iterator[Condition]:
        """A condition of the route when the annotation is not a mode; none otherwise."""
        if self.problem:
            yield Conditions(generation).false(MODE_VALID, "UnsupportedValue", self.problem)


def mode_of(route: HTTPRoute, gateway: Gateway | None = None) -> ObjectMode:
    """The mode of a route at a Gateway: its own annotation, else the Gateway's."""
    own = _annotated("HTTPRoute", route)
    if own or gateway is None:
        return own or ObjectMode()
    return _annotated("Gateway", gateway) or ObjectMode()


def held_at(
    route: HTTPRoute, mode: ObjectMode, attachment: Attachment | Finding, services: Iterable[str], *, cluster: Cluster
) -> Iterator[HeldService]:
    """What a route holds at one parent: the services that it is served by, and those that it would be."""
    if mode.mode is not Mode.PLAN:
        return
    places = attachment.places if isinstance(attachment, Attachment) else ()
    yield from (HeldService(name, None, mode.by) for name in services)
    yield from _held_under({place.hostname for place in places}, route, mode, cluster)


def held_anywhere(route: HTTPRoute, cluster: Cluster) -> Iterator[HeldService]:
    """What a route holds by its own annotation, also while it attaches nowhere: its Gateway may be gone for now."""
    mode = mode_of(route)
    if mode.mode is Mode.PLAN:
        yield from _held_under(set(route.spec.hostnames) or {None}, route, mode, cluster)


def _held_under(
    hostnames: Iterable[str | None], route: HTTPRoute, mode: ObjectMode, cluster: Cluster
) -> Iterator[HeldService]:
    for hostname in sorted(hostnames, key=lambda name: name or ""):
        name = service_name(cluster, namespace=route.metadata.namespace, hostname=hostname, route=route.metadata.name)
        yield HeldService(name, hostname, mode.by)


def _annotated(kind: str, found: HTTPRoute | Gateway) -> ObjectMode | None:
    value = found.metadata.annotations.get(MODE_ANNOTATION)
    if value is None:
        return None
    by = f"{kind} {'/'.join(found.key)}"
    if value in set(Mode):
        return ObjectMode(Mode(value), by)
    problem = f"{by}: metadata.annotations[{MODE_ANNOTATION}]: {ascii(value)[:80]} is neither plan nor remediate"
    return ObjectMode(Mode.PLAN, by, f"{problem}; plan is assumed: differences are reported and nothing is changed")
