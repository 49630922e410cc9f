"""Hooks: functions of the operator's own that are asked on the way. What they are told, and what they may answer.

Their payload and answer are an interface, described in docs/canary.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from trellis.canary.request import CanaryRequest
from trellis.canary.strategy import percents_of

LONGEST_REASON = 256
"""Characters of a hook's reason that are kept."""


class Hook(StrEnum):
    """When a function is asked; the names are those of the input."""

    PRE_START = "preStart"
    AFTER_STEP = "afterStep"
    BEFORE_PROMOTE = "beforePromote"
    POST_ROLLOUT = "postRollout"


@dataclass(frozen=True)
class Asking:
    """Where the canary is when its hook is asked; `step` is -1 before the first one, `result` empty before the end."""

    hook: Hook
    canary: str
    execution: str
    step: int = -1
    result: str = ""
    reason: str = ""


class Answer(BaseModel):
    """What a hook answers; other members are left to its author."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    passed: StrictBool
    reason: str = ""

    @property
    def told(self) -> str:
        """The reason, in a length that reports and events bear."""
        return self.reason[:LONGEST_REASON]


def function_of(request: CanaryRequest, hook: Hook) -> str:
    """The ARN of a hook's function; empty where there is none."""
    given: Mapping[str, str | None] = request.hooks.model_dump(by_alias=True)
    return given[hook] or ""


def due(request: CanaryRequest, *, passed: int | None, following: int, last: int) -> tuple[str, ...]:
    """The hooks between two steps, in their order; `passed` is None before the first step."""
    wanted = [Hook.AFTER_STEP] if passed is not None else []
    wanted += [Hook.BEFORE_PROMOTE] if following == last else []
    return tuple(hook.value for hook in wanted if function_of(request, hook))


def payload(request: CanaryRequest, asking: Asking) -> dict[str, Any]:
    """What a hook's function is called with. `requestId` is the same when the same question is asked again."""
    percents: Sequence[float] = percents_of(request.strategy)
    return {
        "hook": asking.hook.value,
        "requestId": f"{asking.canary}/{asking.hook}/{asking.step}",
        "canary": asking.canary,
        "execution": asking.execution,
        "cluster": request.cluster,
        "route": request.route.model_dump(mode="json", by_alias=True),
        "versions": {"baseline": request.baseline.name, "canary": request.canary.name},
        "step": asking.step,
        "percent": percents[asking.step] if asking.step >= 0 else 0,
        "percents": list(percents),
        "requestedBy": request.requested_by,
        "reason": request.reason,
        "result": asking.result,
        "resultReason": asking.reason,
    }


def parse_answer(document: object) -> Answer:
    """The answer of a hook; whatever is none counts as a refusal that says so."""
    try:
        return Answer.model_validate(document)
    except ValidationError:
        return Answer(passed=False, reason='its answer is not {"passed": true} or {"passed": false}')
