"""An account, a cluster and Trellis' functions in one process, on a clock that only the test moves.

The functions run through their own entry points, each with the credentials of its own role. They reach moto, with what
the local stack puts in its place, and the embedded Kubernetes API, whose EKS checks the tokens that they sign.
"""

import functools
import importlib.util
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import boto3
import botocore.session
import pytest
from flow_calls import Calls, Stopped
from flow_cluster import InProcessCluster, InProcessLauncher, rest_client
from moto import mock_aws

import trellis.clusters.api
import trellis.runs.status
import trellis.runs.toolbox
import trellis_local.aws.eks
import trellis_local.clock
import trellis_local.lattice
from trellis.clusters import bootstrap
from trellis.clusters.api import KubernetesApi
from trellis.config import settings
from trellis.errors import TrellisError
from trellis.resources.clients import Clients
from trellis_local.aws import ec2, route53

REGION, ACCOUNT = "us-west-2", "111122223333"
TABLE, BUCKET = "fleet", "documents"
LEASE_SECONDS = 120
_FUNCTIONS = Path(__file__).parents[2] / "functions"
_ROLES = {"read_cluster": "READER_ROLES", "write_status": "STATUS_ROLE", "prepare_cluster": "BOOTSTRAP_ROLE"}
_INVOKE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}],
    }
)
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
# The waits of the state machines' retrier for busy errors, without jitter.
_BACK_OFF = (2, 4, 8, 16, 32, 60)


@dataclass(frozen=True)
class MovedClock(trellis_local.clock.Clock):
    """A clock that only moves when told to."""

    moved: list[float] = field(default_factory=lambda: [0.0])

    def time(self) -> float:
        """Virtual Unix time in seconds."""
        return self.start + self.moved[0]

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moved[0] += seconds


class FlowLab:
    """Trellis with its account; `calls` knows what its functions do.

    With `retries_dead_functions` a function whose process died is called again in the same execution; without, the
    execution has died as well.
    """

    def __init__(self, clock: MovedClock, launcher: InProcessLauncher, calls: Calls) -> None:
        self.clock = clock
        self.calls = calls
        self.retries_dead_functions = False
        self._launcher = launcher
        self._apps: dict[str, ModuleType] = {}
        self._sessions: dict[str, Mapping[str, str]] = {}
        self._environment = pytest.MonkeyPatch()
        boto3.DEFAULT_SESSION = None
        boto3.setup_default_session(region_name=REGION)
        events = cast(Any, boto3).DEFAULT_SESSION.events
        events.register("before-call", calls.before_aws)
        events.register("after-call", calls.after_aws)
        self._clients = Clients()

    def close(self) -> None:
        """Give the environment back."""
        self._environment.undo()
        boto3.DEFAULT_SESSION = None

    @functools.cache  # noqa: B019 - one lab lives as long as its module
    def aws(self, service: str) -> Any:
        """The platform team's own client."""
        return cast(Any, boto3).client(service)

    def running(self, cluster: str) -> InProcessCluster:
        """The Kubernetes API of a cluster, from the inside."""
        return self._launcher.clusters[f"https://{cluster.lower()}.in-process"]

    def kubernetes(self, cluster: str) -> KubernetesApi:
        """The cluster's API as the platform team uses it."""
        running = self.running(cluster)
        return KubernetesApi(endpoint=running.endpoint, ca_pem=running.ca_pem.encode(), token=running.admin_token)

    def install(self) -> None:
        """What `sam deploy` makes: table, bucket, roles, settings."""
        keys = ("pk", "sk")
        self.aws("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        self.aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._environment.setenv("TRELLIS_TABLE", TABLE)
        self._environment.setenv("TRELLIS_BUCKET", BUCKET)
        self._environment.setenv("TRELLIS_LEASE_SECONDS", str(LEASE_SECONDS))
        boundary = self.aws("iam").create_policy(PolicyName="boundary", PolicyDocument=_INVOKE)["Policy"]["Arn"]
        self._environment.setenv("TRELLIS_CLIENT_BOUNDARY", boundary)
        self._environment.setenv("TRELLIS_NETWORK_POLICY_SOURCES", "*/apps")
        # A crash is an exception in the one thread that the test has.
        self._environment.setenv("TRELLIS_READ_CONCURRENCY", "1")
        settings.cache_clear()
        for folder in sorted(_FUNCTIONS.iterdir()):
            if (folder / "app.py").is_file():
                self._install_function(folder.name)

    def _install_function(self, name: str) -> None:
        role = self.aws("iam").create_role(RoleName=name, Path="/trellis/", AssumeRolePolicyDocument=_TRUST)["Role"]
        answer = self.aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName=name)
        self._sessions[name] = answer["Credentials"]
        if name in _ROLES:
            self._environment.setenv(f"TRELLIS_{_ROLES[name]}", role["Arn"])
        spec = importlib.util.spec_from_file_location(f"app_of_{name}", _FUNCTIONS / name / "app.py")
        assert spec is not None
        assert spec.loader is not None
        app = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(app)
        app.tools.clients = self._clients
        self._apps[name] = app

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        """Run a function as a Task of the state machines does: a busy error is tried again after a wait."""
        for seconds in _BACK_OFF:
            try:
                return self._survive(function, payload)
            except TrellisError as error:
                if not error.retry:
                    raise
            self.clock.move(seconds)
        return self._survive(function, payload)

    def _survive(self, function: str, payload: Mapping[str, Any]) -> Any:
        try:
            return self.invoke_once(function, payload)
        except Stopped:
            if not self.retries_dead_functions:
                raise
        return self.invoke_once(function, payload)

    def invoke_once(self, function: str, payload: Mapping[str, Any]) -> Any:
        """Run a function in a process of its own; documents go in and out as JSON."""
        keys = self._sessions[function]
        for variable, key in (
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ):
            self._environment.setenv(variable, keys[key])
        context = SimpleNamespace(function_name=function, aws_request_id="request")
        with self.calls.of_a_function():
            answer = self._apps[function].handler(json.loads(json.dumps(payload)), context)
        return json.loads(json.dumps(answer))


@contextmanager
def flow_lab() -> Iterator[FlowLab]:
    """A lab with Trellis installed and nothing else; afterwards the process is as it was."""
    calls, launcher, clock = Calls(), InProcessLauncher(), MovedClock(start=1_790_000_000.0)
    before = trellis_local.clock.current()
    with ExitStack() as closing, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        # Thousands of images that nobody asks for, through which every question about tags would go.
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setattr(trellis.runs.toolbox, "time", clock)
        patch.setattr(trellis.runs.status, "time", clock)
        patch.setattr(trellis.clusters.api, "RESTClientObject", rest_client(launcher, calls))
        # Files that do not change, which every run would read again: the CRDs, and botocore's models for each token.
        patch.setattr(bootstrap, "_crds", functools.cache(bootstrap._crds))
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        trellis_local.clock.use(clock)
        closing.callback(trellis_local.clock.use, before)
        trellis_local.lattice.install()
        closing.enter_context(mock_aws())
        closing.callback(trellis_local.aws.eks.install(launcher))
        closing.callback(ec2.install())
        closing.callback(route53.install())
        closing.callback(settings.cache_clear)
        lab = FlowLab(clock, launcher, calls)
        closing.callback(lab.close)
        lab.install()
        yield lab


def wait_until(condition: Any, what: str, *, seconds: float = 10) -> None:
    """Wait in real time for a thread of the emulation."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
