"""The six invariants over thousands of random interleavings, see `canary_sequences.py`."""

from itertools import count
from typing import Any

import pytest
from canary_sequences import Tally, sequences

SEQUENCES = 5_000
"""Those in which at least one action came in the middle of another."""

CHUNKS = 10

PLACES = frozenset(
    {"after leases", "before LIST", "after LIST", "after GET", "before VPC Lattice", "after VPC Lattice"}
)
"""Where somebody else came in at least once: within the reading, planning and writing of a run, ..."""

SHIFTS = frozenset({"before lease", "after lease", "before PATCH", "after PATCH"})
"""... and within a shift."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_is_interleaved_the_invariants_hold(interleavings: Tally, chunk: int) -> None:
    tally = Tally()
    with sequences() as made:
        for seed in count(chunk, CHUNKS):
            tally.add(made.run(seed))
            if tally.sequences == SEQUENCES // CHUNKS:
                break
    assert tally.places.keys() >= PLACES | SHIFTS
    interleavings.merge(tally)


@pytest.mark.parametrize("seed", range(5))
def test_the_small_table_is_like_dynamodb(dynamodb: Any, seed: int) -> None:
    ends = []
    for table in (None, dynamodb):
        with sequences(table) as made:
            sequence = made.run(seed)
        ends.append((sequence.it.server.weights, sequence.it.names_told, sequence.trace))
    assert ends[0] == ends[1]
