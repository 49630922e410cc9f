"""Follows the command that an operator has left in the lease, and acknowledges it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from trellis.canary.hooks import due
from trellis.canary.names import Event
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Command, Lease, Next, Phase, Progress
from trellis.runs.canary_calls import obey_abort, steps
from trellis.runs.canary_hooks import after_hooks
from trellis.runs.canary_telling import tell
from trellis.runs.toolbox import Toolbox

_EVENTS = {"pause": Event.PAUSED, "resume": Event.RESUMED}


class Orders:
    """The command of one lease."""

    def __init__(self, tools: Toolbox, lease: Lease, request: CanaryRequest) -> None:
        self._tools = tools
        self._lease = lease
        self._request = request
        self._steps = steps(request)

    def followed(self) -> Lease:
        """The lease with what the command asks for, acknowledged; raises CanaryFailedError for `abort`."""
        command = self._lease.command
        if command is None:
            return self._lease
        obey_abort(self._lease)
        progress = self._ways[command.name](self, command)
        note = {"kind": "command", "name": command.name, "by": command.author, "reason": command.reason}
        progress = replace(progress, notes=(*progress.notes, note))
        phase = Phase.PAUSED if progress.paused_at else self._phase()
        lease = self._tools.canaries.save(replace(self._lease, phase=phase, progress=progress), acknowledge=True)
        detail = {"command": command.name, "requestId": command.request_id, "by": command.author}
        event = _EVENTS.get(command.name, Event.COMMAND_FOLLOWED)
        tell(self._tools, lease, event, {**detail, "reason": command.reason})
        return lease

    def _phase(self) -> Phase:
        is_last = self._lease.progress.step == len(self._steps) - 1
        return Phase.FINAL_BAKE if is_last else Phase.BAKING

    def _pause(self, command: Command) -> Progress:
        progress = self._lease.progress
        return replace(progress, paused_at=progress.paused_at or self._tools.now(), paused_by=command.author)

    def _resume(self, _: Command) -> Progress:
        return replace(self._lease.progress, paused_at=0.0, paused_by="")

    def _promote(self, _: Command) -> Progress:
        """Straight to the last step, which bakes as always."""
        return self._going_to(len(self._steps) - 1)

    def _skip(self, command: Command) -> Progress:
        """To the next step, or to the one with that percent; whatever lies before is taken for passed."""
        step = self._lease.progress.step
        wanted = [found.index for found in self._steps if found.percent == command.argument and found.index > step]
        return self._going_to(wanted[0] if wanted else step + 1)

    def _going_to(self, index: int) -> Progress:
        """What is skipped is the analysis. Gates on the way are one gate before that step: a command is no approval."""
        progress = replace(self._lease.progress, paused_at=0.0, paused_by="")
        last = len(self._steps) - 1
        if progress.step == last:
            return replace(progress, next=Next.COMPLETE)
        is_gated = any(step.gate for step in self._steps[progress.step + 1 : index + 1])
        progress = replace(progress, going_to=index, gate_before=f"step {index}")
        hooks = due(self._request, passed=None, following=index, last=last)
        return after_hooks(progress, hooks, Next.GATE if is_gated else Next.SHIFT)

    def _extend(self, command: Command) -> Progress:
        progress = self._lease.progress
        return replace(progress, extended_seconds=progress.extended_seconds + int(command.argument or 0))

    _ways: ClassVar[Mapping[str, Callable[["Orders", Command], Progress]]] = {
        "pause": _pause,
        "resume": _resume,
        "promote": _promote,
        "skip": _skip,
        "extend": _extend,
    }
