"""`trellis canary` as an operator uses it: it starts, watches, commands, and tells how it ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from observing import CLUSTER_B
from test_canary import HOSTNAME, PLACE, SECONDS, Shop, shop

from trellis_local.walkthrough import World

__all__ = ["shop"]

ROOT = Path(__file__).parents[2]
_TRELLIS = [sys.executable, "-c", "from trellis_cli.main import main; main()", "canary"]
_WHERE = ("--cluster", CLUSTER_B, "--route", f"{PLACE}/orders")
_VERSIONS = ("--baseline", "orders-v1", "--canary", "orders-v2")


class Operator:
    """A person at a terminal whose environment leads to the stack."""

    def __init__(self, world: World) -> None:
        settings = {
            "AWS_ENDPOINT_URL": world.url,
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        self._environment = {**os.environ, **settings}

    def canary(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [*_TRELLIS, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def watch(self) -> "subprocess.Popen[str]":
        """Follow the canary."""
        command = [*_TRELLIS, "watch", *_WHERE, "--every", "0.2"]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


def test_an_operator_starts_a_canary_watches_it_and_calls_it_off(operator: Operator, shop: Shop) -> None:
    started = operator.canary(
        "start", *_WHERE, *_VERSIONS, "--steps", "50,100", "--bake", "3600", "--reason", "a new version"
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("aws stepfunctions start-execution --state-machine-arn ")
    shop.reach("BAKING")
    with operator.watch() as watching:
        assert operator.canary("pause", *_WHERE).returncode == 0
        shop.reach("PAUSED")
        assert operator.canary("resume", *_WHERE).returncode == 0
        shop.reach("BAKING")
        assert operator.canary("abort", *_WHERE, "--reason", "enough seen").returncode == 0
        seen, _ = watching.communicate(timeout=SECONDS)
    assert watching.returncode == 2, seen
    assert "50 % asked" in seen
    assert "PAUSED" in seen
    assert "ROLLED_BACK ABORTED" in seen
    report = operator.canary("report", *_WHERE)
    assert report.returncode == 0, report.stderr
    assert "rolled back" in report.stdout
    assert "enough seen" in report.stdout
    assert shop.served() == {(100, 0)}


def test_an_input_that_is_wrong_is_refused_before_anything_starts(operator: Operator) -> None:
    found = operator.canary("start", "--cluster", CLUSTER_B, "--route", f"{PLACE}/orders", "--steps", "50,20")
    assert found.returncode == 3
    assert "E_SCHEMA baseline" in found.stderr
    assert found.stdout == ""


def test_a_command_for_nothing_says_so(operator: Operator) -> None:
    found = operator.canary("pause", "--cluster", CLUSTER_B, "--route", f"{HOSTNAME}/none")
    assert found.returncode == 1
    assert "no canary is under way" in found.stderr
