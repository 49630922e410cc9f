"""The documents that `POST /_local/faults` takes, one class for each kind; what does not fit is refused."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from trellis_local.aws.wire import operations_of
from trellis_local.chance import Chance
from trellis_local.lattice.history import is_read
from trellis_local.lattice.lifecycle import DURATIONS
from trellis_local.lattice.quotas import DEFAULT_QUOTAS

_LONGEST_SECONDS = 86_400.0
_TAGGING_READ = "GetResources"
_MOST_NAMES = 12  # in the message about a wrong one

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS)]


class Document(BaseModel):
    """What all have in common: no unknown members, no conversion of types, names of members as in JSON."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WithChance(Document):
    """`probability` for each call or change, `times` null without end; the same `seed` decides the same way."""

    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    times: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None

    def chance(self) -> Chance:
        """The decisions that this document orders."""
        return Chance(probability=self.probability, times=self.times, seed=self.seed)


class OfCalls(WithChance):
    """Which calls, by the names of the call log; `operation` and `caller` are patterns with * and ?."""

    service: Text = "*"
    operation: Text = "*"
    caller: Text = "*"

    @field_validator("service")
    @classmethod
    def _service_exists(cls, service: str) -> str:
        if service != "*" and not operations_of(service):
            raise ValueError(
                f"{service} is no service of AWS; allowed: * for all, or a name as in the call log,"
                " such as vpc-lattice, ec2, route53, eks, dynamodb, tag"
            )
        return service

    @field_validator("operation")
    @classmethod
    def _operation_exists(cls, operation: str, info: ValidationInfo) -> str:
        service = info.data.get("service", "*")
        return operation if service == "*" else _matching(operation, operations_of(service))


class Throttle(OfCalls):
    """Calls are refused because there are too many."""

    kind: Literal["throttle"]
    retryAfterSeconds: Annotated[int, Field(ge=0, le=3600)] = 1


class ServerError(OfCalls):
    """Calls fail in the service, without effect."""

    kind: Literal["server-error"]
    retryAfterSeconds: Annotated[int, Field(ge=0, le=3600)] = 1


class LatencyOfCalls(OfCalls):
    """Calls take so many more milliseconds of the stack's clock."""

    kind: Literal["latency"]
    milliseconds: Annotated[float, Field(gt=0, le=600_000)]


class StaleRead(WithChance):
    """Reads of VPC Lattice see what was true `lagSeconds` of the stack's clock ago."""

    kind: Literal["stale-reads"]
    lagSeconds: Annotated[float, Field(gt=0, le=3600)]
    operation: Text = "*"

    @field_validator("operation")
    @classmethod
    def _operation_reads(cls, operation: str) -> str:
        return _matching(operation, (*filter(is_read, operations_of("vpc-lattice")), _TAGGING_READ))


class OfState(Document):
    """A resource of VPC Lattice, by the noun of the API, and a state that ends by itself."""

    resource: Text
    during: Text

    @field_validator("resource")
    @classmethod
    def _has_states(cls, resource: str) -> str:
        return _one_of(resource, {resource for resource, _ in DURATIONS})

    @field_validator("during")
    @classmethod
    def _is_state(cls, during: str, info: ValidationInfo) -> str:
        resource = info.data.get("resource")
        return _one_of(during, {state for kind, state in DURATIONS if resource in (kind, None)})


class StateFailure(OfState, WithChance):
    """A change fails: its failureCode and failureMessage are `code` and `message`; it does so once unless told."""

    kind: Literal["state-failure"]
    code: Text
    message: Text
    name: Text | None = None
    times: Annotated[int, Field(ge=1)] | None = 1


class Duration(OfState):
    """A state lasts so many seconds of the stack's clock."""

    kind: Literal["duration"]
    seconds: Seconds


class Quota(Document):
    """A quota of VPC Lattice has this value."""

    kind: Literal["quota"]
    code: Text
    value: Annotated[int, Field(ge=0)]

    @field_validator("code")
    @classmethod
    def _code_exists(cls, code: str) -> str:
        return _one_of(code, DEFAULT_QUOTAS)


class ClusterOutage(Document):
    """The Kubernetes API of this cluster does not answer."""

    kind: Literal["cluster-outage"]
    cluster: Text


AnyFault = Throttle | ServerError | LatencyOfCalls | StaleRead | StateFailure | Duration | Quota | ClusterOutage
_KINDS: dict[str, type[Document]] = {
    "throttle": Throttle,
    "server-error": ServerError,
    "latency": LatencyOfCalls,
    "stale-reads": StaleRead,
    "state-failure": StateFailure,
    "duration": Duration,
    "quota": Quota,
    "cluster-outage": ClusterOutage,
}
_ANY: TypeAdapter[AnyFault] = TypeAdapter(Annotated[AnyFault, Field(discriminator="kind")])


class RefusedDocumentError(Exception):
    """A document that does not fit; `fields` are pairs of a member's name and what is wrong with it."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {message}" if name else message for name, message in fields))
        self.fields = fields


def read_document(body: bytes) -> AnyFault:
    """The document in the body of a request; raises RefusedDocumentError."""
    try:
        return _ANY.validate_json(body)
    except ValidationError as error:
        raise RefusedDocumentError([_field(dict(found)) for found in error.errors()]) from error


def _field(error: dict[str, Any]) -> tuple[str, str]:
    """The member that an error of pydantic is about, and the message for people."""
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return "kind", f"allowed: {', '.join(_KINDS)}"
    if not error["loc"]:
        return "", str(error["msg"])
    kind, *path = error["loc"]
    name = ".".join(map(str, path))
    if error["type"] == "extra_forbidden":
        return name, f"is no member of {kind}; allowed: {', '.join(sorted(_KINDS[kind].model_fields))}"
    return name, str(error["msg"]).removeprefix("Value error, ")


def _one_of(name: str, allowed: Iterable[str]) -> str:
    if name not in allowed:
        raise ValueError(f"{name} is unknown; allowed: {', '.join(sorted(allowed))}")
    return name


def _matching(pattern: str, names: Iterable[str]) -> str:
    known = sorted(names)
    if not any(fnmatchcase(name, pattern) for name in known):
        shown = ", ".join(known[:_MOST_NAMES]) + (" and so on" if len(known) > _MOST_NAMES else "")
        raise ValueError(f"{pattern} matches no operation; allowed: {shown}")
    return pattern
