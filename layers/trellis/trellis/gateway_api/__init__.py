"""Kubernetes objects -> intent -> desired, and back to status: pure functions, the same result for the same objects.

Nothing here reads a cluster, AWS, a clock or the environment. What VPC Lattice cannot do is refused with a condition
that names the field; nothing is dropped in silence, and one malformed object never stands in the way of others.
"""

from trellis.gateway_api.allowed_hostnames import AllowedHostnames, parse_allowed_hostnames
from trellis.gateway_api.conditions import CONTROLLER, Condition
from trellis.gateway_api.desired import build_desired
from trellis.gateway_api.doubt import services_in_doubt
from trellis.gateway_api.intent import build_intent
from trellis.gateway_api.intent_model import Intent
from trellis.gateway_api.limits import Quotas
from trellis.gateway_api.results import (
    CertificateResult,
    NameResult,
    NetworkResult,
    PolicyResult,
    Results,
    ServiceResult,
)
from trellis.gateway_api.snapshot import Malformed, Snapshot, parse_snapshot
from trellis.gateway_api.status import DOMAIN_ANNOTATION, ObjectStatus, build_status
from trellis.gateway_api.status_merging import merge_status
from trellis.gateway_api.trim import trim, trim_service_account

__all__ = [
    "CONTROLLER",
    "DOMAIN_ANNOTATION",
    "AllowedHostnames",
    "CertificateResult",
    "Condition",
    "Intent",
    "Malformed",
    "NameResult",
    "NetworkResult",
    "ObjectStatus",
    "PolicyResult",
    "Quotas",
    "Results",
    "ServiceResult",
    "Snapshot",
    "build_desired",
    "build_intent",
    "build_status",
    "merge_status",
    "parse_allowed_hostnames",
    "parse_snapshot",
    "services_in_doubt",
    "trim",
    "trim_service_account",
]
