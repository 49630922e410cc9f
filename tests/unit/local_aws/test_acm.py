"""ACM on the local stack: its list, what is in use, and the events that it sends as time goes by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws, settings

from trellis_local import clock
from trellis_local.aws import acm as moto_acm
from trellis_local.aws.acm_events import CertificateEvents
from trellis_local.dataplane.certificates import Authority

REGION, NAME, SERVICE = "us-west-2", "datastore.lattice-test.io", "arn:aws:vpc-lattice:us-west-2:1:service/svc-1"


class Acm:
    """A client, the events, and what uses certificates."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("acm", REGION, aws_access_key_id="test", aws_secret_access_key="test")
        self.used: set[str] = set()
        self.events = CertificateEvents(lambda event: None, users=self.users, region=REGION)

    def users(self, arn: str) -> list[str]:
        return [SERVICE] if arn in self.used else []

    def imported(self, name: str = NAME, **more: str) -> str:
        authority = Authority("A company's own")
        found = authority.certificate(name)
        return str(
            self.client.import_certificate(Certificate=found.chain, PrivateKey=found.key, **more)["CertificateArn"]
        )

    def seen(self) -> list[tuple[str, str]]:
        """What has happened since the last look: the type of each event and its `Action`."""
        return [
            (event["detail-type"].removeprefix("ACM Certificate "), event["detail"].get("Action", ""))
            for event in self.events.look()
        ]


@pytest.fixture
def acm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Acm]:
    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", 60)
    with mock_aws():
        found = Acm()
        uninstall = moto_acm.install(found.users)
        at(monkeypatch, timedelta())
        yield found
        uninstall()


def at(monkeypatch: pytest.MonkeyPatch, since: timedelta) -> None:
    """Let the stack's clock show a time so far from now, standing still."""
    begun = datetime.now(UTC).timestamp()

    class Still(clock.Clock):
        def time(self) -> float:
            return begun + since.total_seconds()

    monkeypatch.setattr(clock, "_current", Still(start=begun))


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
    at(monkeypatch, timedelta(days=330))
    assert acm.seen() == []
    at(monkeypatch, timedelta(days=340))
    assert acm.seen() == [("Approaching Expiration", "")]
    at(monkeypatch, timedelta(days=366))
    assert acm.seen() == [("Expired", "")]
    assert acm.seen() == []


def test_one_that_acm_issued_is_renewed_under_its_arn_while_it_is_in_use(
    acm: Acm, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = acm.client.request_certificate(DomainName=NAME, ValidationMethod="DNS")["CertificateArn"]
    acm.used.add(arn)
    at(monkeypatch, timedelta(minutes=2))
    acm.events.look()
    (bundle,) = moto_acm.bundles(REGION)
    before: x509.Certificate = bundle._cert
    at(monkeypatch, timedelta(days=306))
    assert acm.seen() == [("Available", "RENEWAL")]
    (bundle,) = moto_acm.bundles(REGION)
    assert (bundle.arn, bundle._cert == before) == (arn, False)
