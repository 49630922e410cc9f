"""`trellis check`: starts check-drift, waits for its end and shows what differs."""

import json
import re
import sys
from typing import Annotated, Any, NoReturn

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from trellis.planning.outline import differences, outline
from trellis_cli.deployment import DeploymentError, document, ended, machine_arn, start_command

CONVERGED, FAILED, DRIFTED = 0, 1, 2

_MACHINE = "check-drift"
_MODES = ("plan", "remediate")
_UNFINISHED = frozenset({"FAILED", "STOPPED_BY_GUARD"})
# Amazon EKS: a letter or digit, then letters, digits, hyphens and underscores, 100 in all.
_CLUSTER_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")

Cluster = Annotated[str, typer.Option(help="Name of a registered cluster; all of them if not given.")]
Mode = Annotated[str, typer.Option(help="plan only reports; remediate also repairs what the clusters' objects allow.")]


def check(cluster: Cluster = "", mode: Mode = "plan") -> None:
    """Compare clusters with AWS and print what differs.

    Exit status: 0 nothing differs; 1 the check or a cluster's run failed; 2 differences were found, repaired or not.
    """
    if mode not in _MODES:
        _fail(f"--mode: {mode} is neither plan nor remediate")
    if cluster and not _CLUSTER_NAME.fullmatch(cluster):
        _fail(f"--cluster: {cluster} is no name of an EKS cluster")
    asked = {"mode": mode, **({"cluster": cluster} if cluster else {})}
    try:
        status = _check(asked)
    except (DeploymentError, ClientError, BotoCoreError) as error:
        _fail(str(error))
    raise typer.Exit(status)


def _check(asked: dict[str, str]) -> int:
    states = boto3.client("stepfunctions")
    machine = machine_arn(states, _MACHINE)
    text = json.dumps(asked)
    print(start_command(machine, text), flush=True)
    found = ended(states, states.start_execution(stateMachineArn=machine, input=text)["executionArn"])
    if found["status"] != "SUCCEEDED":
        raise DeploymentError(
            f"{_MACHINE} {found['status']}: {found.get('error', '')} {found.get('cause', '')}".rstrip()
        )
    return max((_show(outcome) for outcome in json.loads(found["output"])), default=CONVERGED, key=_gravity)


def _gravity(status: int) -> int:
    """A failure counts for more than drift."""
    return (CONVERGED, DRIFTED, FAILED).index(status)


def _show(found: dict[str, Any]) -> int:
    """Print the outline of one cluster and say what it means for the exit status."""
    if not found.get("report"):
        print(f"{found['cluster']}: {found['status']}, without a report: {found.get('error', '')}")
        return FAILED
    report = json.loads(document(str(found["report"])))
    status = str(report.get("status", found["status"]))
    print(outline(found["cluster"], status, report))
    print(f"  report: {found['report']}")
    if status in _UNFINISHED:
        return FAILED
    return DRIFTED if differences(report) else CONVERGED


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(FAILED)
