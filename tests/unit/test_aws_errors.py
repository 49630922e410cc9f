"""What AWS calls throttling makes a run wait, in the words of the API models of all services that Trellis calls."""

from collections.abc import Iterator
from functools import cached_property

import pytest
from botocore.exceptions import ClientError

from trellis.errors import AwsCallError, ServiceUnavailableError, ThrottledError
from trellis.observability import translated
from trellis.resources.clients import Clients


def answered(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "told so"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Publish"
    )


def throttling_codes() -> Iterator[tuple[str, str]]:
    clients = Clients()
    for name, member in vars(Clients).items():
        if isinstance(member, cached_property):
            model = getattr(clients, name).meta.service_model
            for shape in map(model.shape_for, model.shape_names):
                if "hrottl" in shape.name and shape.metadata.get("exception"):
                    yield model.service_name, shape.error_code


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")


def test_throttling_of_every_service_can_be_tried_again() -> None:
    codes = list(throttling_codes())
    assert ("sns", "Throttled") in codes
    assert [found for found in codes if not isinstance(translated(answered(found[1], 400)), ThrottledError)] == []


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_the_service_can_be_tried_again(status: int) -> None:
    assert isinstance(translated(answered("InternalError", status)), ServiceUnavailableError)


def test_any_other_refusal_cannot_and_names_the_call() -> None:
    error = translated(answered("InvalidParameter", 400))
    assert isinstance(error, AwsCallError)
    assert str(error) == "Publish: InvalidParameter: told so"
