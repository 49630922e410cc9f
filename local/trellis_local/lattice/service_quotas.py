"""The quotas of VPC Lattice as the Service Quotas API shows them, with the values that are configured.

It answers questions; quotas are raised with `configuration.reconfigure`, not with RequestServiceQuotaIncrease.
"""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .configuration import current

SERVICE_CODE = "vpc-lattice"
Document = dict[str, Any]
Request = Mapping[str, Any]

# VPC Lattice User Guide, "Quotas for Amazon VPC Lattice". All of them can be adjusted.
_NAMES: Mapping[str, str] = {
    quotas.CHILDREN_PER_GROUP: "Child resource configurations per resource configuration",
    quotas.DOMAIN_VERIFICATIONS: "Domain verifications",
    quotas.LISTENERS_PER_SERVICE: "Listeners per service",
    quotas.RESOURCE_CONFIGURATIONS_PER_NETWORK: "Resource configurations per service network",
    quotas.RESOURCE_CONFIGURATIONS: "Resource configurations",
    quotas.RESOURCE_GATEWAYS_PER_VPC: "Resource gateways per VPC",
    quotas.RULES_PER_LISTENER: "Rules per listener",
    quotas.SERVICE_ASSOCIATIONS_PER_NETWORK: "Service associations per service network",
    quotas.SERVICE_NETWORKS: "Service networks per Region",
    quotas.SERVICES: "Services per Region",
    quotas.TARGET_GROUPS: "Target groups per Region",
    quotas.TARGET_GROUPS_PER_SERVICE: "Target groups per service",
    quotas.TARGETS_PER_TARGET_GROUP: "Targets per target group",
    quotas.VPC_ASSOCIATIONS_PER_NETWORK: "VPC associations per service network",
    quotas.ENDPOINTS_PER_NETWORK: "Service network endpoints per service network",
}


def list_service_quotas(request: Request, *, account: str, region: str) -> Document:
    """The quotas that apply to the account."""
    return _page(request, [_quota(code, account=account, region=region) for code in _known_codes()])


def list_aws_default_service_quotas(request: Request, *, account: str, region: str) -> Document:
    """The quotas that an account has before it asks for more; the same for every account."""
    return _page(request, [_default_quota(code, region=region) for code in _known_codes()])


def get_service_quota(request: Request, *, account: str, region: str) -> Document | None:
    """One quota of the account; None when there is no such code."""
    code = request["QuotaCode"]
    return {"Quota": _quota(code, account=account, region=region)} if code in _known_codes() else None


def get_aws_default_service_quota(request: Request, *, account: str, region: str) -> Document | None:
    """One default quota; None when there is no such code."""
    code = request["QuotaCode"]
    return {"Quota": _default_quota(code, region=region)} if code in _known_codes() else None


OPERATIONS = (
    list_service_quotas,
    list_aws_default_service_quotas,
    get_service_quota,
    get_aws_default_service_quota,
)


def _known_codes() -> list[str]:
    return [code for code in _NAMES if code in current().quotas]


def _quota(code: str, *, account: str, region: str) -> Document:
    arn = f"arn:aws:servicequotas:{region}:{account}:{SERVICE_CODE}/{code}"
    return {**_default_quota(code, region=region), "QuotaArn": arn, "Value": float(current().quotas[code])}


def _default_quota(code: str, *, region: str) -> Document:
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": "Amazon VPC Lattice",
        "QuotaArn": f"arn:aws:servicequotas:{region}::{SERVICE_CODE}/{code}",
        "QuotaCode": code,
        "QuotaName": _NAMES[code],
        "Value": float(quotas.DEFAULT_QUOTAS[code]),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _page(request: Request, items: list[Document]) -> Document:
    start = int(request.get("NextToken", 0))
    end = start + request.get("MaxResults", len(items))
    return {"Quotas": items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})
