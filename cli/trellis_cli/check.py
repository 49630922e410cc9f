"""`trellis check`: starts check-drift, waits for its end and shows what differs, over the APIs of AWS alone.

The state machine is found by its name, and its output says where the reports are; so the same works on AWS and on the
local stack, which has no stack outputs.
"""

import json
import re
import shlex
import sys
import time
from typing import Annotated, Any, NoReturn

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from trellis.planning.outline import differences, outline

CONVERGED, FAILED, DRIFTED = 0, 1, 2

_MACHINE = "check-drift"
_MODES = ("plan", "remediate")
_POLL_SECONDS = 1.0
_UNFINISHED = frozenset({"FAILED", "STOPPED_BY_GUARD"})
# Amazon EKS: a letter or digit, then letters, digits, hyphens and underscores, 100 in all.
_CLUSTER_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")

Cluster = Annotated[str, typer.Option(help="Name of a registered cluster; all of them if not given.")]
Mode = Annotated[str, typer.Option(help="plan only reports; remediate also repairs what the clusters' objects allow.")]


class CheckError(Exception):
    """The check could not be made; the message says why."""


def check(cluster: Cluster = "", mode: Mode = "plan") -> None:
    """Compare clusters with AWS and print what differs.

    Exit status: 0 nothing differs; 1 the check or a cluster's run failed; 2 differences were found, repaired or not.
    """
    if mode not in _MODES:
        _fail(f"--mode: {mode} is neither plan nor remediate")
    if cluster and not _CLUSTER_NAME.fullmatch(cluster):
        _fail(f"--cluster: {cluster} is no name of an EKS cluster")
    document = {"mode": mode, **({"cluster": cluster} if cluster else {})}
    try:
        status = _check(document)
    except (CheckError, ClientError, BotoCoreError) as error:
        _fail(str(error))
    raise typer.Exit(status)


def _check(document: dict[str, str]) -> int:
    states, s3 = boto3.client("stepfunctions"), boto3.client("s3")
    machine = _machine(states)
    text = json.dumps(document)
    print(f"aws stepfunctions start-execution --state-machine-arn {machine} --input {shlex.quote(text)}", flush=True)
    ended = _ended(states, states.start_execution(stateMachineArn=machine, input=text)["executionArn"])
    if ended["status"] != "SUCCEEDED":
        raise CheckError(f"{_MACHINE} {ended['status']}: {ended.get('error', '')} {ended.get('cause', '')}".rstrip())
    return max((_show(s3, found) for found in json.loads(ended["output"])), default=CONVERGED, key=_gravity)


def _gravity(status: int) -> int:
    """A failure counts for more than drift."""
    return (CONVERGED, DRIFTED, FAILED).index(status)


def _machine(states: Any) -> str:
    for page in states.get_paginator("list_state_machines").paginate():
        for found in page["stateMachines"]:
            if found["name"] == _MACHINE:
                return str(found["stateMachineArn"])
    raise CheckError(f"there is no state machine {_MACHINE} in this account and region; is Trellis deployed here?")


def _ended(states: Any, execution: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(_POLL_SECONDS)


def _show(s3: Any, found: dict[str, Any]) -> int:
    """Print the outline of one cluster and say what it means for the exit status."""
    if not found.get("report"):
        print(f"{found['cluster']}: {found['status']}, without a report: {found.get('error', '')}")
        return FAILED
    bucket, _, key = str(found["report"]).removeprefix("s3://").partition("/")
    report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    status = str(report.get("status", found["status"]))
    print(outline(found["cluster"], status, report))
    print(f"  report: {found['report']}")
    if status in _UNFINISHED:
        return FAILED
    return DRIFTED if differences(report) else CONVERGED


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(FAILED)
