"""Functions of moto's Lambda, with the one method replaced that the local stack replaces as well."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend

from trellis_local.dataplane.contract import FunctionFailedError
from trellis_local.dataplane.lambda_on_moto import MotoFunctions
from trellis_local.dataplane.messages import NoAnswer

ARN = "arn:aws:lambda:us-west-2:111122223333:function:hello"


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def invoked(monkeypatch) -> list[tuple[Any, ...]]:
    """What moto was asked to invoke; functions named `broken` fail."""
    calls: list[tuple[Any, ...]] = []

    def invoke(backend: Any, name: str, qualifier: str | None, body: bytes, headers: Any, answer_headers: Any) -> bytes:
        calls.append((backend.account_id, backend.region_name, name, qualifier, body, dict(headers)))
        if name == "broken":
            answer_headers["x-amz-function-error"] = "Unhandled"
        return b'"done"'

    monkeypatch.setattr(LambdaBackend, "invoke", invoke)
    return calls


def test_a_function_is_invoked_in_its_account_and_waited_for(invoked):
    assert MotoFunctions("us-west-2")(ARN, b"{}") == b'"done"'
    synchronous = {"X-Amz-Invocation-Type": "RequestResponse"}
    assert invoked == [("111122223333", "us-west-2", "hello", None, b"{}", synchronous)]


def test_a_qualifier_is_passed_on(invoked):
    MotoFunctions("us-west-2")(f"{ARN}:live", b"{}")
    assert invoked[0][3] == "live"


def test_a_function_that_raises_is_told_from_its_result(invoked):
    with pytest.raises(FunctionFailedError, match="Unhandled"):
        MotoFunctions("us-west-2")(ARN.replace("hello", "broken"), b"{}")


def test_a_function_that_does_not_exist_gives_no_answer(monkeypatch):
    def invoke(*_: Any) -> bytes:
        raise UnknownFunctionException(ARN)

    monkeypatch.setattr(LambdaBackend, "invoke", invoke)
    with pytest.raises(NoAnswer, match="hello"):
        MotoFunctions("us-west-2")(ARN, b"{}")
