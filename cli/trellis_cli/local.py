"""`trellis local`: the local stack for people - up, down, status, and the walk-through as a demonstration."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="AWS, clusters and traffic on this machine.")

_HOME = Path(".local")
_STATE = _HOME / "stack.json"
_STOP_SECONDS = 20.0

Port = Annotated[int, typer.Option(help="Port of the AWS endpoint on 127.0.0.1.")]
Speed = Annotated[float, typer.Option(help="How much faster than real time the stack's clock runs.")]


@app.command()
def up(port: Port = 4566, speed: Speed = 1.0) -> None:
    """Start the stack with Trellis deployed on it, and serve until interrupted."""
    from trellis_local.serve import serve

    serve(template=_template(), home=_HOME, port=port, speed=speed)


@app.command()
def down() -> None:
    """Stop the stack that `up` started from this folder."""
    running = _running()
    if running is None:
        print("no local stack is running")
        return
    process = int(running["pid"])
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _STATE.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    if _STATE.exists():
        _fail(f"the local stack (process {process}) has not stopped within {_STOP_SECONDS:.0f} s")
    print("stopped")


@app.command()
def status() -> None:
    """Show what the running stack says about itself; exit status 1 when none runs."""
    running = _running()
    if running is None:
        _fail("no local stack is running; start one with: trellis local up")
    print(json.dumps(running["status"], indent=2))


@app.command()
def demo(
    speed: Speed = 20.0,
    examples: Annotated[Path, typer.Option(help="Folder with the walk-through's manifests.")] = Path(
        "examples/walkthrough"
    ),
) -> None:
    """Act the walk-through on a stack of its own and check every step; exit status 0 only if all checks held."""
    from trellis_cli.demonstration import demonstrate

    sys.exit(demonstrate(_template(), examples, speed=speed, console=Console()))


def _template() -> Path:
    template = Path("template.yaml")
    if not template.exists():
        _fail("there is no template.yaml here; run the command in the project's folder")
    return template


def _running() -> dict[str, Any] | None:
    """The state file of a stack that answers, with its status; a stale file of a dead one counts as none."""
    try:
        state: dict[str, Any] = json.loads(_STATE.read_text())
        with urllib.request.urlopen(f"{state['url']}/_local/status", timeout=10) as answer:
            return {**state, "status": json.load(answer)}
    except (OSError, ValueError, urllib.error.URLError):
        return None


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
