"""Which target group, and which of its targets, gets a request.

The group is drawn by weight for each request; within it healthy targets take turns. When no target is usable all are
used (fail-open), as docs.aws.amazon.com/vpc-lattice/latest/ug/target-group-health-checks.html says. A group without
targets gives nothing: the draw is not repeated with the other groups.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from trellis_local.lattice.view import TargetGroupView, TargetView

# UNAVAILABLE means that health checks are off, which is a normal state.
USABLE = ("HEALTHY", "UNAVAILABLE")


class Balancer:
    """Draws groups and remembers whose turn it is; `random` is injected so that tests can repeat a draw."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._turns: dict[str, Iterator[int]] = {}
        self._lock = threading.Lock()

    def pick_group(self, weighted: Sequence[Mapping[str, Any]]) -> str | None:
        """The targetGroupIdentifier of one WeightedTargetGroup; None when no group has a weight above 0."""
        weights = [int(entry.get("weight", 1)) for entry in weighted]
        total = sum(weights)
        if total == 0:
            return None
        with self._lock:
            drawn = self._random.randrange(total)
        for entry, reached in zip(weighted, itertools.accumulate(weights), strict=True):
            if drawn < reached:
                return str(entry["targetGroupIdentifier"])
        raise AssertionError("a number below the sum of the weights lies below one of their partial sums")

    def pick_target(self, group: TargetGroupView) -> TargetView | None:
        """The next usable target of the group, or None when nothing is registered."""
        candidates = [target for target in group.targets if target.status in USABLE] or list(group.targets)
        if not candidates:
            return None
        with self._lock:
            turn = next(self._turns.setdefault(group.id, itertools.count()))
        return sorted(candidates, key=lambda target: (target.id, target.port))[turn % len(candidates)]
