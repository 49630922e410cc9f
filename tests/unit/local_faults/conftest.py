"""An endpoint with its faults page, and the VPC Lattice of this process behind it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from trellis_local import clock, faults, lattice
from trellis_local.aws import AwsEndpoint
from trellis_local.lattice import configuration
from trellis_local.lattice.backend import lattice_backends

ACCOUNT, REGION = "111122223333", "us-west-2"


class Cluster:
    """A running cluster as far as it matters here."""

    reachable = True


@pytest.fixture(scope="module")
def started() -> Iterator[AwsEndpoint]:
    before = clock.current()
    clock.use(clock.Clock(start=before.time(), speed=100))
    lattice.install()
    endpoint = AwsEndpoint()
    endpoint.start()
    yield endpoint
    endpoint.stop()
    clock.use(before)


@pytest.fixture
def cluster() -> Cluster:
    """The cluster `blue`."""
    return Cluster()


@pytest.fixture
def endpoint(started: AwsEndpoint, cluster: Any) -> Iterator[AwsEndpoint]:
    """The endpoint without any fault, with an empty VPC Lattice."""
    before = configuration.current()
    configuration.use(configuration.Configuration())
    uninstall = faults.install(started, {"blue": cluster})
    lattice_backends[ACCOUNT][REGION].reset()
    yield started
    uninstall()
    configuration.use(before)


@pytest.fixture
def page(endpoint: AwsEndpoint) -> Callable[..., tuple[int, Any]]:
    """Ask the faults page: status and JSON of the answer."""

    def ask(method: str, document: Any = None, *, query: str = "", body: bytes | None = None) -> tuple[int, Any]:
        data = body if body is not None else json.dumps(document).encode() if document is not None else None
        request = urllib.request.Request(f"{endpoint.url}/_local/faults{query}", data, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return ask


@pytest.fixture
def order(page: Callable[..., tuple[int, Any]]) -> Callable[..., dict[str, Any]]:
    """Switch a fault on; gives its description."""

    def post(kind: str, **members: Any) -> dict[str, Any]:
        status, answer = page("POST", {"kind": kind, **members})
        assert status == 201, answer
        found: dict[str, Any] = answer
        return found

    return post


@pytest.fixture
def client(endpoint: AwsEndpoint) -> Callable[..., Any]:
    """A boto3 client on the endpoint, which gives up at the first failure unless it is told."""

    def make(service: str, *, attempts: int = 1, mode: str = "standard", **keys: str) -> Any:
        retries = {"total_max_attempts": attempts, "mode": mode}
        keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries=retries, s3={"addressing_style": "path"})
        return boto3.client(service, REGION, endpoint_url=endpoint.url, config=config, **keys)

    return make


@pytest.fixture
def error_of() -> Callable[[Callable[[], Any]], dict[str, Any]]:
    """The error answer of a call that must fail, as boto3 reads it, with `status`, `code` and `headers`."""

    def run(call: Callable[[], Any]) -> dict[str, Any]:
        with pytest.raises(ClientError) as raised:
            call()
        answer: dict[str, Any] = dict(raised.value.response)
        metadata = answer["ResponseMetadata"]
        status, headers = metadata["HTTPStatusCode"], metadata["HTTPHeaders"]
        return {**answer, "code": answer["Error"]["Code"], "status": status, "headers": headers}

    return run
