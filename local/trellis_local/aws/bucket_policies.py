"""Bucket policies for everybody, with their conditions.

moto takes a Deny whose condition does not hold for a Deny. As with moto, only statements about everybody count; who
calls is judged by the caller's own policies.
"""

from collections.abc import Callable
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from trellis_local.aws import moto_seam as moto
from trellis_local.iam.evaluator import Access, Verdict, evaluate, parse_policy

SECURE_TRANSPORT = "aws:securetransport"
OVER_TLS = {SECURE_TRANSPORT: ("true",)}
"""The loopback port stands for AWS' own, which callers reach over TLS; policies decide as they would there."""

_EVERYBODY = (("AWS", "*"),)
_RESULTS = {
    Verdict.ALLOWED: PermissionResult.PERMITTED,
    Verdict.DENIED: PermissionResult.DENIED,
    Verdict.NOT_ALLOWED: PermissionResult.NEUTRAL,
}


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    return moto.replace(FakeBucket, "get_permission", _permission)


def _permission(bucket: Any, action: str, resource: str) -> Any:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    statements = [item for item in parse_policy(bucket.policy.decode()) if item.principals == _EVERYBODY]
    return _RESULTS[evaluate(statements, Access(action, resource, OVER_TLS))]
