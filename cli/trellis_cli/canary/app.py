"""The commands of `trellis canary`.

Exit status: 0 done or promoted; 1 the command could not be carried out; 2 the canary was rolled back; 3 the input was
refused, with every problem and its code.
"""

import getpass
import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from trellis.canary.problems import RefusedRequestError
from trellis.canary.request import parse_request
from trellis_cli.canary.asking import Options, document_of
from trellis_cli.canary.watching import follow
from trellis_cli.deployment import DeploymentError, document, ended, invoke, machine_arn, start_command

app = typer.Typer(no_args_is_help=True, help="Shift the traffic of one HTTPRoute from one version to another.")

FAILED, ROLLED_BACK, REFUSED = 1, 2, 3

MACHINE = "shift-canary"
SHOW = "trellis-show-canary"
COMMAND = "trellis-command-canary"

_MAX_NAME = 80  # Step Functions: characters of an execution's name

Cluster = Annotated[str, typer.Option(help="Name of a registered cluster.")]
Route = Annotated[str, typer.Option(help="The HTTPRoute, as <namespace>/<name>.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the report.")]
Every = Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")]


@app.command()
def start(  # noqa: PLR0913, PLR0917 - one for each option
    cluster: Cluster = "",
    route: Route = "",
    baseline: Annotated[str, typer.Option(help="The Service that has the traffic now.")] = "",
    canary: Annotated[str, typer.Option(help="The Service that is to have it.")] = "",
    input: Annotated[Path | None, typer.Option(help="A JSON file with the input; options win over it.")] = None,  # noqa: A002
    preset: Annotated[str, typer.Option(help="A named strategy, such as Linear20PercentEvery6Minutes.")] = "",
    steps: Annotated[str, typer.Option(help="Percents with commas, such as 5,25,50,100.")] = "",
    bake: Annotated[int | None, typer.Option(help="Seconds that each step is watched.")] = None,
    alarm: Annotated[list[str] | None, typer.Option(help="A CloudWatch alarm that ends it; repeatable.")] = None,
    gate_before_promote: Annotated[bool, typer.Option(help="Ask a person before 100 %.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Check everything and change nothing.")] = False,
    reason: Reason = "",
    name: Annotated[str, typer.Option(help="Name of the execution; starting it again starts nothing new.")] = "",
    watch: Annotated[bool, typer.Option(help="Follow the canary until it has ended.")] = False,
) -> None:
    """Start a canary, and print the plain call that does the same."""
    with _errors():
        options = Options(
            cluster=cluster,
            route=route,
            baseline=baseline,
            canary=canary,
            preset=preset,
            steps=steps,
            bake=bake,
            alarms=tuple(alarm or ()),
            gate_before_promote=gate_before_promote,
            dry_run=dry_run,
            reason=reason,
            requested_by=_author(),
            given=_given(input),
        )
        asked = document_of(options)
        request = parse_request(asked)
        execution = _start(asked, name or _name(request.route.name))
        print(execution, flush=True)
        if watch:
            _watch(request.cluster, f"{request.route.namespace}/{request.route.name}", 5.0)


@app.command("watch")
def watch_(cluster: Cluster, route: Route, every: Every = 5.0) -> None:
    """Follow a canary until it has ended."""
    with _errors():
        _watch(cluster, route, every)


@app.command()
def report(cluster: Cluster, route: Route) -> None:
    """Print the report of the route's last canary that has ended, with the patch for Git."""
    with _errors():
        shown = _show(cluster, route)
        if not shown["result"]:
            raise DeploymentError(f"{shown['canary']} has no report yet: it is {shown['phase']}")
        print(document(f"{_report(shown).removesuffix('.json')}.md").decode())


def _give(name: str, help_: str, argument: str = "") -> None:
    """Add one command for a canary under way."""

    def plain(cluster: Cluster, route: Route, reason: Reason = "") -> None:
        with _errors():
            _command(name, cluster, route, reason)

    def with_number(
        cluster: Cluster,
        route: Route,
        number: Annotated[float, typer.Argument(metavar=argument.upper(), min=0)],
        reason: Reason = "",
    ) -> None:
        with _errors():
            _command(name, cluster, route, reason, argument=number)

    app.command(name, help=help_)(with_number if argument else plain)


_give("pause", "Stay at the weights of now; the analysis goes on.")
_give("resume", "Go on after a pause.")
_give("promote", "Go to 100 % without the steps that are left.")
_give("skip", "Go to a later step of that percent.", "percent")
_give("extend", "Watch this step longer, by seconds.", "seconds")
_give("abort", "Bring the baseline back.")
_give("approve", "Agree at an open gate.")
_give("reject", "Refuse at an open gate: the baseline is brought back.")


def _start(asked: dict[str, Any], name: str) -> str:
    states = boto3.client("stepfunctions")
    machine, text = machine_arn(states, MACHINE), json.dumps(asked)
    print(start_command(machine, text, name=name), flush=True)
    return states.start_execution(stateMachineArn=machine, name=name, input=text)["executionArn"]


def _name(route: str) -> str:
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    return f"{route[: _MAX_NAME - len(moment) - 1]}-{moment}"


def _given(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DeploymentError(f"--input: {path}: {error}") from None
    if not isinstance(found, dict):
        raise DeploymentError(f"--input: {path}: not a JSON object")
    return found


def _watch(cluster: str, route: str, every: float) -> None:
    last = follow(lambda: _show(cluster, route), seconds=every)
    print(f"{last['result']} {last['reason']}".rstrip())
    print(f"report: {_report(last)}")
    if last["result"] == "ROLLBACK_FAILED":
        raise DeploymentError(f"the rollback failed: {last['reason']}")
    if last["result"] != "PROMOTED":
        raise typer.Exit(ROLLED_BACK)


def _report(shown: Mapping[str, Any]) -> str:
    """Where the report is, as the execution says that ended the canary; raises DeploymentError when it has none."""
    found = ended(boto3.client("stepfunctions"), shown["execution"])
    try:
        key = json.loads(found.get("output") or found.get("cause") or "{}")["report"]
    except (ValueError, KeyError, TypeError):
        key = ""
    if not key:
        raise DeploymentError(f"{shown['execution']} {found['status']} without a report: {found.get('cause', '')}")
    return f"s3://{shown['bucket']}/{key}"


def _show(cluster: str, route: str) -> dict[str, Any]:
    found: dict[str, Any] = invoke(SHOW, _key(cluster, route))
    return found


def _command(name: str, cluster: str, route: str, reason: str, *, argument: float | None = None) -> None:
    payload: dict[str, Any] = {
        **_key(cluster, route),
        "command": name,
        "requestId": uuid.uuid4().hex,
        "author": _author(),
    }
    payload |= {"reason": reason} if reason else {}
    payload |= {"argument": argument} if argument is not None else {}
    accepted = invoke(COMMAND, payload)
    print(f"{accepted['canary']}: {name} is left for it as request {accepted['requestId']}")
    if not accepted.get("delivered", True):
        print("nobody waits at the gate any more: this counts at the canary's next look, if its execution still runs")


def _key(cluster: str, route: str) -> dict[str, str]:
    namespace, separator, name = route.partition("/")
    if not separator or not namespace or not name:
        raise ValueError(f"--route: {route} is not <namespace>/<name>")
    return {"cluster": cluster, "namespace": namespace, "name": name}


def _author() -> str:
    """Who asks: the name of the caller's session at AWS, else of the user on this machine."""
    try:
        return boto3.client("sts").get_caller_identity()["Arn"]
    except (ClientError, BotoCoreError):
        return getpass.getuser()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except RefusedRequestError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    except (DeploymentError, ClientError, BotoCoreError, ValueError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(FAILED)
