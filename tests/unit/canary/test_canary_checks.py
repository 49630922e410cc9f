"""Each threshold of each check, at its border."""

import pytest
from canary_making import request

from trellis.canary import checks
from trellis.canary.verdict import CheckResult
from trellis.canary.windows import Sample

LIMITS = request().analysis.checks
PASS, FAIL, INCONCLUSIVE = CheckResult.PASS, CheckResult.FAIL, CheckResult.INCONCLUSIVE


@pytest.mark.parametrize(
    ("requests", "failures", "expected"),
    [(200, 4, PASS), (200, 5, FAIL), (500, 5, PASS), (500, 6, FAIL), (99, 99, INCONCLUSIVE), (100, 5, FAIL)],
)
def test_the_error_rate_needs_failures_and_requests(requests: int, failures: int, expected: CheckResult) -> None:
    found = checks.error_rate(Sample(), Sample(requests, failures), LIMITS.error_rate, min_requests=100)
    assert found.verdict == expected


@pytest.mark.parametrize(
    ("v1", "v2", "expected"),
    [
        ((500, 0), (500, 5), PASS),  # z is 2.24
        ((500, 0), (500, 6), FAIL),
        ((5000, 0), (500, 4), PASS),  # fewer than five failures
        ((5000, 0), (500, 5), FAIL),
        ((100_000, 2), (100_000, 400), PASS),  # less than half a point more
        ((100_000, 2), (100_000, 600), FAIL),
        ((10_000, 500), (10_000, 600), PASS),  # less than half as much again
        ((10_000, 500), (10_000, 760), FAIL),
        ((499, 0), (500, 50), INCONCLUSIVE),
        ((500, 0), (499, 50), INCONCLUSIVE),
    ],
)
def test_the_relative_error_rate_needs_all_its_bounds_broken(
    v1: tuple[int, int], v2: tuple[int, int], expected: CheckResult
) -> None:
    limits = LIMITS.relative_error_rate
    found = checks.relative_error_rate(Sample(*v1), Sample(*v2), limits, min_requests=500, min_failures=5)
    assert found.verdict == expected


@pytest.mark.parametrize(
    ("requests", "failures", "expected"), [(19, 19, INCONCLUSIVE), (20, 1, PASS), (20, 2, FAIL), (1000, 99, PASS)]
)
def test_a_hard_stop_needs_a_tenth_of_twenty(requests: int, failures: int, expected: CheckResult) -> None:
    assert checks.hard_stop(Sample(), Sample(requests, failures), LIMITS.hard_stop).verdict == expected


@pytest.mark.parametrize(
    ("v1", "v2", "expected"),
    [(10.0, 60.0, PASS), (10.0, 61.0, FAIL), (200.0, 300.0, PASS), (200.0, 301.0, FAIL), (None, 900.0, INCONCLUSIVE)],
)
def test_latency_needs_both_its_bounds_broken(v1: float | None, v2: float, expected: CheckResult) -> None:
    sides = Sample(500, latency_ms=v1), Sample(500, latency_ms=v2)
    assert checks.latency(*sides, LIMITS.latency, min_requests=100).verdict == expected
    assert checks.latency(sides[0], Sample(99, latency_ms=v2), LIMITS.latency, min_requests=100).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("v1", "v2", "percent", "expected"),
    [
        (950, 50, 5, PASS),
        (927, 73, 5, PASS),  # four standard deviations are 2.76 points
        (922, 78, 5, FAIL),
        (947_600, 52_400, 5, PASS),  # a twentieth of the share, which is more than chance with so many requests
        (947_400, 52_600, 5, FAIL),
        (0, 1000, 100, PASS),
        (2, 998, 100, FAIL),
        (0, 0, 5, INCONCLUSIVE),
    ],
)
def test_the_measured_share_may_differ_by_chance_only(v1: int, v2: int, percent: float, expected: CheckResult) -> None:
    assert checks.split(Sample(v1), Sample(v2), LIMITS.split_check, percent=percent).verdict == expected


def test_the_z_score_is_that_of_two_proportions() -> None:
    assert checks.z_score((10, 30), (1000, 1000)) == pytest.approx(3.194, abs=0.001)
    assert checks.z_score((0, 0), (10, 10)) == 0
    assert checks.z_score((10, 10), (10, 10)) == 0
    assert checks.z_score((0, 5), (0, 10)) == 0
