"""What a person sees of a canary."""

import io
from typing import Any

import pytest
from rich.console import Console

from trellis_cli.canary.view import line, picture, span
from trellis_cli.canary.watching import follow


def step(index: int, *, percent: int, state: str, baked: int, measured: float | None) -> dict[str, Any]:
    baking = {"bakeSeconds": 600, "bakedSeconds": baked}
    return {"index": index, "percent": percent, "state": state, "measuredPercent": measured, **baking}


def status(**changes: Any) -> dict[str, Any]:
    version = {"name": "v1", "requests": 950, "failures": 1, "errorPercent": 0.1, "targets": {"HEALTHY": 2}}
    return {
        "cluster": "a",
        "route": {"kind": "HTTPRoute", "namespace": "apps", "name": "datastore"},
        "canary": "datastore-1",
        "epoch": 3,
        "phase": "BAKING",
        "result": "",
        "reason": "",
        "now": "2026-01-01T00:10:00Z",
        "deadline": "2026-01-02T00:00:00Z",
        "secondsLeft": 4000,
        "percent": 25,
        "measuredPercent": 24.6,
        "steps": [
            step(0, percent=5, state="done", baked=600, measured=4.9),
            step(1, percent=25, state="now", baked=70, measured=24.6),
            step(2, percent=100, state="next", baked=0, measured=None),
        ],
        "baselineVersion": version,
        "canaryVersion": {**version, "name": "v2", "requests": 300, "failures": 12, "errorPercent": 4.0},
        "gate": None,
        "asking": "",
        "drifted": False,
        "command": None,
        "alarms": {},
        "unreadable": [],
        "notes": [],
        "report": "",
        **changes,
    }


def drawn(shown: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(picture(shown))
    return console.file.getvalue()


def test_the_picture_shows_steps_weights_errors_and_the_time_left():
    seen = drawn(status())
    assert "BAKING, epoch 3, 1h 06m left" in seen
    assert "1m 10s of 10m 00s" in seen
    assert "24.6 %" in seen
    assert "4.00 %" in seen


def test_a_hook_that_is_asked_and_a_drift_are_told():
    seen = drawn(status(asking="afterStep", drifted=True))
    assert "the function for afterStep is asked" in seen
    assert "VPC Lattice carries other weights" in seen


def test_an_open_gate_a_waiting_command_and_a_reason_are_told():
    gate = {"before": "promote", "openedAt": "2026-01-01T00:05:00Z"}
    command = {"name": "abort", "author": "alice"}
    seen = drawn(status(gate=gate, command=command, reason="ERROR_RATE: too many"))
    assert "gate before promote" in seen
    assert "abort by alice waits for the next tick" in seen
    assert "rolled back because ERROR_RATE: too many" in seen


def test_alarms_and_what_cannot_be_read_are_told():
    seen = drawn(status(alarms={"orders-are-lost": "ALARM"}, unreadable=["metrics", "custom"]))
    assert "alarm orders-are-lost: ALARM" in seen
    assert "cannot be read now: metrics, custom" in seen


def test_what_was_not_measured_is_not_shown_as_zero():
    empty = {"name": "v2", "requests": 0, "failures": 0, "errorPercent": None, "targets": {}}
    assert "? % measured" in line(status(measuredPercent=None))
    assert "v2 0 requests, ? failed" in line(status(canaryVersion=empty))


@pytest.mark.parametrize(("seconds", "text"), [(9.9, "9s"), (250, "4m 10s"), (3900, "1h 05m")])
def test_spans_are_short(seconds, text):
    assert span(seconds) == text


def test_following_tells_news_once_and_ends_with_the_canary(capsys):
    seen = iter([status(), status(secondsLeft=3999), status(phase="RELEASED", result="ROLLED_BACK")])
    last = follow(lambda: next(seen), seconds=0)
    assert last["result"] == "ROLLED_BACK"
    assert len(capsys.readouterr().out.splitlines()) == 2
