"""The service quotas of VPC Lattice by their Service Quotas codes, and the error for exceeding one.

Quotas per account and region, or per parent, as the VPC Lattice User Guide prints them under "Quotas".
"""

from collections.abc import Mapping

from .errors import ServiceQuotaExceededException

LISTENERS_PER_SERVICE = "L-D64E952E"
RULES_PER_LISTENER = "L-CF78395E"
SERVICE_ASSOCIATIONS_PER_NETWORK = "L-75D4A19E"
SERVICE_NETWORKS = "L-9CAD07FB"
SERVICES = "L-620C821E"
TARGET_GROUPS = "L-BB11C6B9"
TARGET_GROUPS_PER_SERVICE = "L-3DEC3B9F"
TARGETS_PER_TARGET_GROUP = "L-D71303F3"
VPC_ASSOCIATIONS_PER_NETWORK = "L-EF6E2D62"

DEFAULT_QUOTAS: Mapping[str, int] = {
    LISTENERS_PER_SERVICE: 2,
    RULES_PER_LISTENER: 10,
    SERVICE_ASSOCIATIONS_PER_NETWORK: 500,
    SERVICE_NETWORKS: 50,
    SERVICES: 2000,
    TARGET_GROUPS: 500,
    TARGET_GROUPS_PER_SERVICE: 10,
    TARGETS_PER_TARGET_GROUP: 1000,
    VPC_ASSOCIATIONS_PER_NETWORK: 500,
}

_RESOURCE_TYPE: Mapping[str, str] = {
    LISTENERS_PER_SERVICE: "LISTENER",
    RULES_PER_LISTENER: "RULE",
    SERVICE_ASSOCIATIONS_PER_NETWORK: "SERVICE_NETWORK_SERVICE_ASSOCIATION",
    SERVICE_NETWORKS: "SERVICE_NETWORK",
    SERVICES: "SERVICE",
    TARGET_GROUPS: "TARGET_GROUP",
    TARGET_GROUPS_PER_SERVICE: "TARGET_GROUP",
    TARGETS_PER_TARGET_GROUP: "TARGET",
    VPC_ASSOCIATIONS_PER_NETWORK: "SERVICE_NETWORK_VPC_ASSOCIATION",
}


def check_quota(code: str, *, wanted: int, limits: Mapping[str, int], parent_id: str | None = None) -> None:
    """Raise ServiceQuotaExceededException when `wanted` resources are more than the quota allows."""
    if wanted <= limits[code]:
        return
    resource_type = _RESOURCE_TYPE[code]
    raise ServiceQuotaExceededException(
        f"Limit exceeded for {resource_type}: the quota {code} allows {limits[code]}.",
        resource_type=resource_type,
        quota_code=code,
        resource_id=parent_id,
    )
