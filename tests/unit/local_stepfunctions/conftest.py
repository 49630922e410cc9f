"""moto's server with the Lambda and Step Functions seams, and a clock that makes a minute of 20 ms."""

import os

os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")  # before moto is imported

import io
import json
import logging
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from trellis_local import clock
from trellis_local.clock import Clock
from trellis_local.stepfunctions.install import StepFunctions
from trellis_local.workers.pool import WorkerPool
from trellis_local.workers.seam import LambdaSeam

REGION = "us-west-2"
ACCOUNT = "111122223333"
FINAL = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


@dataclass(frozen=True)
class SessionKeys:
    access_key_id: str = "ASIA"
    secret_access_key: str = "secret"
    session_token: str = "token"


@dataclass
class FakeIdentity:
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> SessionKeys:
        self.asked.append((role_arn, session_name, service_principal))
        if role_arn.endswith("/untrusting"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no trust"}}, "AssumeRole")
        return SessionKeys()


@dataclass
class Cloud:
    """The local endpoint as a test uses it."""

    url: str
    identity: FakeIdentity
    events: list[dict[str, Any]]
    step_functions: StepFunctions
    role: str = ""
    made: int = 0

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y"
        )

    def machine(self, states: dict[str, Any], *, role: str = "", **settings: Any) -> str:
        """A state machine that starts at the first of `states`."""
        self.made += 1
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **settings}
        made: str = self.client("stepfunctions").create_state_machine(
            name=f"machine-{self.made}", roleArn=role or self.role, definition=json.dumps(definition)
        )["stateMachineArn"]
        return made

    def run(self, states: dict[str, Any], given: Any = None, **settings: Any) -> dict[str, Any]:
        """What DescribeExecution says at the end, `output` parsed."""
        return self.finish(self.start(self.machine(states, **settings), given))

    def start(self, machine: str, given: Any = None, **settings: Any) -> str:
        text = json.dumps({} if given is None else given)
        started: str = self.client("stepfunctions").start_execution(stateMachineArn=machine, input=text, **settings)[
            "executionArn"
        ]
        return started

    def finish(self, execution: str) -> dict[str, Any]:
        client, deadline = self.client("stepfunctions"), time.monotonic() + 20
        while (seen := client.describe_execution(executionArn=execution))["status"] not in FINAL:
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.01)
        return {**seen, "output": json.loads(seen["output"]) if "output" in seen else None}

    def function(self, name: str, code: str, **settings: Any) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", code)
        values = {"Runtime": "python3.13", "Handler": "app.handler", "Role": self.role, **settings}
        made: str = self.client("lambda").create_function(
            FunctionName=name, Code={"ZipFile": buffer.getvalue()}, **values
        )["FunctionArn"]
        return made


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    before = clock.current()
    clock.use(Clock(start=time.time(), speed=3000))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url, identity, events = f"http://{host}:{port}", FakeIdentity(), []
    workers = WorkerPool(endpoint_url=url, region=REGION, account=ACCOUNT, clock=clock.current(), identity=identity)
    functions = LambdaSeam(workers, unpacked=Path(tmp_path_factory.mktemp("functions")))
    machines = StepFunctions(endpoint_url=url, account=ACCOUNT, region=REGION, identity=identity, publish=events.append)
    functions.install()
    machines.install()
    made = Cloud(url=url, identity=identity, events=events, step_functions=machines)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    made.role = made.client("iam").create_role(RoleName="machines", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    yield made
    workers.stop()
    functions.uninstall()
    machines.stop()
    server.stop()
    clock.use(before)
