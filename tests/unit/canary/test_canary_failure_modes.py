"""Each failure mode of canaries has a test that is named after it, or stands here with why it has none."""

import re
from pathlib import Path

MODES = frozenset(range(1, 45))
"""F01 to F44, see README.md."""

WITHOUT: dict[int, str] = {}
"""Failure modes that nobody has tested yet, each with the reason: so nobody takes them for tested."""

_TESTS = Path(__file__).parents[2]


def with_a_test() -> set[int]:
    names = (
        name
        for file in _TESTS.rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def test_((?:f\d\d_)+)", file.read_text(), re.MULTILINE)
    )
    return {int(number) for name in names for number in re.findall(r"f(\d\d)_", name)}


def test_each_failure_mode_has_a_test_or_a_reason() -> None:
    assert with_a_test() & MODES == MODES - WITHOUT.keys()


def test_no_test_is_named_after_a_failure_mode_that_does_not_exist() -> None:
    assert with_a_test() <= MODES
