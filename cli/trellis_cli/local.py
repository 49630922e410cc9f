"""`trellis local`: the local stack for people - up, down, status, and the walk-through as a demonstration."""

import json
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="AWS, clusters and traffic on this machine.")

_HOME = Path(".local")
_STATE = "stack.json"
_DOWN = "trellis local down"
_STOP_SECONDS = 20.0

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the AWS endpoint on 127.0.0.1; 0 takes a free one.")]
Speed = Annotated[float, typer.Option(min=0.01, help="How much faster than real time the stack's clock runs.")]
Home = Annotated[Path, typer.Option(help="Folder for the kubeconfig and for what other commands need to know.")]


@app.command()
def up(port: Port = 4566, speed: Speed = 1.0, home: Home = _HOME) -> None:
    """Start the stack with Trellis deployed on it, and serve until interrupted."""
    template, running = _template(), _running(home)
    if running is not None:
        _fail(f"a local stack runs already at {running['url']} (process {running['pid']}); stop it with: {_DOWN}")
    from trellis_local.serve import serve

    serve(template=template, home=home, port=port, speed=speed)


@app.command()
def down(home: Home = _HOME) -> None:
    """Stop the stack that `up` started with this home folder."""
    running = _running(home)
    if running is None:
        print("no local stack is running")
        return
    process = int(running["pid"])
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    state = home / _STATE
    while state.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    if state.exists():
        _fail(f"the local stack (process {process}) has not stopped within {_STOP_SECONDS:.0f} s")
    print("stopped")


@app.command()
def status(home: Home = _HOME) -> None:
    """Show what the running stack says about itself; exit status 1 when none runs."""
    running = _running(home)
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


def _running(home: Path) -> dict[str, Any] | None:
    """The state file of the stack that answers, with its status.

    A stale file of a dead stack counts as none, also when another stack has taken over its port.
    """
    try:
        state: dict[str, Any] = json.loads((home / _STATE).read_text())
        with urllib.request.urlopen(f"{state['url']}/_local/status", timeout=10) as answer:
            found = json.load(answer)
    except (OSError, ValueError):
        return None
    ours = found.get("kubeconfig") == str((home / "kubeconfig").resolve())
    return {**state, "status": found} if ours else None


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
