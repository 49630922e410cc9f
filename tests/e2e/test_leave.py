"""The last step of the walk-through, after all tests that need the clusters."""

from trellis_local.walkthrough import Walkthrough


def test_clusters_that_leave_take_everything_of_trellis_with_them_and_nothing_else(left: Walkthrough) -> None:
    checks = [check for check in left.checks if check.step == "Leave"]
    assert checks
    assert [check for check in checks if not check.passed] == []
