"""The demonstration: the walk-through with progress for people, and a table of what was checked."""

import tempfile
import time
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough import PARAMETERS, Check, CheckFailedError, Walkthrough, World


def demonstrate(template: Path, manifests: Path, *, speed: float, console: Console) -> int:
    """Run all steps and return the exit status."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trellis-demo-") as home:
        console.print("Starting AWS, Kubernetes and Trellis on this machine ...")
        options = StackOptions(template=template, home=Path(home), speed=speed, parameters=PARAMETERS)
        stack = Stack(options).start()
        try:
            console.print(f"Ready after {time.monotonic() - started:.1f} s at {stack.endpoint.url}")
            walkthrough = Walkthrough(World(stack.endpoint.url, speed=speed), manifests)
            passed = _act(walkthrough, console)
        finally:
            stack.stop()
    console.print(_table(walkthrough.checks))
    seconds = time.monotonic() - started
    verdict = "[green]all checks held[/]" if passed else "[red]a check failed[/]"
    console.print(f"{len(walkthrough.checks)} checks in {seconds:.0f} s: {verdict}")
    return 0 if passed else 1


def _act(walkthrough: Walkthrough, console: Console) -> bool:
    for name, step in walkthrough.steps():
        started = time.monotonic()
        console.print(f"[bold]{name}[/] - {(step.__doc__ or '').strip()}")
        before = len(walkthrough.checks)
        try:
            step()
        except CheckFailedError as error:
            console.print(f"  [red]failed:[/] {error}", markup=True)
            return False
        except Exception:  # noqa: BLE001 - an entry point: whatever happened is shown, and the stack is stopped
            console.print(traceback.format_exc(), markup=False)
            return False
        console.print(f"  {len(walkthrough.checks) - before} checks held, {time.monotonic() - started:.1f} s")
    return True


def _table(checks: list[Check]) -> Table:
    table = Table(title="What was checked")
    for column in ("Step", "What", "Found", ""):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.step, check.what, check.found, "[green]ok[/]" if check.passed else "[red]failed[/]")
    return table
