"""Calls a hook's function once and waits for its answer.

What cannot be mended by asking again is a refusal: no such function, no permission, an error of the function itself, no
answer in time. That AWS is busy is no answer, and raised. The function runs twice when its answer is lost.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from trellis.canary.hooks import Answer, parse_answer
from trellis.observability import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def ask(functions: "LambdaClient", function: str, payload: Mapping[str, Any]) -> Answer:
    """The answer; raises ClientError and BotoCoreError where asking again can help."""
    try:
        answer = functions.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
        body = answer["Payload"].read()
    except ReadTimeoutError:
        return Answer(passed=False, reason="it has not answered in time")
    except ClientError as error:
        if (problem := translated(error)).retry:
            raise
        return Answer(passed=False, reason=f"it could not be called: {problem}")
    document = _parsed(body)
    if "FunctionError" in answer:
        return Answer(passed=False, reason=f"it has failed: {_error(document)}")
    return parse_answer(document)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _error(document: object) -> str:
    """What Lambda tells of a function's error: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html."""
    told = document if isinstance(document, dict) else {}
    return ": ".join(str(told[name]) for name in ("errorType", "errorMessage") if told.get(name)) or "without a message"
