"""The WSGI application in front of moto: decode, identify, authorize, pass on (or fail on order), log, tell.

What moto does not implement is an error of status 501 in the protocol of the call, never a page of HTML; what moto
breaks on is an InternalFailure with the reason in the log of this process.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from trellis_local import clock
from trellis_local.aws import moto_seam as moto
from trellis_local.aws import wire
from trellis_local.aws.authz import Decision, decide, decide_absence, denied
from trellis_local.aws.call_faults import CallFaults
from trellis_local.aws.call_kinds import is_read_only
from trellis_local.aws.call_log import ApiCall, CallLog
from trellis_local.aws.identity import Principal, principal_of, secret_of
from trellis_local.aws.wire import Answer, AwsError, Environ, WireCall
from trellis_local.iam.dependents import LATTICE_ROLE, LATTICE_SERVICE

_LOG = logging.getLogger(__name__)
_REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-amz-request-id")
_ACCOUNT_VARIABLE = "HTTP_" + moto.ACCOUNT_HEADER.upper().replace("-", "_")
_LOCAL = "/_local/"


@dataclass(frozen=True)
class LocalRequest:
    """A request to one of the endpoint's own routes, which are no AWS APIs."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


LocalHandler = Callable[[LocalRequest], tuple[int, object]]


@dataclass(frozen=True)
class CompletedCall:
    """A call with everything that was said, for those who retell it."""

    call: ApiCall
    wire: WireCall
    principal: Principal
    answer: Answer
    error_message: str | None


CompletedListener = Callable[[CompletedCall], None]


@dataclass
class Gateway:
    """A WSGI application; `listeners` are called in the order of calls of one client, before it has its answer.

    `operations` are those of JSON APIs that moto does not have, by service and name; they raise AwsError.
    """

    backend: Callable[..., Iterable[bytes]]
    calls: CallLog
    listeners: list[CompletedListener] = field(default_factory=list)
    routes: dict[str, LocalHandler] = field(default_factory=dict)
    faults: CallFaults = field(default_factory=CallFaults)
    operations: dict[tuple[str, str], Callable[[WireCall], object]] = field(default_factory=dict)
    _publishing: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        try:
            status, headers, content = self._answer(environ)
        except Exception as failure:  # noqa: BLE001 - the entry point of a request: every failure is an answer
            _LOG.exception("the endpoint failed on %s %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            text = f"{type(failure).__name__}: {failure}"
            status, headers, content = _json(500, {"__type": "InternalFailure", "message": text})
        start_response(f"{status} {_phrase(status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def _answer(self, environ: Environ) -> Answer:
        body = wire.buffer_body(environ)
        path = environ.get("PATH_INFO", "")
        return self._local(environ, path, body) if path.startswith(_LOCAL) else self._aws(environ, body)

    def _local(self, environ: Environ, path: str, body: bytes) -> Answer:
        handler = self.routes.get(path)
        if handler is None:
            return _json(404, {"message": f"there is no local route {path}", "routes": sorted(self.routes)})
        query = {name: found[-1] for name, found in parse_qs(environ.get("QUERY_STRING", "")).items()}
        return _json(*handler(LocalRequest(environ["REQUEST_METHOD"], path, query, body)))

    def _aws(self, environ: Environ, body: bytes) -> Answer:
        credential = wire.credential_of(environ)
        if credential is None:
            return _json(403, {"__type": "MissingAuthenticationToken", "message": "Request is missing a signature"})
        try:
            call = wire.decode(environ, body, credential)
        except wire.MalformedRequestError as error:
            return _json(400, {"__type": "SerializationException", "message": str(error)})
        token = secret_of(credential.access_key_id).session_token
        if token != credential.session_token and token:
            refusal = AwsError(
                "InvalidClientTokenId", "The security token included in the request is invalid.", status=403
            )
            return wire.error_answer(call, refusal)
        return self._call(call, environ)

    def _call(self, call: WireCall, environ: Environ) -> Answer:
        principal = principal_of(call.credential.access_key_id)
        decision = decide(call, principal)
        if decision.denial is None:
            fault = self.faults.meet(call, principal)
            answer = wire.error_answer(call, fault) if fault else self._backend_answer(call, environ)
            _after_success(call, decision, answer)
            if answer[0] == HTTPStatus.NOT_FOUND:
                decision = decide_absence(call, principal, decision)
        if decision.denial is not None:
            answer = wire.error_answer(call, denied(call, principal, decision.denial))
        answer = _with_request_id(answer, call.request_id)
        self._tell(call, principal, decision, answer)
        return answer

    def _backend_answer(self, call: WireCall, environ: Environ) -> Answer:
        own = self.operations.get((call.api.service, call.api.operation))
        if own is not None:
            try:
                return _json(200, own(call))
            except AwsError as error:
                return wire.error_answer(call, error)
        environ[_ACCOUNT_VARIABLE] = call.api.account
        captured: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            captured[:] = [int(status.split(" ", 1)[0]), headers]

        try:
            content = b"".join(self.backend(environ, start_response))
        except NotImplementedError as error:
            return wire.error_answer(call, _not_implemented(call, str(error)))
        except Exception as failure:  # noqa: BLE001 - the last line before a client: every failure of moto is an answer
            _LOG.exception("moto failed on %s:%s", call.api.service, call.api.operation)
            text = f"moto failed on {call.api.service}:{call.api.operation}: {type(failure).__name__}: {failure}"
            return wire.error_answer(call, AwsError("InternalFailure", text, status=500))
        status, headers = captured
        if _is_html(headers) and content.lstrip()[:9].lower() == b"<!doctype" and status in (404, 405, 500):
            return wire.error_answer(call, _not_implemented(call, "moto has no route for it"))
        return status, headers, content

    def _tell(self, call: WireCall, principal: Principal, decision: Decision, answer: Answer) -> None:
        code, message = _error_of(call, answer)
        required = decision.required
        resources = tuple(dict.fromkeys(arn for item in required for arn in item.resources if arn != "*"))

        def make(seq: int) -> ApiCall:
            return ApiCall(
                seq=seq,
                time=clock.current().time(),
                principal=principal.arn,
                role=principal.role_arn,
                actions=tuple(dict.fromkeys(item.action for item in required)),
                service=call.api.service,
                operation=call.api.operation,
                region=call.api.region,
                resources=resources,
                read_only=is_read_only(call.api.service, call.api.operation),
                status=answer[0],
                error_code=code,
                denied_action=decision.denial.action if decision.denial else None,
                request_id=call.request_id,
                checked=decision.checked,
            )

        with self._publishing:  # listeners see the calls in the order of the log
            completed = CompletedCall(self.calls.record(make), call, principal, answer, message)
            for listener in self.listeners:
                listener(completed)


def _with_request_id(answer: Answer, request_id: str) -> Answer:
    """Every answer of AWS has one; moto leaves it out of some errors."""
    status, headers, content = answer
    if any(name.lower() in _REQUEST_ID_HEADERS for name, _ in headers):
        return answer
    return status, [*headers, ("x-amzn-RequestId", request_id)], content


def _after_success(call: WireCall, decision: Decision, answer: Answer) -> None:
    creates_role = any(item.action == "iam:CreateServiceLinkedRole" for item in decision.required[1:])
    if creates_role and answer[0] < 300:
        moto.create_service_linked_role(service=LATTICE_SERVICE, name=LATTICE_ROLE)


def _not_implemented(call: WireCall, reason: str) -> AwsError:
    text = f"the local stack does not implement {call.api.service}:{call.api.operation} ({reason})"
    return AwsError("NotImplemented", text, status=501)


def _error_of(call: WireCall, answer: Answer) -> tuple[str | None, str | None]:
    if answer[0] < 300 or answer[0] == HTTPStatus.NOT_MODIFIED:
        return None, None
    error = wire.parse_answer(call, answer).get("Error", {})
    return str(error.get("Code") or answer[0]), str(error.get("Message", ""))


def _is_html(headers: Iterable[tuple[str, str]]) -> bool:
    return any(name.lower() == "content-type" and value.startswith("text/html") for name, value in headers)


def _json(status: int, document: object) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps(document, default=str).encode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
