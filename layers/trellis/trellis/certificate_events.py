"""What Trellis reads in events about certificates: which ones, what happened, and who says so.

ACM tells of what it does and of what expires; CloudTrail tells of calls, such as another import under the same ARN;
tags change. What a certificate is like is read again, whatever an event says of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError
from trellis.foreign_calls import parse_foreign_call
from trellis.model import is_certificate_arn
from trellis.observability import problems
from trellis.unsigned_changes import TAG_CHANGE

OF_ACM = "ACM Certificate "
"""How the types of ACM's own events begin:
https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html"""


@dataclass(frozen=True)
class CertificateEvent:
    """An event about certificates; `actor` is empty when it does not say who it was."""

    id: str
    call: str
    actor: str
    time: str
    arns: frozenset[str]


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    type: str = Field(alias="detail-type", min_length=1)
    time: str = Field(min_length=1)
    resources: list[str] = Field(default_factory=list)


def parse_certificate_event(event: dict[str, Any]) -> CertificateEvent:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        found = _Envelope.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(problems(error)) from error
    arns = frozenset(arn for arn in found.resources if is_certificate_arn(arn))
    if found.type.startswith(OF_ACM):
        call = f"acm:{found.type.removeprefix(OF_ACM).replace(' ', '')}"
        return CertificateEvent(found.id, call, "acm.amazonaws.com", found.time, arns)
    if found.type == TAG_CHANGE:
        return CertificateEvent(found.id, "", "", found.time, arns)
    return _called(event)


def _called(event: dict[str, Any]) -> CertificateEvent:
    call = parse_foreign_call(event)
    record = call.detail
    arns = frozenset([*_arns(record.requestParameters), *_arns(record.responseElements)])
    return CertificateEvent(call.id, call.call, call.actor, record.eventTime, arns)


def _arns(parameters: dict[str, Any] | None) -> Iterator[str]:
    arn = (parameters or {}).get("certificateArn")
    if isinstance(arn, str) and is_certificate_arn(arn):
        yield arn
