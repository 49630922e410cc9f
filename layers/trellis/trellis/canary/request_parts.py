"""The parts of a canary's input that say what is shifted, in which steps, and who may let it go on."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from trellis.canary.request_analysis import CheckOverrides
from trellis.canary.request_base import (
    DAY,
    Flag,
    Namespace,
    ObjectName,
    Part,
    Percent,
    Requests,
    Seconds,
    Text,
    whole,
)

FUNCTION_ARN = r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?$"
FunctionArn = Annotated[str, StringConstraints(pattern=FUNCTION_ARN)]
HTTPMethod = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]


class Route(Part):
    """The route whose weights are shifted."""

    kind: Literal["HTTPRoute"] = "HTTPRoute"
    namespace: Namespace
    name: ObjectName


class Backend(Part):
    """One version: a Service that the route's rules hold already. Without namespace the route's, without port any."""

    kind: Literal["Service"] = "Service"
    name: ObjectName
    namespace: Namespace | None = None
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = None


class PathMatch(Part):
    """A path as the route writes it."""

    type: Literal["Exact", "PathPrefix"] = "PathPrefix"
    value: Annotated[str, StringConstraints(max_length=1024)] = "/"


class HeaderMatch(Part):
    """A header as the route writes it."""

    type: Literal["Exact"] = "Exact"
    name: Annotated[str, StringConstraints(max_length=256)]
    value: Annotated[str, StringConstraints(max_length=4096)]


class MatchSelector(Part):
    """A match that one of the rule's matches must equal."""

    path: PathMatch = PathMatch()
    method: HTTPMethod | None = None
    headers: tuple[HeaderMatch, ...] = Field(default=(), max_length=16)


class RuleSelector(Part):
    """Which rules are shifted: all that hold both backends, those with a name, or those with a match."""

    mode: Literal["all", "byName", "byMatch"] = "all"
    names: tuple[Text, ...] = Field(default=(), max_length=16)
    matches: tuple[MatchSelector, ...] = Field(default=(), max_length=16)


class StepPart(Part):
    """One step; what is left out is as for all steps."""

    percent: Percent
    bake_seconds: Seconds | None = None
    gate: Flag = False
    min_requests: Requests | None = None
    checks: CheckOverrides = CheckOverrides()


class Linear(Part):
    """Steps of the same size up to 100 %."""

    step_percent: Percent = 10


class Exponential(Part):
    """Steps that grow by a factor up to 100 %."""

    start_percent: Percent = 1
    factor: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=1, le=100)] = 2


class Strategy(Part):
    """How the traffic moves. `final_bake_seconds` replaces the bake at 100 %; 0 promotes without judging that step."""

    type: Literal["steps", "linear", "exponential", "allAtOnce"] = "steps"
    steps: tuple[StepPart, ...] = Field(default=tuple(StepPart(percent=at) for at in (5, 25, 50, 100)), max_length=100)
    bake_seconds: Seconds = 600
    final_bake_seconds: Seconds = 600
    linear: Linear = Linear()
    exponential: Exponential = Exponential()


class Verify(Part):
    """How long to wait until VPC Lattice carries new weights, and until metrics may be trusted after that."""

    timeout_seconds: int = whole(180, 30, 900)
    settle_seconds: int = whole(30, 0, 900)


class Gates(Part):
    """Where somebody has to agree; `before_step` are percents of steps."""

    before_start: Flag = False
    before_step: tuple[Percent, ...] = Field(default=(), max_length=20)
    before_promote: Flag = False
    timeout_seconds: int = whole(14_400, 60, DAY)
    on_timeout: Literal["rollback", "promote", "hold"] = "rollback"
    min_approvers: int = whole(1, 1, 5)
    forbid_self_approval: Flag = True


class Hooks(Part):
    """Functions that are asked on the way; see `trellis.canary.hooks`."""

    pre_start: FunctionArn | None = None
    after_step: FunctionArn | None = None
    before_promote: FunctionArn | None = None
    post_rollout: FunctionArn | None = None


class Safety(Part):
    """What happens when somebody interferes, and the bounds of the whole canary."""

    on_external_edit: Literal["rollback", "hold"] = "rollback"
    max_reasserts: int = whole(3, 0, 20)
    on_stop: Literal["rollback", "hold"] = "rollback"
    on_promote_git_lag: Literal["hold", "revert"] = "hold"
    override_ttl_seconds: int = whole(604_800, 60, 31_536_000)
    min_healthy_canary_targets: int = whole(1, 1, 1000)
    min_healthy_baseline_targets: int = whole(1, 1, 1000)
    max_duration_seconds: int = whole(DAY, 60, DAY)
    blackout: tuple[Text, ...] = Field(default=(), max_length=20)
