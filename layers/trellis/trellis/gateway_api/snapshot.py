"""A snapshot of one cluster's objects, parsed. One malformed object never prevents the others.

An object that does not parse is kept beside the others with the reason, so that it is reported rather than missed. A
snapshot without one of the kinds is refused: what was not read is unknown, which is not the same as absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from trellis.errors import InvalidInputError
from trellis.gateway_api.objects import (
    EndpointSlice,
    Gateway,
    GatewayClass,
    HTTPRoute,
    IAMAuthPolicy,
    KubernetesObject,
    Namespace,
    ReferenceGrant,
    Service,
    ServiceAccount,
    TargetGroupPolicy,
)

ObjectType = TypeVar("ObjectType", bound=KubernetesObject)


@dataclass(frozen=True)
class Malformed:
    """An object that Trellis could not read; `message` names the fields. `document` is the raw object."""

    kind: str
    namespace: str
    name: str
    message: str
    document: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Snapshot:
    """The objects of one cluster, each kind ordered by namespace and name."""

    cluster: str
    gateway_classes: tuple[GatewayClass, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    routes: tuple[HTTPRoute, ...] = ()
    grants: tuple[ReferenceGrant, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    services: tuple[Service, ...] = ()
    slices: tuple[EndpointSlice, ...] = ()
    policies: tuple[IAMAuthPolicy, ...] = ()
    group_policies: tuple[TargetGroupPolicy, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    malformed: tuple[Malformed, ...] = ()


def parse_snapshot(document: Mapping[str, Any]) -> Snapshot:
    """Parse `{"cluster": name, "objects": {kind: [raw object, ...]}}`; InvalidInputError if a kind is missing."""
    parsing = _Parsing(document)
    return Snapshot(
        cluster=str(document.get("cluster", "")),
        gateway_classes=parsing.all(GatewayClass),
        gateways=parsing.all(Gateway),
        routes=parsing.all(HTTPRoute),
        grants=parsing.all(ReferenceGrant),
        namespaces=parsing.all(Namespace),
        services=parsing.all(Service),
        slices=parsing.all(EndpointSlice),
        policies=parsing.all(IAMAuthPolicy),
        group_policies=parsing.all(TargetGroupPolicy),
        service_accounts=parsing.all(ServiceAccount),
        malformed=tuple(sorted(parsing.malformed, key=lambda bad: (bad.kind, bad.namespace, bad.name, bad.message))),
    )


class _Parsing:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._objects = document.get("objects")
        self.malformed: list[Malformed] = []

    def all(self, model: type[ObjectType]) -> tuple[ObjectType, ...]:
        kind = model.__name__
        found = self._objects.get(kind) if isinstance(self._objects, Mapping) else None
        if not isinstance(found, list):
            raise InvalidInputError(f"objects.{kind}: the snapshot has no list of this kind")
        parsed = [self._one(model, raw) for raw in found]
        return tuple(sorted((item for item in parsed if item), key=lambda item: (*item.key, item.metadata.uid)))

    def _one(self, model: type[ObjectType], raw: Any) -> ObjectType | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            metadata = raw.get("metadata") if isinstance(raw, Mapping) else None
            namespace, name = _text(metadata, "namespace"), _text(metadata, "name")
            self.malformed.append(Malformed(model.__name__, namespace, name, _message(error), raw))
            return None


def _text(metadata: Any, member: str) -> str:
    value = metadata.get(member) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else ""


def _message(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{_field(detail['loc'])}: {detail['msg']}" for detail in details[:5]]
    more = [f"and {len(details) - 5} more"] if len(details) > 5 else []
    return "; ".join([*lines, *more])


def _field(location: tuple[int | str, ...]) -> str:
    """The path of a field as people write it: `spec.rules[1].matches[0]`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or "object"
