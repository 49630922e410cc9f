"""The `trellis` command."""

import typer

from trellis_cli.canary.app import app as canary
from trellis_cli.check import check
from trellis_cli.local import app as local

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command()(check)
app.add_typer(canary, name="canary")
app.add_typer(local, name="local")


@app.callback()
def trellis() -> None:
    """Application networking over Amazon VPC Lattice for fleets of Amazon EKS clusters."""


def main() -> None:
    """Entry point of the console script."""
    app()
