"""Asks the hooks of a canary, one in each call, and keeps what they have answered.

A refusal ends the canary: before its start it is rejected, later it is rolled back. What a hook says of a rollout that
is over is only told. The lease keeps an answer as soon as it is there, so a repeated call asks again only when the one
before died between the two.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from trellis.canary.hooks import Answer, Asking, Hook, function_of, payload
from trellis.canary.names import Event
from trellis.canary.problems import Problem
from trellis.canary.report import result_of
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Lease, Next, Progress
from trellis.errors import LeaseLostError
from trellis.resources.hook_functions import ask
from trellis.runs.canary_calls import CanaryCall, failed, held, obey_abort, request_of
from trellis.runs.canary_telling import moment, tell
from trellis.runs.toolbox import Toolbox

Record = Mapping[str, Any]


class HookCall(CanaryCall):
    """`ask` the next hook between two steps, or `tell` the one for a rollout that is over."""

    action: Literal["ask", "tell"]


def ask_hook(tools: Toolbox, call: HookCall) -> dict[str, Any]:
    """What comes next; raises CanaryFailedError for a refusal, and LeaseLostError."""
    return _told(tools, call) if call.action == "tell" else _asked(tools, call)


def ask_before_start(tools: Toolbox, request: CanaryRequest, execution: str) -> tuple[list[Record], list[Problem]]:
    """What the hook says that is asked before a canary begins, and why the canary is not to begin."""
    if not function_of(request, Hook.PRE_START):
        return [], []
    asking = Asking(Hook.PRE_START, execution.rsplit(":", 1)[-1], execution)
    record = _record(tools, request, asking)
    problems = [] if record["passed"] else [Problem("E_HOOK_REFUSED", f"hooks.{Hook.PRE_START}", record["reason"])]
    return [record], problems


def after_hooks(progress: Progress, due: tuple[str, ...], following: Next) -> Progress:
    """What comes next: the hooks that are due, and then what follows on them."""
    if not due:
        return replace(progress, next=following)
    return replace(progress, next=Next.HOOK, hooks_due=due, after_hooks=following)


def tell_answer(tools: Toolbox, lease: Lease, record: Record) -> None:
    """The event about an answer."""
    tell(tools, lease, Event.HOOK_ANSWERED, record)


def _asked(tools: Toolbox, call: HookCall) -> dict[str, Any]:
    lease = held(tools, call)
    obey_abort(lease)
    progress = lease.progress
    for record in progress.hooks:
        if not record["passed"]:
            raise _refused(record)
    if progress.next != Next.HOOK:
        return {"next": progress.next}
    hook = Hook(progress.hooks_due[0])
    asking = Asking(hook, progress.canary, lease.execution, progress.step)
    record = _record(tools, request_of(tools, progress), asking)
    lease = tools.canaries.save(replace(lease, progress=_noted(progress, record, now=tools.now())))
    tell_answer(tools, lease, record)
    if not record["passed"]:
        raise _refused(record)
    return {"next": lease.progress.next}


def _noted(progress: Progress, record: Record, *, now: float) -> Progress:
    progress = replace(progress, hooks=(*progress.hooks, record), heartbeat_at=now)
    left = progress.hooks_due[1:]
    if not record["passed"] or left:
        return replace(progress, hooks_due=left)
    return replace(progress, hooks_due=(), next=progress.after_hooks, after_hooks="")


def _refused(record: Record) -> Exception:
    return failed("HOOK_REFUSED", f"{record['hook']}, {record['function']}: {record['reason']}")


def _told(tools: Toolbox, call: HookCall) -> dict[str, Any]:
    """The lease may be free by now, but another canary must not have it."""
    lease = tools.canaries.find(call.key)
    if lease is None or (lease.execution, lease.epoch) != (call.execution, call.epoch):
        raise LeaseLostError(f"{call.key}: another canary has begun, the end of this one is not told to its hook")
    progress = lease.progress
    code = progress.reason.partition(":")[0]
    asking = Asking(Hook.POST_ROLLOUT, progress.canary, lease.execution, progress.step, result_of(lease), code)
    record = _record(tools, request_of(tools, progress), asking)
    tell_answer(tools, lease, record)
    return {"passed": record["passed"]}


def _record(tools: Toolbox, request: CanaryRequest, asking: Asking) -> dict[str, Any]:
    """Ask, and what reports and events say of it."""
    function = function_of(request, asking.hook)
    answer: Answer = ask(tools.clients.functions, function, payload(request, asking))
    return {
        "hook": asking.hook.value,
        "function": function,
        "at": moment(tools.now()),
        "step": asking.step,
        "passed": answer.passed,
        "reason": answer.told,
    }
