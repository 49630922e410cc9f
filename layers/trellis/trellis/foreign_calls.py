"""What Trellis reads in CloudTrail's record of somebody else's call: who touched which resources, and when.

Each API puts ids elsewhere in its payload (ModifySecurityGroupRules even wraps its parameters), so ids are recognised
by their form, wherever they are. Only roles and records of DNS have no such form: they count where a member says so,
roles in an ARN too. Whose the resources are is looked up; nothing else of an event is believed.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError
from trellis.model import AUTH_POLICY_TAG, NETWORKS_OF_OTHERS, auth_id, name_id
from trellis.observability import problems

# VPC Lattice: prefix and 17 hexadecimal digits; EC2: 8 or 17 digits; Route 53: Z and capitals or digits; associations
# of EKS Pod Identity: 17 letters or digits.
_IDS = re.compile(
    r"\b(?:(?:svc|sn|snsa|snva|tg|listener|rule)-[0-9a-f]{17}"
    r"|(?:sg|sgr|vpc)-(?:[0-9a-f]{17}|[0-9a-f]{8})"
    r"|Z[0-9A-Z]{12,31}"
    r"|a-[0-9a-z]{17})\b"
)
_ROLE_ARN = re.compile(r"\barn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SHARES = "ram.amazonaws.com"

_RECORDS = "route53:ChangeResourceRecordSets"
_MOST_NAMES = 50
"""Whose each is costs a query; a change of more records is one of their zone."""

_ABOUT_AUTH = frozenset({"vpc-lattice:PutAuthPolicy", "vpc-lattice:DeleteAuthPolicy"})
_PERHAPS_ABOUT_AUTH = {
    "vpc-lattice:UpdateService": "authType",
    "vpc-lattice:UpdateServiceNetwork": "authType",
    "vpc-lattice:TagResource": AUTH_POLICY_TAG,
    "vpc-lattice:UntagResource": AUTH_POLICY_TAG,
}
"""Calls that are about auth where the record has this word."""


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
    def is_about_records(self) -> bool:
        """Whether records of a hosted zone were changed."""
        return self.call == _RECORDS

    @property
    def touched(self) -> frozenset[str]:
        """The ids of all resources that the record names; roles by their names and, where given, their ARNs too.

        The auth of a service or network is a resource of its own. A change of a zone's records touches those alone. A
        record of AWS RAM that names no network may be about any that another account shares.
        """
        parameters = self.detail.requestParameters or {}
        names = set(_names_of_records(parameters)) if self.is_about_records else set()
        if 0 < len(names) <= _MOST_NAMES:
            # The name of the ownership record of an association has the id of the VPC.
            return frozenset(map(name_id, names)) | frozenset(_ids([*names]))
        if self.call in _ABOUT_AUTH:
            # The policy itself names ids too, and those are not touched.
            return _auth(_ids(parameters.get("resourceIdentifier")))
        found = frozenset(_ids(parameters)) | frozenset(_ids(self.detail.responseElements))
        if self.detail.eventSource == _SHARES and not any(touched.startswith("sn-") for touched in found):
            return found | {NETWORKS_OF_OTHERS}
        word = _PERHAPS_ABOUT_AUTH.get(self.call)
        return found | _auth(found) if word and _mentions(parameters, word) else found


def parse_foreign_call(event: dict[str, Any]) -> ForeignCall:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        return ForeignCall.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(problems(error)) from error


def ids_in(text: str) -> Iterator[str]:
    """The ids in a text such as an ARN; for the ARN of a role, the role's name too."""
    # Where an ARN is part of a request's path, CloudTrail may write it as it was there.
    plain = unquote(text)
    yield from _IDS.findall(plain)
    for arn in _ROLE_ARN.findall(plain):
        yield arn
        yield arn.rpartition("/")[2]


def _names_of_records(parameters: dict[str, Any]) -> Iterator[str]:
    batch = parameters.get("changeBatch")
    changes = batch.get("changes") if isinstance(batch, dict) else None
    for change in changes if isinstance(changes, list) else ():
        record = change.get("resourceRecordSet") if isinstance(change, dict) else None
        name = record.get("name") if isinstance(record, dict) else None
        if isinstance(name, str):
            yield name


def _mentions(parameters: dict[str, Any], word: str) -> bool:
    """Whether a word is in the parameters of a call, or may be where CloudTrail hides something."""
    text = json.dumps(parameters)
    return word in text or _HIDDEN in text


def _auth(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(auth_id(found) for found in ids if found.startswith(("svc-", "sn-")))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from ids_in(key)
            yield from _ids(member)
        if isinstance(role := value.get("roleName"), str) and role:
            yield role
    elif isinstance(value, list):
        for member in value:
            yield from _ids(member)
    elif isinstance(value, str):
        yield from ids_in(value)
