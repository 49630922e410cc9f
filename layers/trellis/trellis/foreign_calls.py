"""What Trellis reads in CloudTrail's record of somebody else's call: who touched which resources, and when.

Each API puts ids elsewhere in its payload (ModifySecurityGroupRules even wraps its parameters), so ids are recognised
by their form, wherever they are. Whose they are is looked up; nothing else of a record is believed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError
from trellis.model import auth_id

# VPC Lattice: prefix and 17 hexadecimal digits; EC2: 8 or 17 digits; Route 53: Z and capitals or digits.
_IDS = re.compile(
    r"\b(?:(?:svc|sn|snsa|snva|tg|listener|rule)-[0-9a-f]{17}"
    r"|(?:sg|sgr|vpc)-(?:[0-9a-f]{17}|[0-9a-f]{8})"
    r"|Z[0-9A-Z]{12,31})\b"
)

_ABOUT_AUTH = frozenset({"vpc-lattice:PutAuthPolicy", "vpc-lattice:DeleteAuthPolicy"})
_PERHAPS_ABOUT_AUTH = frozenset(
    f"vpc-lattice:{name}" for name in ("UpdateService", "UpdateServiceNetwork", "TagResource", "UntagResource")
)


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Identity(_Lenient):
    arn: str = ""
    invokedBy: str = ""  # noqa: N815 - CloudTrail's spelling
    principalId: str = ""  # noqa: N815


class _Record(_Lenient):
    eventSource: str = Field(pattern=r"^[a-z0-9-]+\.amazonaws\.com$")  # noqa: N815
    eventName: str = Field(min_length=1)  # noqa: N815
    eventTime: str = Field(min_length=1)  # noqa: N815
    userIdentity: _Identity  # noqa: N815
    requestParameters: dict[str, Any] | None = None  # noqa: N815
    responseElements: dict[str, Any] | None = None  # noqa: N815


class ForeignCall(_Lenient):
    """An EventBridge event about a call that changed something, by somebody else than Trellis."""

    id: str = Field(min_length=1)
    detail: _Record

    @property
    def call(self) -> str:
        """The call as IAM writes its action, such as `vpc-lattice:UpdateRule`."""
        return f"{self.detail.eventSource.removesuffix('.amazonaws.com')}:{self.detail.eventName}"

    @property
    def actor(self) -> str:
        """Who called: an ARN, else the AWS service, else the principal's id."""
        identity = self.detail.userIdentity
        return identity.arn or identity.invokedBy or identity.principalId or "unknown"

    @property
    def touched(self) -> frozenset[str]:
        """The ids of all resources that the record names; the auth of a service or network is one of its own."""
        parameters = self.detail.requestParameters or {}
        if self.call in _ABOUT_AUTH:
            # The policy itself names ids too, and those are not touched.
            return _auth(_ids(parameters.get("resourceIdentifier")))
        ids = frozenset(_ids(parameters)) | frozenset(_ids(self.detail.responseElements))
        return ids | _auth(ids) if self.call in _PERHAPS_ABOUT_AUTH else ids


def parse_foreign_call(event: dict[str, Any]) -> ForeignCall:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        return ForeignCall.model_validate(event)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise InvalidEventError(places) from error


def _auth(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(auth_id(found) for found in ids if found.startswith(("svc-", "sn-")))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _ids(key)
            yield from _ids(member)
    elif isinstance(value, list):
        for member in value:
            yield from _ids(member)
    elif isinstance(value, str):
        yield from _IDS.findall(value)
