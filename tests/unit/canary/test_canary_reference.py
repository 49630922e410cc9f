"""docs/canary-reference.md lists every name that canaries are found by, and each code has a test."""

import re
from pathlib import Path

import pytest

from trellis.canary.names import FLEET_WIDE, Event, Metric
from trellis.canary.presets import PRESETS
from trellis.canary.report import Ending, Result, Story, report_document
from trellis.canary.request import parse_request

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "canary-reference.md").read_text("utf-8")
CODE = re.compile(r"\"([EW]_[A-Z0-9_]+)\"")
MINIMAL = {"cluster": "c", "route": {"namespace": "n", "name": "r"}, "baseline": {"name": "a"}, "canary": {"name": "b"}}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def listed(title: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE)


def codes() -> set[str]:
    files = (ROOT / "layers" / "trellis" / "trellis").rglob("*.py")
    return {code for file in files for code in CODE.findall(file.read_text("utf-8"))}


def codes_in_tests() -> set[str]:
    files = [file for file in (ROOT / "tests" / "unit").rglob("test_canary_*.py") if file != Path(__file__)]
    return {code for file in files for code in CODE.findall(file.read_text("utf-8"))}


def test_every_code_is_listed_and_no_other() -> None:
    assert sorted([*listed("Problems"), *listed("Warnings")]) == sorted(codes())
    assert {code[0] for code in listed("Problems")} == {"E"}
    assert {code[0] for code in listed("Warnings")} == {"W"}


def test_every_code_has_a_test() -> None:
    assert codes() - codes_in_tests() == set()


def test_every_event_is_listed_and_no_other() -> None:
    assert listed("Events") == [event.value for event in Event]


def test_every_metric_is_listed_and_no_other() -> None:
    assert listed("Metrics") == [metric.value for metric in Metric]


def test_the_metrics_with_an_alarm_are_those_that_are_counted_without_dimensions() -> None:
    lines = re.findall(r"^\| `(\w+)` \|.*\| `Canary\w+Alarm`", section("Metrics"), re.MULTILINE)
    assert set(lines) == {metric.value for metric in FLEET_WIDE}


def test_every_preset_is_listed_and_no_other() -> None:
    assert listed("Presets") == list(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_canary_that_may_begin(name: str) -> None:
    assert parse_request({**MINIMAL, "preset": name})


def test_every_member_of_the_report_is_listed_and_no_other() -> None:
    report = report_document(Ending(Result.PROMOTED, "", {}, "", ""), Story())
    assert sorted(listed("Report")) == sorted(report)
