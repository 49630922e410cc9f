import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from acm_calls import Acm, at
from moto import mock_aws, settings

from trellis_local import clock
from trellis_local.aws import AwsEndpoint, eks
from trellis_local.aws import acm as moto_acm
from trellis_local.kubernetes.contract import ClusterSpec, RunningCluster


@pytest.fixture
def in_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients of this process reach moto without an endpoint."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


class FakeCluster:
    admin_token = ""
    audit = ()
    endpoint = "https://127.0.0.1:1"
    ca_pem = "-----BEGIN CERTIFICATE-----"

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class FakeLauncher:
    def __init__(self) -> None:
        self.specs: dict[str, ClusterSpec] = {}
        self.clusters: dict[str, FakeCluster] = {}

    def launch(self, spec: ClusterSpec) -> RunningCluster:
        if spec.name.startswith("broken"):
            raise OSError("no port left")
        self.specs[spec.name] = spec
        self.clusters[spec.name] = FakeCluster(spec.name)
        return self.clusters[spec.name]


@pytest.fixture(scope="module")
def launcher() -> FakeLauncher:
    return FakeLauncher()


@pytest.fixture(scope="module")
def endpoint(launcher: FakeLauncher) -> Iterator[AwsEndpoint]:
    before = clock.current()
    clock.use(clock.Clock(start=before.time(), speed=200))
    uninstall = eks.install(launcher)
    started = AwsEndpoint()
    started.start()
    yield started
    started.stop()
    uninstall()
    clock.use(before)


@pytest.fixture(scope="module")
def admin(endpoint: AwsEndpoint) -> Callable[[str], Any]:
    clients: dict[str, Any] = {}
    return lambda service: clients.setdefault(service, endpoint.identity.client(service))


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def role(endpoint: AwsEndpoint, admin: Callable[[str], Any]) -> Callable[..., Any]:
    """Makes a role with statements; gives a function that makes clients under it."""

    def make(*statements: dict[str, Any]) -> Callable[[str], Any]:
        name = f"role-{uuid.uuid4().hex[:8]}"
        iam = admin("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))["Role"][
            "Arn"
        ]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        keys = endpoint.identity.role_session(arn, session_name="fn", service_principal="lambda.amazonaws.com")
        return lambda service: endpoint.identity.client(service, credentials=keys)

    return make


@pytest.fixture(scope="module")
def subnet(admin: Callable[[str], Any]) -> str:
    ec2 = admin("ec2")
    vpc = ec2.create_vpc(CidrBlock="192.168.48.0/20")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="192.168.48.0/24")["Subnet"]["SubnetId"])


@pytest.fixture(scope="module")
def cluster_role(admin: Callable[[str], Any]) -> str:
    made = admin("iam").create_role(
        RoleName=f"eks-{uuid.uuid4().hex[:8]}", AssumeRolePolicyDocument=trust(Service="eks.amazonaws.com")
    )
    return str(made["Role"]["Arn"])


@pytest.fixture
def create(admin: Callable[[str], Any], subnet: str, cluster_role: str) -> Callable[..., Any]:
    def make(name: str, **options: Any) -> Any:
        config = {"subnetIds": [subnet]}
        return admin("eks").create_cluster(name=name, roleArn=cluster_role, resourcesVpcConfig=config, **options)[
            "cluster"
        ]

    return make


@pytest.fixture
def acm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Acm]:
    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", 60)
    with mock_aws():
        found = Acm()
        uninstall = moto_acm.install(found.users)
        at(monkeypatch, timedelta())
        yield found
        uninstall()
