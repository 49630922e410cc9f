"""The benchmarks of the judge, small: with a seed, so that they say the same each time."""

import importlib.util
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

RUNS = 150


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", Path(__file__).parents[3] / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


bench = load("judge")
rollback = load("rollback")


@pytest.mark.parametrize("row", bench.ROWS, ids=lambda row: row.name)
def test_false_aborts_and_detections_meet_their_targets(row: object) -> None:
    result = bench.simulate(row, RUNS, Random(3))
    assert row.is_met(result.stopped), result  # type: ignore[attr-defined]


def test_nothing_passes_without_data_and_some_things_pass() -> None:
    passed = bench.passes(4 * RUNS, Random(3))
    assert passed[False] == 0
    assert passed[True] > 10


def test_a_judge_that_looked_at_every_failure_would_miss_the_target() -> None:
    """The targets can be missed: one failure in 1,000 requests is more likely than none."""
    row = bench.ROWS[0]
    random = Random(3)
    failing = sum(
        any(minute.failures for minute in bench._series(random, 0.001, row.requests[1], 7)) for _ in range(RUNS)
    )
    assert not row.is_met(100 * failing / RUNS)


@pytest.mark.parametrize(("delay", "interval"), [(0, None), (5, None), (120, 5)])
def test_a_canary_that_fails_every_request_is_found_within_a_tick_and_ten_seconds(
    delay: int, interval: int | None
) -> None:
    found = rollback.latencies(rollback.Situation(delay, interval))
    assert max(found) <= 70


def test_where_metrics_are_late_and_health_checks_slow_it_takes_a_tick_more() -> None:
    assert (
        75
        < max(rollback.latencies(rollback.Situation(30, 30)))
        <= 120
        < max(rollback.latencies(rollback.Situation(30)))
    )
