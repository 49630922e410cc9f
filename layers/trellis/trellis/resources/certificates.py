"""Reads the certificates of ACM: everything that has to be known to choose among them is in its list.

The list is read when some HTTPS listener serves a custom domain name, and at no other time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis.model import Certificate

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_acm.type_defs import FiltersTypeDef
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

MANAGED_TAG = "trellis:managed"
"""On a certificate, with the value `false`: it is not found by hostname. A listener may still name it."""

# Without this filter ACM lists certificates with RSA keys of 1024 and 2048 bits only, and those that VPC Lattice does
# not take would look as if they did not exist.
_ALL_KEYS: "FiltersTypeDef" = {
    "keyTypes": [
        "RSA_1024",
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "EC_prime256v1",
        "EC_secp384r1",
        "EC_secp521r1",
    ]
}


@dataclass(frozen=True)
class ReadCertificates:
    """What ACM has, or why that is not known."""

    found: tuple[Certificate, ...] = ()
    unreadable: str = ""


def read_certificates(acm: "ACMClient", tagging: "ResourceGroupsTaggingAPIClient") -> ReadCertificates:
    """All certificates of the account and region; never raises for what AWS answers or does not."""
    try:
        left_out = frozenset(_left_out(tagging))
        return ReadCertificates(tuple(_certificates(acm, left_out)))
    except (ClientError, BotoCoreError) as error:
        return ReadCertificates(unreadable=f"certificates could not be read: {error}")


def names_of(acm: "ACMClient", arn: str) -> tuple[str, ...]:
    """The names of one certificate; empty when it is gone or was never issued. Raises ClientError."""
    try:
        return _names(acm.describe_certificate(CertificateArn=arn)["Certificate"], "SubjectAlternativeNames")
    except acm.exceptions.ResourceNotFoundException:
        return ()


def renewal_of(acm: "ACMClient", arn: str) -> str:
    """How ACM's own renewal of a certificate stands, in its words; empty when it does not try, or is not known."""
    try:
        summary = acm.describe_certificate(CertificateArn=arn)["Certificate"].get("RenewalSummary")
    except (ClientError, BotoCoreError):
        return ""
    if not summary:
        return ""
    reason = summary.get("RenewalStatusReason")
    return f"{summary['RenewalStatus']}: {reason}" if reason else summary["RenewalStatus"]


def _certificates(acm: "ACMClient", left_out: frozenset[str]) -> Iterator[Certificate]:
    for page in acm.get_paginator("list_certificates").paginate(Includes=_ALL_KEYS):
        for item in page["CertificateSummaryList"]:
            yield _certificate(acm, item, left_out)


def _certificate(acm: "ACMClient", item: Mapping[str, Any], left_out: Iterable[str]) -> Certificate:
    # The list shows the first hundred names only.
    more = names_of(acm, item["CertificateArn"]) if item.get("HasAdditionalSubjectAlternativeNames") else ()
    return Certificate(
        arn=item["CertificateArn"],
        names=more or _names(item, "SubjectAlternativeNameSummaries"),
        status=item.get("Status", ""),
        key_algorithm=item.get("KeyAlgorithm", "").replace("-", "_"),
        not_before=item.get("NotBefore"),
        not_after=item.get("NotAfter"),
        since=item.get("IssuedAt") or item.get("ImportedAt") or item.get("CreatedAt"),
        type=item.get("Type", ""),
        extended_key_usages=tuple(item.get("ExtendedKeyUsages", ())),
        is_left_out=item["CertificateArn"] in left_out,
    )


def _names(item: Mapping[str, Any], member: str) -> tuple[str, ...]:
    """VPC Lattice looks at the common name only where there are no alternative ones."""
    return tuple(item.get(member) or ([item["DomainName"]] if item.get("DomainName") else ()))


def _left_out(tagging: "ResourceGroupsTaggingAPIClient") -> Iterator[str]:
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": MANAGED_TAG, "Values": ["false"]}], ResourceTypeFilters=["acm:certificate"]
    )
    yield from (item["ResourceARN"] for page in pages for item in page["ResourceTagMappingList"])
