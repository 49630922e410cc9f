"""What a Lambda function gets for a request, and what its result means.

Source: VPC Lattice User Guide, Lambda functions as targets: event structure versions V1 and V2, response, 6 MB limit.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from trellis_local import clock
from trellis_local.dataplane.authorization import Caller
from trellis_local.dataplane.http_messages import OF_ONE_CONNECTION
from trellis_local.dataplane.messages import Answer, Request, values

MOST_BODY_BYTES = 6 * 1024 * 1024
_OURS = OF_ONE_CONNECTION | {"content-length"}  # headers that are not the function's to choose
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """Where a request came from and what it went through."""

    network_arn: str
    service_arn: str
    target_group_arn: str
    vpc_arn: str
    caller: Caller


def event(version: str, request: Request, origin: Origin) -> bytes:
    """The function's payload; a version that is not set is V1."""
    document = _v2(request, origin) if version == "V2" else _v1(request)
    return json.dumps(document).encode()


def answer(payload: bytes) -> Answer:
    """The HTTP answer that a function's result stands for; ValueError when it is none."""
    result = json.loads(payload)
    status = result.get("statusCode") if isinstance(result, dict) else None
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise ValueError("the function's result has no statusCode")
    body, headers = result.get("body") or "", result.get("headers") or {}
    if not isinstance(body, str) or not isinstance(headers, dict):
        raise ValueError("body must be a string and headers an object")
    return Answer(status, _headers(headers), _decoded(body, is_base64=result.get("isBase64Encoded") is True))


def _v1(request: Request) -> dict[str, Any]:
    body, is_base64 = _encoded(request)
    return {
        "raw_path": request.path,
        "method": request.method,
        "headers": {name: ", ".join(found) for name, found in _by_name(request).items()},
        "query_string_parameters": {name: found[-1] for name, found in _query(request).items()},
        "body": body,
        "is_base64_encoded": is_base64,
    }


def _v2(request: Request, origin: Origin) -> dict[str, Any]:
    body, is_base64 = _encoded(request)
    return {
        "version": "2.0",
        "path": request.target,
        "method": request.method,
        "headers": _by_name(request),
        "queryStringParameters": _query(request),
        "body": body,
        "isBase64Encoded": is_base64,
        "requestContext": {
            "serviceNetworkArn": origin.network_arn,
            "serviceArn": origin.service_arn,
            "targetGroupArn": origin.target_group_arn,
            "identity": _identity(origin),
            "region": origin.service_arn.split(":")[3],
            "timeEpoch": str(int(clock.current().time() * 1_000_000)),
        },
    }


def _identity(origin: Origin) -> dict[str, str]:
    caller = origin.caller
    known = {
        "sourceVpcArn": origin.vpc_arn,
        "type": caller.type,
        "principal": caller.principal,
        "principalOrgID": caller.principal_org_id,
        "sessionName": caller.session_name,
    }
    return {name: value for name, value in known.items() if value}


def _by_name(request: Request) -> dict[str, list[str]]:
    return {name.lower(): list(values(request.headers, name)) for name, _ in request.headers}


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.target.partition("?")[2], keep_blank_values=True)


def _encoded(request: Request) -> tuple[str, bool]:
    """The body as text, and whether that is base64; our choice: an empty body is plain."""
    kinds = values(request.headers, "content-type")
    is_text = bool(kinds) and _TEXT.fullmatch(kinds[0].partition(";")[0].strip()) is not None
    if not request.body or (is_text and not values(request.headers, "content-encoding")):
        return request.body.decode(errors="replace"), False
    return base64.b64encode(request.body).decode(), True


def _decoded(body: str, *, is_base64: bool) -> bytes:
    try:
        return base64.b64decode(body, validate=True) if is_base64 else body.encode()
    except binascii.Error as error:
        raise ValueError("the function's body is no base64") from error


def _headers(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    named = [(str(name).lower(), value if isinstance(value, list) else [value]) for name, value in headers.items()]
    found = tuple((name, str(value)) for name, many in named for value in many if name not in _OURS)
    if any(set(name + value) & set("\r\n\0") for name, value in found):
        raise ValueError("a header of the function's result has a line break")
    return found
