"""A mocked AWS with the VPC Lattice backend installed, and a clock that only the test moves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from lattice_actions import NOT_FOUND, forward
from lattice_answers import WireClient
from lattice_world import World
from moto import mock_aws
from shared_entities import CONSUMER, OWNER, STRANGER, Team

from trellis_local import clock, lattice
from trellis_local.lattice import configuration
from trellis_local.lattice.backend import lattice_backends

ACCOUNT = "111122223333"
REGION = "us-west-2"


@dataclass(frozen=True)
class SteppedClock(clock.Clock):
    """Virtual time stands still until `advance`; background loops run a thousand times faster than real time."""

    speed: float = 1000.0
    _elapsed: list[float] = field(default_factory=lambda: [0.0])

    def time(self) -> float:
        return self.start + self._elapsed[0]

    def advance(self, seconds: float) -> None:
        self._elapsed[0] += seconds


@pytest.fixture
def stepped() -> Iterator[SteppedClock]:
    before, settings_before = clock.current(), configuration.current()
    stepped = SteppedClock(start=1_800_000_000.0)
    clock.use(stepped)
    configuration.use(configuration.Configuration())
    yield stepped
    clock.use(before)
    configuration.use(settings_before)


@pytest.fixture(scope="module")
def mocked_aws() -> Iterator[None]:
    """One mocked AWS for each module: setting EC2 up takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        lattice.install()
        with mock_aws():
            yield


@pytest.fixture(scope="module")
def lattice_client(mocked_aws: None) -> Any:
    return boto3.client("vpc-lattice", REGION)


@pytest.fixture(scope="module")
def ec2(mocked_aws: None) -> Any:
    return boto3.client("ec2", REGION)


@pytest.fixture
def client(stepped: SteppedClock, lattice_client: Any) -> Any:
    lattice_backends[ACCOUNT][REGION].reset()
    return lattice_client


@pytest.fixture
def unchecked_client(client: Any) -> Any:
    """A client that leaves all checks of its parameters to the server, as other clients do."""
    return boto3.client("vpc-lattice", REGION, config=Config(parameter_validation=False))


@pytest.fixture
def accounts(mocked_aws: None, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make a client of a service in an account, as a role of that account; the account follows the credentials."""
    monkeypatch.delenv("MOTO_ACCOUNT_ID")
    sts = boto3.client("sts", REGION)

    def make(account: str, service: str = "vpc-lattice") -> Any:
        role = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/team", RoleSessionName="someone")["Credentials"]
        return boto3.client(
            service,
            REGION,
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )

    yield make
    for regions in list(lattice_backends.values()):
        for backend in list(regions.values()):
            backend.reset()


@pytest.fixture
def owner(accounts: Callable[..., Any], stepped: SteppedClock) -> Team:
    """The account that shares its networks and services."""
    return Team(OWNER, accounts=accounts, advance=stepped.advance)


@pytest.fixture
def consumer(accounts: Callable[..., Any], stepped: SteppedClock) -> Team:
    """The account that they are shared with."""
    return Team(CONSUMER, accounts=accounts, advance=stepped.advance)


@pytest.fixture
def stranger(accounts: Callable[..., Any], stepped: SteppedClock) -> Team:
    """An account that nothing is shared with."""
    return Team(STRANGER, accounts=accounts, advance=stepped.advance)


@pytest.fixture
def vpc_id(ec2: Any) -> str:
    vpc_id: str = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return vpc_id


@pytest.fixture
def subnet_id(ec2: Any, vpc_id: str) -> str:
    subnet_id: str = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    return subnet_id


@pytest.fixture
def network_id(client: Any) -> str:
    network_id: str = client.create_service_network(name="platform")["id"]
    return network_id


@pytest.fixture
def make_service(client: Any, stepped: SteppedClock) -> Callable[..., str]:
    """Create a service, ACTIVE unless it shall be new."""

    def make(name: str, *, is_new: bool = False, **members: Any) -> str:
        service_id: str = client.create_service(name=name, **members)["id"]
        stepped.advance(0 if is_new else 3)
        return service_id

    return make


@pytest.fixture
def make_group(client: Any, vpc_id: str, stepped: SteppedClock) -> Callable[..., str]:
    """Create a target group of type IP, ACTIVE unless it shall be new."""

    def make(name: str, *, is_new: bool = False, **config: Any) -> str:
        config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": vpc_id, **config}
        group_id: str = client.create_target_group(name=name, type="IP", config=config)["id"]
        stepped.advance(0 if is_new else 2)
        return group_id

    return make


@pytest.fixture
def make_listener(client: Any) -> Callable[..., str]:
    """Create an HTTP listener with a fixed response, or forwarding to groups."""

    def make(service_id: str, *group_ids: str, name: str = "http", **members: Any) -> str:
        listener_id: str = client.create_listener(
            **{
                "serviceIdentifier": service_id,
                "name": name,
                "protocol": "HTTP",
                "defaultAction": forward(*group_ids) if group_ids else NOT_FOUND,
                **members,
            }
        )["id"]
        return listener_id

    return make


@pytest.fixture(scope="module")
def wire_client(mocked_aws: None) -> WireClient:
    return WireClient(REGION)


@pytest.fixture
def wire(client: Any, wire_client: WireClient) -> WireClient:
    """Calls that no client checks, on an empty backend."""
    return wire_client


@pytest.fixture
def make_world(
    wire: WireClient, stepped: SteppedClock, ec2: Any, vpc_id: str, subnet_id: str
) -> Callable[[str], World]:
    """A new world with resources of every kind, which are named by their `id` or by their `arn`."""

    def make(id_form: str) -> World:
        lattice_backends[ACCOUNT][REGION].reset()
        return World(wire=wire, advance=stepped.advance, ec2=ec2, vpc_id=vpc_id, subnet_id=subnet_id, id_form=id_form)

    return make


@pytest.fixture
def error_of() -> Callable[..., dict[str, Any]]:
    """The error answer of a call that must fail, with its HTTP status as `status`."""

    def run(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as raised:
            call(**parameters)
        answer: dict[str, Any] = dict(raised.value.response)
        return {**answer, "code": answer["Error"]["Code"], "status": answer["ResponseMetadata"]["HTTPStatusCode"]}

    return run
