"""A local stack of its own whose clock is the real one, for what is measured in seconds of the stack's clock.

What AWS itself takes to change an association or a service is documented nowhere; here it is set to one second, so that
what is measured is the time of Trellis.
"""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trellis_local.lattice.lifecycle import DURATIONS
from trellis_local.walkthrough import World

ROOT = Path(__file__).parents[2]
_SECONDS = 120
_COMMAND = [sys.executable, "-c", "from trellis_cli.main import main; main()", "local", "up", "--port", "0"]


@contextmanager
def real_time_world(home: Path) -> Iterator[World]:
    """The world of a stack that runs as a process of its own, for as long as the context lasts."""
    with subprocess.Popen(
        [*_COMMAND, "--speed", "1", "--home", str(home)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            world = World(_url(process, home / "stack.json"), speed=1)
            _quicken(world)
            yield world
        finally:
            process.terminate()


def _quicken(world: World) -> None:
    for kind, state in DURATIONS:
        order = {"kind": "duration", "resource": kind, "during": state, "seconds": 1}
        urllib.request.urlopen(f"{world.url}/_local/faults", data=json.dumps(order).encode(), timeout=10).close()


def _url(process: "subprocess.Popen[bytes]", state: Path) -> str:
    deadline = time.monotonic() + _SECONDS
    while not state.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return str(json.loads(state.read_text())["url"])
