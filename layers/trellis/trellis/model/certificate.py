"""A certificate of AWS Certificate Manager."""

import re
from dataclasses import dataclass
from datetime import datetime

_ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-z-]+")


@dataclass(frozen=True)
class Certificate:
    """A certificate as ACM lists it; times are aware.

    `names` are the subject alternative names or, without any, the common name. `status`, `type` and `key_algorithm` are
    ACM's words. `since` is when it was issued or imported. `is_left_out` when its tags say that it is not to be found.
    """

    arn: str
    names: tuple[str, ...]
    status: str
    key_algorithm: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    since: datetime | None = None
    type: str = ""
    extended_key_usages: tuple[str, ...] = ()
    is_left_out: bool = False


def is_certificate_arn(text: str) -> bool:
    """Whether a text has the form of a certificate's ARN."""
    return _ARN.fullmatch(text) is not None
