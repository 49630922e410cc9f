"""ACM on the local stack: its list, what is in use, and the events that it sends as time goes by."""

from datetime import timedelta

import pytest
from acm_calls import NAME, REGION, SERVICE, Acm, at
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from trellis_local.aws import acm_bundles
from trellis_local.dataplane.certificates import Authority


def test_the_list_has_what_the_api_documents(acm: Acm) -> None:
    arn = acm.imported()
    (found,) = acm.client.list_certificates()["CertificateSummaryList"]
    assert (found["CertificateArn"], found["SubjectAlternativeNameSummaries"]) == (arn, [NAME])
    assert (found["InUse"], found["HasAdditionalSubjectAlternativeNames"]) == (False, False)


def test_the_list_comes_in_pages(acm: Acm) -> None:
    arns = {acm.imported(f"{number}.example.com") for number in range(3)}
    pages = list(acm.client.get_paginator("list_certificates").paginate(MaxItems=2))
    assert [len(page["CertificateSummaryList"]) for page in pages] == [2, 1]
    assert {item["CertificateArn"] for page in pages for item in page["CertificateSummaryList"]} == arns


def test_keys_that_were_not_asked_for_are_not_listed(acm: Acm, monkeypatch: pytest.MonkeyPatch) -> None:
    long_key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    monkeypatch.setattr(Authority, "_leaf_key", long_key)
    acm.imported()
    assert acm.client.list_certificates()["CertificateSummaryList"] == []
    listed = acm.client.list_certificates(Includes={"keyTypes": ["RSA_3072"]})["CertificateSummaryList"]
    assert len(listed) == 1


def test_a_certificate_in_use_cannot_be_deleted(acm: Acm) -> None:
    arn = acm.imported()
    acm.used.add(arn)
    assert acm.client.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == [SERVICE]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        acm.client.delete_certificate(CertificateArn=arn)
    acm.used.clear()
    acm.client.delete_certificate(CertificateArn=arn)


def test_imports_are_told_of_and_so_is_another_under_the_same_arn(acm: Acm) -> None:
    arn = acm.imported()
    assert acm.seen() == [("Available", "IMPORT")]
    assert acm.seen() == []
    acm.imported(CertificateArn=arn)
    assert acm.seen() == [("Available", "REIMPORT")]


def test_a_certificate_is_told_of_when_it_is_issued_by_the_stacks_clock(
    acm: Acm, monkeypatch: pytest.MonkeyPatch
) -> None:
    acm.client.request_certificate(DomainName=NAME, ValidationMethod="DNS")
    assert acm.seen() == []
    at(monkeypatch, timedelta(seconds=61))
    assert acm.seen() == [("Available", "ISSUANCE")]


def test_the_end_of_an_imported_one_is_told_of_daily_and_not_when_it_is_over(
    acm: Acm, monkeypatch: pytest.MonkeyPatch
) -> None:
    acm.imported()
    acm.events.look()
    told = []
    for days in (310, 321, 321.5, 322.5, 366):
        at(monkeypatch, timedelta(days=days))
        told.append(acm.seen())
    near = [("Approaching Expiration", "")]
    assert told == [[], near, [], near, []]


def test_one_that_acm_issued_and_nobody_uses_expires(acm: Acm, monkeypatch: pytest.MonkeyPatch) -> None:
    acm.client.request_certificate(DomainName=NAME, ValidationMethod="DNS")
    at(monkeypatch, timedelta(minutes=2))
    acm.events.look()
    at(monkeypatch, timedelta(days=160))
    assert acm.seen() == []
    at(monkeypatch, timedelta(days=170))
    assert acm.seen() == [("Approaching Expiration", "")]
    at(monkeypatch, timedelta(days=199))
    assert acm.seen() == [("Expired", "")]
    assert acm.seen() == []


def test_one_that_acm_issued_is_renewed_under_its_arn_while_it_is_in_use(
    acm: Acm, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = acm.client.request_certificate(DomainName=NAME, ValidationMethod="DNS")["CertificateArn"]
    acm.used.add(arn)
    at(monkeypatch, timedelta(minutes=2))
    acm.events.look()
    (bundle,) = acm_bundles.bundles(REGION)
    before: x509.Certificate = bundle._cert
    at(monkeypatch, timedelta(days=150))
    assert acm.seen() == []
    at(monkeypatch, timedelta(days=154))
    assert acm.seen() == [("Available", "RENEWAL"), ("Rotated", "")]
    (bundle,) = acm_bundles.bundles(REGION)
    assert (bundle.arn, bundle._cert == before) == (arn, False)
    assert acm.described(arn)["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert acm.described(arn)["NotAfter"] - before.not_valid_after_utc > timedelta(days=150)


def test_a_revoked_certificate_is_told_of_once_and_stays_revoked(acm: Acm, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = acm.requested(Options={"Export": "ENABLED"})
    at(monkeypatch, timedelta(minutes=2))
    acm.events.look()
    acm.export(arn)
    acm.revoke(arn)
    (event,) = acm.events.look()
    assert event["detail-type"] == "ACM Certificate Revoked"
    assert (event["detail"]["CertificateType"], event["detail"]["Exportable"]) == ("AMAZON_ISSUED", True)
    found = acm.described(arn)
    assert (found["Status"], found["RevocationReason"]) == ("REVOKED", "SUPERSEDED")
    at(monkeypatch, timedelta(days=300))
    assert (acm.seen(), acm.described(arn)["Status"]) == ([], "REVOKED")


def test_only_what_was_exported_and_is_not_in_use_can_be_revoked(acm: Acm, monkeypatch: pytest.MonkeyPatch) -> None:
    imported, kept, used = acm.imported(), acm.requested(), acm.requested(Options={"Export": "ENABLED"})
    at(monkeypatch, timedelta(minutes=2))
    acm.export(used)
    acm.used.add(used)
    for arn, error in ((imported, "ValidationException"), (kept, "ValidationException"), (used, "ResourceInUse")):
        with pytest.raises(ClientError, match=error):
            acm.revoke(arn)
    assert {acm.described(arn)["Status"] for arn in (imported, kept, used)} == {"ISSUED"}


def test_one_that_was_exported_is_renewed_once_though_nobody_uses_it(acm: Acm, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = acm.requested(Options={"Export": "ENABLED"})
    at(monkeypatch, timedelta(minutes=2))
    acm.export(arn)
    acm.events.look()
    at(monkeypatch, timedelta(days=154))
    assert acm.seen() == [("Available", "RENEWAL")]
    at(monkeypatch, timedelta(days=154 + 199))
    assert acm.seen() == [("Expired", "")]
