"""What VPC Lattice allows: quotas with their codes in Service Quotas, and limits that nobody can raise."""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas, by default as large as in a new account."""

    value: int
    code: str
    what: str

    def of(self, value: int) -> "Quota":
        """The same quota in an account that was given another value."""
        return replace(self, value=value)

    def exceeded(self) -> str:
        """What a condition says when the quota leaves no room."""
        return f"VPC Lattice allows {self.value} {self.what} (quota {self.code}, which AWS can raise)"


@dataclass(frozen=True)
class Quotas:
    """The quotas of an account that decide what of a route fits."""

    rules: Quota = Quota(10, "L-CF78395E", "rules per listener; each match takes one, each path prefix but `/` two")
    listeners: Quota = Quota(2, "L-D64E952E", "listeners per service")
    target_groups: Quota = Quota(10, "L-3DEC3B9F", "target groups per service")
    targets: Quota = Quota(1000, "L-D71303F3", "targets per target group")


DEFAULT_QUOTAS = Quotas()

TARGET_GROUPS_PER_RULE = 10
HEADERS_PER_RULE = 5
MAX_WEIGHT = 999
MAX_PATH = 200
MAX_HEADER_NAME = 100
MAX_HEADER_VALUE = 200
MAX_METHOD = 16
MAX_TAG_VALUE = 256
PRIORITY_STEP = 10
MAX_PRIORITY = 2000

PATH = re.compile(r"/[a-zA-Z0-9@:%_+.~#?&/=-]*")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Header names and methods, as RFC 9110 has them."""

NETWORK_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
