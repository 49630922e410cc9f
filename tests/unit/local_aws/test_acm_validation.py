"""Domain validation in the public zones of the local stack, when ACM issues and when it renews."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from acm_calls import NAME, REGION, Acm, at

ZONE = "lattice-test.io"
AMAZON, OTHER = '0 issue "amazon.com"', '0 issue "letsencrypt.org"'


class Dns:
    """The public zone of the names."""

    def __init__(self) -> None:
        self._client: Any = boto3.client("route53", REGION, aws_access_key_id="test", aws_secret_access_key="test")
        self._zone = self._client.create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]

    def change(self, name: str, kind: str, value: str, *, action: str = "UPSERT") -> None:
        records = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes = [{"Action": action, "ResourceRecordSet": records}]
        self._client.change_resource_record_sets(HostedZoneId=self._zone, ChangeBatch={"Changes": changes})

    def answer(self, described: dict[str, Any], *, action: str = "UPSERT") -> None:
        """Set, or take away, the records that ACM asks for."""
        for record in (option["ResourceRecord"] for option in described["DomainValidationOptions"]):
            self.change(record["Name"], "CNAME", record["Value"], action=action)


@pytest.fixture
def dns(acm: Acm) -> Dns:
    return Dns()


@pytest.fixture
def used(acm: Acm, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> str:
    """A certificate in use, issued, of which all was told."""
    arn = acm.requested()
    acm.used.add(arn)
    dns.answer(acm.described(arn))
    at(monkeypatch, timedelta(minutes=2))
    assert acm.seen() == [("Available", "ISSUANCE")]
    return arn


def status(acm: Acm, arn: str) -> str:
    return str(acm.described(arn)["Status"])


def test_a_certificate_is_issued_once_its_record_is_there(acm: Acm, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = acm.requested(SubjectAlternativeNames=["*.lattice-test.io"])
    at(monkeypatch, timedelta(hours=1))
    assert status(acm, arn) == "PENDING_VALIDATION"
    dns.answer(acm.described(arn))
    assert status(acm, arn) == "ISSUED"


def test_acm_gives_up_after_three_days(acm: Acm, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = acm.requested()
    at(monkeypatch, timedelta(hours=73))
    assert status(acm, arn) == "VALIDATION_TIMED_OUT"
    assert acm.seen() == []


CAA = [
    pytest.param(NAME, {NAME: OTHER}, False, id="another authority"),
    pytest.param(NAME, {NAME: AMAZON}, True, id="Amazon's"),
    pytest.param(NAME, {ZONE: OTHER}, False, id="of the domain above"),
    pytest.param(NAME, {ZONE: OTHER, NAME: AMAZON}, True, id="the closest counts"),
    pytest.param(NAME, {ZONE: '0 issue ";"'}, False, id="nobody may"),
    pytest.param(NAME, {ZONE: '0 iodef "mailto:a@b.io"'}, True, id="only whom to tell"),
    pytest.param(f"*.{ZONE}", {ZONE: '0 issuewild "digicert.com"'}, False, id="wildcards are for another"),
    pytest.param(NAME, {ZONE: '0 issuewild "digicert.com"'}, True, id="this is no wildcard"),
]


@pytest.mark.parametrize(("name", "records", "issued"), CAA)
def test_records_say_which_authorities_may_issue(
    acm: Acm,
    dns: Dns,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    records: dict[str, str],
    issued: bool,
) -> None:
    for holder, value in records.items():
        dns.change(holder, "CAA", value)
    arn = acm.requested(name)
    dns.answer(acm.described(arn))
    at(monkeypatch, timedelta(minutes=2))
    found = acm.described(arn)
    assert (found["Status"], found.get("FailureReason")) == (("ISSUED", None) if issued else ("FAILED", "CAA_ERROR"))


def test_a_renewal_that_fails_is_told_of_at_each_step(
    acm: Acm,
    dns: Dns,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dns.answer(acm.described(used), action="DELETE")
    told = []
    for left in (44, 31, 30, 29, 16, 15, 8, 7, 4, 3, 2, 1, 0.5):
        at(monkeypatch, timedelta(days=198 - left))
        told += [left for kind, _ in acm.seen() if kind == "Renewal Action Required"]
    assert told == [30, 15, 7, 3, 1]
    assert acm.described(used)["RenewalSummary"]["RenewalStatus"] == "PENDING_VALIDATION"
    at(monkeypatch, timedelta(days=199))
    assert acm.seen() == [("Expired", "")]
    assert acm.described(used)["RenewalSummary"]["RenewalStatus"] == "FAILED"


def test_the_event_and_the_summary_name_a_caa_record(
    acm: Acm,
    dns: Dns,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dns.change(NAME, "CAA", OTHER)
    at(monkeypatch, timedelta(days=198 - 20))
    events = {event["detail-type"]: event["detail"] for event in acm.events.look()}
    assert events["ACM Certificate Renewal Action Required"]["RenewalStatusReason"] == "CAA_ERROR"
    assert events["ACM Certificate Renewal Action Required"]["InUse"] is True
    assert acm.described(used)["RenewalSummary"]["RenewalStatusReason"] == "CAA_ERROR"


def test_a_record_that_comes_back_lets_the_renewal_go_on(
    acm: Acm,
    dns: Dns,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dns.answer(acm.described(used), action="DELETE")
    at(monkeypatch, timedelta(days=198 - 20))
    assert ("Renewal Action Required", "") in acm.seen()
    dns.answer(acm.described(used))
    assert acm.seen() == [("Available", "RENEWAL"), ("Rotated", "")]
    assert acm.described(used)["RenewalSummary"]["RenewalStatus"] == "SUCCESS"


def test_nobody_has_to_act_for_a_certificate_that_nobody_uses(
    acm: Acm,
    dns: Dns,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acm.used.clear()
    dns.answer(acm.described(used), action="DELETE")
    at(monkeypatch, timedelta(days=198 - 20))
    assert acm.seen() == [("Approaching Expiration", "")]
