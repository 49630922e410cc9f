"""The Kubernetes objects that Trellis reads, as they come in.

Unknown fields are ignored, except in rules and matches, where a field that Trellis does not know may change the
meaning; those are kept in `model_extra` and refused later. What Trellis uses has to be of the right type: a wrong one
makes the object malformed, never guessed at.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

T = TypeVar("T")

Rank = tuple[datetime, str, str]

_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_CODES = r"^[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*$"

Name = Annotated[str, StringConstraints(max_length=253, pattern=_SUBDOMAIN)]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
Many = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
Labels = Annotated[dict[str, str], BeforeValidator(lambda value: {} if value is None else value)]

GATEWAY_GROUP = "gateway.networking.k8s.io"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _WholePart(BaseModel):
    """A part of which no field may be overlooked."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)

    def unknown(self) -> list[str]:
        """The fields that Trellis does not know and that carry something."""
        return sorted(name for name, value in (self.model_extra or {}).items() if value)


class Metadata(_Part):
    name: Name
    namespace: Name = ""
    uid: str = ""
    generation: StrictInt = 0
    creation_timestamp: AwareDatetime | None = None
    deletion_timestamp: AwareDatetime | None = None
    labels: Labels = {}
    annotations: Labels = {}


class KubernetesObject(_Part):
    """What all objects have."""

    metadata: Metadata

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.metadata.namespace, self.metadata.name

    @property
    def rank(self) -> Rank:
        """Older first, then by namespace and name; one without creation time counts as the youngest."""
        return self.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC), *self.key


class GatewayClassSpec(_Part):
    controller_name: str
    parameters_ref: Any = None


class GatewayClass(KubernetesObject):
    spec: GatewayClassSpec


class LabelRequirement(_Part):
    key: str
    operator: str
    values: Many[str] = ()


class LabelSelector(_Part):
    match_labels: Labels = {}
    match_expressions: Many[LabelRequirement] = ()


class RouteNamespaces(_Part):
    from_: str = Field(default="Same", alias="from")
    selector: LabelSelector | None = None


class RouteGroupKind(_Part):
    group: str = GATEWAY_GROUP
    kind: str


class AllowedRoutes(_Part):
    namespaces: RouteNamespaces = RouteNamespaces()
    kinds: Many[RouteGroupKind] = ()


class ListenerTls(_Part):
    mode: str = "Terminate"
    options: Labels = {}


class GatewayListener(_Part):
    name: Name
    protocol: str
    port: Port
    hostname: str | None = None
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes = AllowedRoutes()


class GatewayTls(_Part):
    frontend: Any = None


class GatewaySpec(_Part):
    gateway_class_name: str
    listeners: Many[GatewayListener] = ()
    tls: GatewayTls | None = None
    addresses: Many[Any] = ()


class Gateway(KubernetesObject):
    spec: GatewaySpec


class ParentRef(_Part):
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"
    namespace: Name | None = None
    name: Name
    section_name: str | None = None
    port: Port | None = None


class HTTPPathMatch(_Part):
    type: str = "PathPrefix"
    value: str = "/"


class HTTPHeaderMatch(_Part):
    type: str = "Exact"
    name: str
    value: str


class HTTPRouteMatch(_WholePart):
    path: HTTPPathMatch | None = None
    method: str | None = None
    headers: Many[HTTPHeaderMatch] = ()
    query_params: Many[Any] = ()


class HTTPBackendRef(_WholePart):
    group: str = ""
    kind: str = "Service"
    namespace: Name | None = None
    name: Name
    port: Port | None = None
    weight: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 1
    filters: Any = None


class HTTPRouteRule(_WholePart):
    name: str | None = None
    matches: Many[HTTPRouteMatch] = ()
    backend_refs: Many[HTTPBackendRef] = ()
    filters: Any = None
    timeouts: Any = None
    retry: Any = None
    session_persistence: Any = None


class HTTPRouteSpec(_Part):
    parent_refs: Many[ParentRef] = ()
    hostnames: Many[str] = ()
    # The rule that the Gateway API gives to a route without any.
    rules: Many[HTTPRouteRule] = (HTTPRouteRule(),)


class HTTPRoute(KubernetesObject):
    spec: HTTPRouteSpec


class PolicyTargetRef(_Part):
    group: str
    kind: str
    name: Name
    namespace: Name | None = None
    section_name: str | None = None


class ServiceAccount(KubernetesObject):
    """Only those with an annotation of Trellis are read, and only their metadata."""


class IAMAuthPolicySpec(_Part):
    target_ref: PolicyTargetRef
    policy: str = ""


class IAMAuthPolicy(KubernetesObject):
    spec: IAMAuthPolicySpec


class HealthCheckSpec(_Part):
    """What VPC Lattice takes: https://docs.aws.amazon.com/vpc-lattice/latest/APIReference/API_HealthCheckConfig.html."""

    enabled: StrictBool | None = None
    interval_seconds: Annotated[StrictInt, Field(ge=5, le=300)] | None = None
    timeout_seconds: Annotated[StrictInt, Field(ge=1, le=120)] | None = None
    healthy_threshold_count: Annotated[StrictInt, Field(ge=2, le=10)] | None = None
    unhealthy_threshold_count: Annotated[StrictInt, Field(ge=2, le=10)] | None = None
    path: Annotated[str, Field(max_length=2048, pattern=r"^/[a-zA-Z0-9@:%_+.~#?&/=-]*$")] | None = None
    port: Port | None = None
    protocol: Literal["HTTP", "HTTPS"] | None = None
    protocol_version: Literal["HTTP1", "HTTP2"] | None = None
    status_match: Annotated[str, Field(max_length=2000, pattern=_CODES)] | None = None


class TargetGroupPolicySpec(_Part):
    target_ref: PolicyTargetRef
    protocol: str | None = None
    protocol_version: str | None = None
    health_check: HealthCheckSpec | None = None


class TargetGroupPolicy(KubernetesObject):
    spec: TargetGroupPolicySpec


class GrantFrom(_Part):
    group: str
    kind: str
    namespace: str


class GrantTo(_Part):
    group: str
    kind: str
    name: str | None = None


class ReferenceGrantSpec(_Part):
    from_: Many[GrantFrom] = Field(default=(), alias="from")
    to: Many[GrantTo] = ()


class ReferenceGrant(KubernetesObject):
    spec: ReferenceGrantSpec


class Namespace(KubernetesObject):
    pass


class ServicePort(_Part):
    name: str | None = None
    port: Port
    target_port: StrictInt | str | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


class ServiceSpec(_Part):
    type: str = "ClusterIP"
    ports: Many[ServicePort] = ()
    ip_families: Many[str] = ()


class Service(KubernetesObject):
    spec: ServiceSpec


class EndpointConditions(_Part):
    ready: StrictBool | None = None
    terminating: StrictBool | None = None


class Endpoint(_Part):
    addresses: Many[str]
    conditions: EndpointConditions = EndpointConditions()


class EndpointPort(_Part):
    name: str | None = None
    port: Port | None = None
    protocol: str = "TCP"


class EndpointSlice(KubernetesObject):
    address_type: str
    endpoints: Many[Endpoint] = ()
    ports: Many[EndpointPort] = ()
