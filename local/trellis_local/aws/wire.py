"""AWS' wire protocols at the edge of the endpoint: requests become operations with parameters, errors become answers.

It knows every protocol through moto's parsers and serializers and botocore's models, and no service. A request that no
operation of the API model matches is still a request: it has no parameters, and moto answers it.
"""

import io
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.parsers import ResponseParserError, create_parser

from trellis_local.aws import moto_seam as moto
from trellis_local.iam.request import ApiRequest

Environ = dict[str, Any]
Answer = tuple[int, list[tuple[str, str]], bytes]

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_MODEL_NAMES = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "email": "sesv2",
    "elasticloadbalancing": "elbv2",
    "execute-api": "apigatewaymanagementapi",
}
_IAM_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}


class MalformedRequestError(Exception):
    """A request body that cannot be read as the parameters of its operation."""


@dataclass(frozen=True)
class Credential:
    """What a signed request says about its caller and service; `service` is the signing name."""

    access_key_id: str
    session_token: str
    region: str
    service: str


@dataclass(frozen=True)
class WireCall:
    """A request as an operation; `operation_model` is None when the API model has no such operation."""

    credential: Credential
    api: ApiRequest
    model: Any
    operation_model: Any
    protocol: str
    source_ip: str
    user_agent: str
    request_id: str


def credential_of(environ: Environ) -> Credential | None:
    """The credential of a signed request, in its header or its query; None for an unsigned one."""
    request = moto.Request(dict(environ))
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    scope = found.group(1) if found else request.args.get("X-Amz-Credential", "")
    parts = scope.rsplit("/", 4)
    if len(parts) != 5:
        return None
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "") or request.args.get("X-Amz-Security-Token", "")
    return Credential(parts[0], token, region=parts[2], service=parts[3].lower())


def buffer_body(environ: Environ) -> bytes:
    """Read the body once, and leave it to be read again."""
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        body = stream.read(int(length))
    else:
        body = stream.read() if environ.get("wsgi.input_terminated") else b""
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def decode(environ: Environ, body: bytes, credential: Credential) -> WireCall:
    """The operation that a request asks for; raises MalformedRequestError."""
    request = moto.Request({**environ, "wsgi.input": io.BytesIO(body)})
    model = service_model(_model_name(credential.service, request.headers.get("X-Amz-Target", "")))
    operation, labels, protocol = _route(model, request)
    parameters = _parameters(operation, request, labels=labels, protocol=protocol)
    return WireCall(
        credential=credential,
        api=ApiRequest(
            service=_IAM_PREFIXES.get(credential.service, credential.service),
            operation=operation.name if operation is not None else _unknown_operation(request),
            parameters=parameters,
            region=credential.region,
            account=moto.account_of(credential.access_key_id),
        ),
        model=model,
        operation_model=operation,
        protocol=protocol,
        source_ip=str(environ.get("REMOTE_ADDR", "")),
        user_agent=str(environ.get("HTTP_USER_AGENT", "")),
        request_id=str(uuid.uuid4()),
    )


def _model_name(signing_name: str, target: str) -> str:
    if signing_name == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    return _MODEL_NAMES.get(signing_name, signing_name)


@cache
def service_model(name: str) -> Any:
    """The API model of a service, or None for a service that botocore does not know."""
    try:
        return moto.get_service_model(name)
    except UnknownServiceError:
        return None


def operations_of(service: str) -> Sequence[str]:
    """The operations of a service, which is named as in the call log; none for a service that does not exist."""
    signing_name = next((name for name, prefix in _IAM_PREFIXES.items() if prefix == service), service)
    model = service_model(_MODEL_NAMES.get(signing_name, signing_name))
    return () if model is None else tuple(model.operation_names)


def _route(model: Any, request: Any) -> tuple[Any, Mapping[str, Any], str]:
    if model is None:
        return None, {}, "json"
    try:
        protocol = moto.determine_request_protocol(model, request.content_type)
        operation, labels = moto.get_service_router(model.service_name).match(request)
    except (moto.NotFound, NotImplementedError):
        return None, {}, str(model.protocol)
    return operation, labels, protocol


def _parameters(operation: Any, request: Any, *, labels: Mapping[str, Any], protocol: str) -> Mapping[str, Any]:
    if operation is None or operation.input_shape is None:
        return {}
    values = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.get_data(),
        "url_path": request.path,
        "url_params": labels,
    }
    try:
        return dict(moto.PROTOCOL_PARSERS[protocol](operation).parse(values) or {})
    except (moto.RequestParserError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedRequestError(f"the request of {operation.name} cannot be read: {error}") from error


def _unknown_operation(request: Any) -> str:
    target = request.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
    return str(target or request.values.get("Action") or f"{request.method} {request.path}")


# -- answers


class AwsError(Exception):
    """An error that the endpoint itself answers, with its HTTP status, and more headers and members if it has any."""

    headers: tuple[tuple[str, str], ...] = ()
    members: Mapping[str, str] = {}

    def __init__(self, code: str, message: str, *, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def error_answer(call: WireCall, error: AwsError) -> Answer:
    """The error in the protocol of the call (AWS protocol pages of https://smithy.io/2.0/aws/protocols)."""
    headers = [("x-amzn-RequestId", call.request_id), *error.headers]
    if "json" in call.protocol:
        headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
        document = {"__type": error.code, "message": error.message, **error.members}
        return error.status, headers, json.dumps(document).encode()
    headers.append(("Content-Type", "text/xml"))
    return error.status, headers, _xml_error(call, error).encode()


def _xml_error(call: WireCall, error: AwsError) -> str:
    code, message = escape(error.code), escape(error.message)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    if call.api.service == "s3":
        ids = f"<RequestId>{call.request_id}</RequestId>"
        return f"{declaration}<Error><Code>{code}</Code><Message>{message}</Message>{ids}</Error>"
    if call.protocol == "ec2":
        errors = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"{declaration}<Response>{errors}<RequestID>{call.request_id}</RequestID></Response>"
    fault = "Sender" if error.status < 500 else "Receiver"
    text = f"<Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"{declaration}<ErrorResponse>{text}<RequestId>{call.request_id}</RequestId></ErrorResponse>"


def parse_answer(call: WireCall, answer: Answer) -> Mapping[str, Any]:
    """The answer as botocore would give it to a client; empty when it cannot be read."""
    status, headers, body = answer
    if call.operation_model is None:
        return {}
    output = _client_model(call.model.service_name).operation_model(call.operation_model.name).output_shape
    response = {"status_code": status, "headers": {name.lower(): value for name, value in headers}, "body": body}
    try:
        return dict(create_parser(call.protocol).parse(response, output))
    except ResponseParserError:
        return {}


@cache
def _client_model(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)
