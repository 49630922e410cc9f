"""What VPC Lattice allows: quotas with their codes in Service Quotas, and limits that nobody can raise.

The quotas are the defaults of an account. A cluster whose account was given more still gets the default from Trellis.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas: its default and its code."""

    value: int
    code: str
    what: str

    def exceeded(self) -> str:
        """What a condition says when the quota leaves no room."""
        return f"VPC Lattice allows {self.value} {self.what} (quota {self.code}, which AWS can raise)"


RULES_PER_LISTENER = Quota(10, "L-CF78395E", "rules per listener; each match takes one, each path prefix but `/` two")
LISTENERS_PER_SERVICE = Quota(2, "L-D64E952E", "listeners per service")
TARGET_GROUPS_PER_SERVICE = Quota(10, "L-3DEC3B9F", "target groups per service")
TARGETS_PER_TARGET_GROUP = Quota(1000, "L-D71303F3", "targets per target group")

TARGET_GROUPS_PER_RULE = 10
HEADERS_PER_RULE = 5
MAX_WEIGHT = 999
MAX_PATH = 200
MAX_HEADER_NAME = 100
MAX_HEADER_VALUE = 200
MAX_METHOD = 16
MAX_TAG_VALUE = 256
PRIORITY_STEP = 10

PATH = re.compile(r"/[a-zA-Z0-9@:%_+.~#?&/=-]*")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Header names and methods, as RFC 9110 has them."""

NETWORK_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
