"""Turns calls that change something into the events that a CloudTrail trail sends to EventBridge.

Management events only, failed and refused calls included, in the order of the call log, never inside of the caller's
request. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import logging
import queue
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from trellis_local.aws import moto_seam as moto
from trellis_local.aws import wire
from trellis_local.aws.call_kinds import is_data_event
from trellis_local.aws.cloudtrail_shapes import request_parameters, response_elements
from trellis_local.aws.gateway import CompletedCall
from trellis_local.aws.identity import Principal

Event = dict[str, Any]
Publish = Callable[[Event], object]
EventsOf = Callable[[CompletedCall], Iterable[Event]]

_LOG = logging.getLogger(__name__)
# Global services record their events here, whatever region the client is in.
_GLOBAL_REGION = "us-east-1"
_GLOBAL_SERVICES = ("iam", "route53")
# Lambda DG logging-using-cloudtrail.html: these events carry the version of the API.
_EVENT_NAMES = {
    ("lambda", "CreateFunction"): "CreateFunction20150331",
    ("lambda", "DeleteFunction"): "DeleteFunction20150331",
    ("lambda", "UpdateFunctionCode"): "UpdateFunctionCode20150331v2",
    ("lambda", "UpdateFunctionConfiguration"): "UpdateFunctionConfiguration20150331v2",
    ("lambda", "AddPermission"): "AddPermission20150331v2",
    ("lambda", "RemovePermission"): "RemovePermission20150331v2",
    ("lambda", "CreateEventSourceMapping"): "CreateEventSourceMapping20150331",
    ("lambda", "UpdateEventSourceMapping"): "UpdateEventSourceMapping20150331",
    ("lambda", "DeleteEventSourceMapping"): "DeleteEventSourceMapping20150331",
    ("lambda", "PublishLayerVersion"): "PublishLayerVersion20181031",
    ("lambda", "PublishVersion"): "PublishVersion20150331",
    ("lambda", "TagResource"): "TagResource20170331v2",
    ("lambda", "UntagResource"): "UntagResource20170331v2",
}


class Trail:
    """Publishes events from a thread of its own; give `observe` to the endpoint's `on_completed`.

    `events_of` is asked within the call, and gives CloudTrail's record if not given; what it returns is gone through
    in the thread.
    """

    def __init__(self, publish: Publish, events_of: EventsOf | None = None, *, name: str = "cloudtrail") -> None:
        self._publish = publish
        self._events_of = events_of or _recorded
        self._calls: queue.Queue[Iterable[Event] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what is waiting, and end."""
        self._calls.put(None)
        self._thread.join(timeout=10)

    def flush(self) -> None:
        """Wait until every call that was observed so far is published."""
        self._calls.join()

    def observe(self, completed: CompletedCall) -> None:
        """Take note of a call."""
        if is_management_write(completed):
            self._calls.put(self._events_of(completed))

    def _run(self) -> None:
        while True:
            events = self._calls.get()
            try:
                if events is None:
                    return
                for event in events:
                    self._publish(event)
            except Exception:  # noqa: BLE001 - a thread's entry point: one bad event must not end the trail
                _LOG.exception("an event of %s was lost", self._thread.name)
            finally:
                self._calls.task_done()


def _recorded(completed: CompletedCall) -> Iterator[Event]:
    yield event_of(completed)


def is_management_write(completed: CompletedCall) -> bool:
    """Whether the call belongs in the trail."""
    call = completed.call
    return not call.read_only and not is_data_event(call.service, call.operation)


def event_of(completed: CompletedCall) -> Event:
    """The EventBridge event of a call."""
    call = completed.call
    detail = record_of(completed)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{call.service}",
        "account": completed.wire.api.account,
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": detail,
    }


def record_of(completed: CompletedCall) -> Event:
    """The CloudTrail record of a call."""
    call, request = completed.call, completed.wire
    failed = call.error_code is not None
    answer = {} if failed else wire.parse_answer(request, completed.answer)
    record: Event = {
        "eventVersion": "1.11",
        "userIdentity": _user_identity(completed.principal, request.credential.access_key_id),
        "eventTime": datetime.fromtimestamp(call.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{request.credential.service}.amazonaws.com",
        "eventName": _EVENT_NAMES.get((call.service, call.operation), call.operation),
        "awsRegion": _GLOBAL_REGION if call.service in _GLOBAL_SERVICES else call.region,
        "sourceIPAddress": request.source_ip,
        "userAgent": request.user_agent,
        "requestParameters": request_parameters(request),
        "responseElements": None if failed else response_elements(request, answer, completed.answer[2]),
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": request.api.account,
        "eventCategory": "Management",
    }
    if failed:
        record["errorCode"] = _error_code(call.service, call.error_code or "")
        record["errorMessage"] = completed.error_message or ""
    return record


def _error_code(service: str, code: str) -> str:
    if service == "ec2":
        return f"Server.{code}" if code.startswith("Internal") else f"Client.{code}"
    return "AccessDenied" if code == "AccessDeniedException" else code


def _user_identity(principal: Principal, access_key_id: str) -> Event:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    identity: Event = {
        "type": principal.type,
        "principalId": principal.principal_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": access_key_id,
    }
    if principal.role_arn is None:
        return {**identity, "userName": principal.user_name}
    session = moto.assumed_role(access_key_id)
    created = datetime.now(UTC) if session is None else moto.session_created(session)
    identity["sessionContext"] = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal.principal_id.split(":", maxsplit=1)[0],
            "arn": principal.role_arn,
            "accountId": principal.account,
            "userName": principal.role_arn.rsplit("/", 1)[-1],
        },
        "webIdFederationData": {},
        "attributes": {"creationDate": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"},
    }
    return identity
