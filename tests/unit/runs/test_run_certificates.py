"""Certificates in the course of a run: when ACM is read, and what is done when it cannot be."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from run_tools import toolbox

from trellis.gateway_api.intent_model import Intent, ParentIntent, RouteIntent, ServiceIntent
from trellis.runs.certificates import choose_certificates

NOW = datetime(2026, 11, 2, tzinfo=UTC)
HOST = "datastore.lattice-test.io"
ARN = "arn:aws:acm:us-west-2:111122223333:certificate/5f2d1c9e-8a47-4c0b-9d1e-3b6a7f0c2d48"


class Pages:
    def __init__(self, member: str, items: list[Any], error: Exception | None) -> None:
        self.member, self.items, self.error = member, items, error

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        return [{self.member: [item]} for item in self.items]


class Aws:
    """ACM with these certificates, and a tagging API that leaves some out; it counts what is asked."""

    class exceptions:  # noqa: N801 - as boto3 has it
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, *listed: dict[str, Any], error: Exception | None = None, left_out: tuple[str, ...] = ()) -> None:
        self.listed, self.error, self.left_out = list(listed), error, left_out
        self.asked: list[str] = []

    def get_paginator(self, operation: str) -> Pages:
        self.asked.append(operation)
        if operation == "get_resources":
            return Pages("ResourceTagMappingList", [{"ResourceARN": arn} for arn in self.left_out], None)
        return Pages("CertificateSummaryList", self.listed, self.error)

    def describe_certificate(self, **_: str) -> dict[str, Any]:
        self.asked.append("describe_certificate")
        summary = {"RenewalStatus": "PENDING_VALIDATION", "RenewalStatusReason": "CAA_ERROR"}
        return {"Certificate": {"SubjectAlternativeNames": ["x.example.com", HOST], "RenewalSummary": summary}}


def listed(*, days: int = 100, **more: Any) -> dict[str, Any]:
    usual = {
        "CertificateArn": ARN,
        "SubjectAlternativeNameSummaries": [HOST],
        "Status": "ISSUED",
        "KeyAlgorithm": "RSA_2048",
        "Type": "AMAZON_ISSUED",
        "NotBefore": NOW - timedelta(days=10),
        "NotAfter": NOW + timedelta(days=days),
    }
    return {**usual, **more}


def intent(certificates: tuple[str, ...] | None = ()) -> Intent:
    service = ServiceIntent("store", "apps", HOST, (), (), "HTTPRoute apps/datastore", certificates)
    parent = ParentIntent({"name": "g"}, ("apps", "g"), accepted=True, conditions=(), services=("store",))
    return Intent("blue", services=(service,), routes=(RouteIntent("apps", "datastore", 1, (parent,)),))


def chosen(aws: Aws, found: Intent | None = None) -> Any:
    clients = SimpleNamespace(acm=aws, tagging=aws)
    return choose_certificates(toolbox(clients=clients, now=NOW.timestamp), found or intent())


def test_acm_is_not_asked_where_no_listener_needs_a_certificate() -> None:
    aws = Aws(listed())
    assert chosen(aws, intent(None)).lines({}) == []
    assert aws.asked == []


def test_one_list_is_all_that_is_read_for_a_certificate_that_is_far_from_its_end() -> None:
    aws = Aws(listed())
    assert chosen(aws).arns == {"store": ARN}
    assert sorted(aws.asked) == ["get_resources", "list_certificates"]


def test_what_the_list_leaves_out_of_many_names_is_read() -> None:
    many = {"SubjectAlternativeNameSummaries": ["x.example.com"], "HasAdditionalSubjectAlternativeNames": True}
    assert chosen(Aws(listed(**many))).arns == {"store": ARN}


def test_without_alternative_names_the_common_name_counts() -> None:
    assert chosen(Aws(listed(SubjectAlternativeNameSummaries=[], DomainName=HOST))).arns == {"store": ARN}


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListCertificates")


@pytest.mark.parametrize("error", [DENIED, ConnectTimeoutError(endpoint_url="https://acm")])
def test_what_cannot_be_read_leaves_the_certificate_and_is_told(error: Exception) -> None:
    found = chosen(Aws(error=error))
    assert found.arns == {"store": None}
    (line,) = found.lines({"store": ARN})
    assert (line["arn"], line["ready"], line["reason"]) == (ARN, False, "CertificatesUnreadable")
    (refusal,) = found.refused()
    assert refusal["resource"] == f"certificate for {HOST} of HTTPRoute apps/datastore"


def test_how_a_renewal_stands_is_asked_of_those_that_end_soon() -> None:
    (line,) = chosen(Aws(listed(days=20))).lines({})
    assert line["renewal"] == "PENDING_VALIDATION: CAA_ERROR"
    (line,) = chosen(Aws(listed(days=20, Type="IMPORTED"))).lines({})
    assert line["renewal"] == ""


def test_an_expired_one_that_the_service_has_is_still_told_of() -> None:
    (line,) = chosen(Aws(listed(days=-1, Status="EXPIRED"))).lines({"store": ARN})
    assert (line["arn"], line["status"], line["reason"]) == (ARN, "EXPIRED", "CertificateExpired")


@pytest.mark.parametrize(("status", "told"), [("REVOKED", ARN), ("EXPIRED", ARN), ("PENDING_VALIDATION", "")])
def test_one_that_has_ended_before_the_service_got_it_is_told_of_where_it_is_named(status: str, told: str) -> None:
    (line,) = chosen(Aws(listed(Status=status)), intent((ARN,))).lines({})
    assert (line["arn"], line["ready"]) == (told, False)


def test_what_is_left_out_by_its_tag_is_not_found() -> None:
    assert chosen(Aws(listed(), left_out=(ARN,))).arns == {"store": None}
    assert chosen(Aws(listed(), left_out=(ARN,)), intent((ARN,))).arns == {"store": ARN}


def test_an_event_finds_the_service_by_arn_and_by_the_names_that_would_do() -> None:
    owned = chosen(Aws(listed())).inventory({"store": "arn:old"})
    keys = (ARN, "arn:old", f"tls:{HOST}", "tls:*.lattice-test.io")
    assert owned == {key: {"apply_service/store"} for key in keys}
