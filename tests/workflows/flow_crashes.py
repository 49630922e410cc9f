"""Stops a flow after each of its calls in turn: each time in a branch, in which the flow then runs again to its end.

A call that only reads leaves the world as it was. Of several such calls on end in one function, only the first is a
place to stop: after the others the very same world would go through the very same second run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flow_calls import Call, Stopped
from flow_forks import Branch, BranchFailedError, branch, in_branch
from flow_lab import FlowLab
from flow_state import differences, state_of

Flow = Callable[[FlowLab, str], Any]


@dataclass
class Crashes:
    """What became of a flow that was stopped: `stopped` counts the places, `problems` those with another end."""

    calls: int = 0
    stopped: int = 0
    problems: list[str] = field(default_factory=list)


def stop_everywhere(lab: FlowLab, flow: Flow, *, shard: int, shards: int) -> Crashes:
    """Stop after each call of which the number is in the shard; all in a branch, so the lab stays as it is."""

    def undisturbed() -> Any:
        flow(lab, "undisturbed")
        return state_of(lab)

    expected = in_branch(undisturbed)
    found: Crashes = in_branch(lambda: _Explorer(lab, flow, expected).explore(shard, shards))
    return found


class _Explorer:
    def __init__(self, lab: FlowLab, flow: Flow, expected: Any) -> None:
        self._lab = lab
        self._flow = flow
        self._expected = expected
        self._found = Crashes()
        self._is_branch = False
        self._places = 0

    def explore(self, shard: int, shards: int) -> Crashes:
        """Run the flow once, with a branch at each place."""
        begin = len(self._lab.calls.made)

        def after(call: Call) -> None:
            if self._is_place(call):
                self._places += 1
                if self._places % shards == shard:
                    self._stop_here(call, len(self._lab.calls.made) - begin)

        self._lab.calls.after = after
        try:
            self._flow(self._lab, "first")
        except Stopped:
            Branch.end(self._run_again)
        if self._is_branch:
            Branch.end(self._swallowed)
        self._lab.calls.after = None
        self._found.calls = len(self._lab.calls.made) - begin
        return self._found

    def _is_place(self, call: Call) -> bool:
        return not call.reads or self._lab.calls.reads_in_a_row == 1

    def _stop_here(self, call: Call, number: int) -> None:
        made = branch()
        if made is None:
            self._is_branch = True
            self._lab.calls.after = None
            self._lab.calls.dead = True
            raise Stopped
        self._found.stopped += 1
        try:
            differing = made.result()
        except BranchFailedError as error:
            differing = [str(error)]
        if differing:
            self._found.problems.append(f"stopped after call {number}, {call.name}:\n" + "\n".join(differing))

    def _run_again(self) -> list[str]:
        self._flow(self._lab, "second")
        return list(differences(self._expected, state_of(self._lab)))

    def _swallowed(self) -> list[str]:
        return ["the function went on after its process had died"]
