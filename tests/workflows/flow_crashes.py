"""Stops a flow after each of its calls in turn: each time in a branch, in which the flow then runs again to its end.

A place to stop is every call that writes, and the first reading call at a time of the clock. The other reading calls
leave the same world at the same time as the place before them, so what follows would be the same to the letter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flow_calls import Call, Stopped
from flow_forks import Branch, BranchFailedError, branch, in_branch
from flow_lab import FlowLab
from flow_state import differences, state_of

# At every fourth place also what Step Functions does first: the same execution calls the function again.
_EXECUTION_LIVES = 4

Flow = Callable[[FlowLab, str], Any]


@dataclass
class Crashes:
    """What became of a flow that was stopped: `stopped` counts the places, `problems` those with another end."""

    calls: int = 0
    stopped: int = 0
    problems: list[str] = field(default_factory=list)


def stop_everywhere(lab: FlowLab, flow: Flow, *, shard: int, shards: int) -> Crashes:
    """Stop at the shard's places; all in a branch, so the lab stays as it is."""

    def undisturbed() -> Any:
        flow(lab, "undisturbed")
        return state_of(lab)

    expected = in_branch(undisturbed)
    found: Crashes = in_branch(lambda: _Explorer(lab, flow, expected).explore(shard, shards))
    return found


def die_everywhere(lab: FlowLab, flow: Flow, examine: Callable[[FlowLab], list[str]]) -> Crashes:
    """Let the execution die at every place and examine what is left, without another run."""
    found: Crashes = in_branch(lambda: _Explorer(lab, flow, None, examine).explore(0, 1))
    return found


class _Explorer:
    def __init__(
        self, lab: FlowLab, flow: Flow, expected: Any, examine: Callable[[FlowLab], list[str]] | None = None
    ) -> None:
        self._lab = lab
        self._flow = flow
        self._expected = expected
        self._examine = examine
        self._found = Crashes()
        self._is_branch = False
        self._seen = 0
        self._last = -1.0

    def explore(self, shard: int, shards: int) -> Crashes:
        """Run the flow once, with a branch at each place."""
        begin = len(self._lab.calls.made)

        def after(call: Call) -> None:
            if self._is_place(call):
                self._seen += 1
                if self._seen % shards == shard:
                    place = f"call {len(self._lab.calls.made) - begin}, {call.name}"
                    self._stop_here(place, execution_lives=False)
                    if self._examine is None and self._seen % _EXECUTION_LIVES == 0 and not self._is_branch:
                        self._stop_here(place, execution_lives=True)

        self._lab.calls.after = after
        try:
            self._flow(self._lab, "first")
        except Stopped:
            Branch.end(self._run_again)
        if self._is_branch:
            Branch.end(self._compare if self._lab.retries_dead_functions else self._swallowed)
        self._found.calls = len(self._lab.calls.made) - begin
        return self._found

    def _is_place(self, call: Call) -> bool:
        now = self._lab.clock.time()
        moved, self._last = now != self._last, now
        return moved or not call.reads

    def _stop_here(self, place: str, *, execution_lives: bool) -> None:
        made = branch()
        if made is None:
            self._is_branch = True
            self._lab.calls.after = None
            self._lab.calls.dead = True
            self._lab.retries_dead_functions = execution_lives
            raise Stopped
        self._found.stopped += 1
        try:
            differing = made.result()
        except BranchFailedError as error:
            differing = [str(error)]
        if differing:
            self._found.problems.append(f"stopped after {place}:\n" + "\n".join(differing))

    def _run_again(self) -> list[str]:
        if self._examine is not None:
            return self._examine(self._lab)
        self._flow(self._lab, "second")
        return self._compare()

    def _compare(self) -> list[str]:
        return list(differences(self._expected, state_of(self._lab)))

    def _swallowed(self) -> list[str]:
        return ["the function went on after its process had died"]
