"""Certificates that end are told of: conditions, reports, an event, a message, a metric and the page of a check.

Each is found by ACM's event, on the stack's bus and through the template's rule, and by the schedule with the events
kept away. ACM tells of no expiry of imported certificates, so that one is for the schedule alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from certificates import HOSTNAME, READY, PublicZone, Secured, check_drift, noticed_or_checked
from drifting import SECONDS, Drift
from listening import Listening, listening_for
from observing import CLUSTER_A, CLUSTER_B, events_kept_away, page_of_check

from trellis_local.walkthrough import World

NOTICED = pytest.mark.parametrize("noticed", [True, False], ids=["by its event", "by the schedule"])
UNUSED = [{"name": "unused"}]
ROUTE = "HTTPRoute apps/datastore"


@pytest.fixture
def listening(secured: Secured) -> Iterator[Listening]:
    with listening_for(secured.world, "Trellis Certificate") as found:
        yield found


def close_security_group(world: World, cluster: str) -> None:
    """Somebody takes a rule of Trellis from the cluster's security group."""
    ec2 = world.aws("ec2")
    owner = {"Name": "tag:trellis:owner", "Values": [f"111122223333/{cluster}"]}
    rule = ec2.describe_security_group_rules(Filters=[owner])["SecurityGroupRules"][0]
    ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


def came(secured: Secured, kind: str, before: int, noticed: bool) -> None:
    """ACM's event has come to the function, or has been kept away."""
    if noticed:
        secured.world.wait(f"ACM's {kind}", lambda: secured.told_of(kind) > before, seconds=SECONDS)
    else:
        assert secured.told_of(kind) == before


@NOTICED
def test_an_approaching_end_is_told_of_once_everywhere(
    secured: Secured, drift: Drift, listening: Listening, noticed: bool
) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        arn = secured.imported(HOSTNAME)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        drift.settle()
        listening.take(listening.messages)  # of drift: two runs at the same time may have taken the listener for it
        assert listening.take(listening.events) == []
        before = secured.told_of("Approaching Expiration")
        secured.age(arn, timedelta(days=20.5))
        check()
        (event,) = listening.heard(listening.events)
        (message,) = listening.heard(listening.messages)
        came(secured, "Approaching Expiration", before, noticed)
    detail = event["detail"]
    assert (event["source"], detail["cluster"], detail["certificate"]) == ("trellis", CLUSTER_B, arn)
    assert (detail["state"], detail["hostnames"], detail["routes"]) == ("ApproachingExpiration", [HOSTNAME], [ROUTE])
    assert detail["daysLeft"] in (19, 20)
    assert message["Subject"].endswith(f"{HOSTNAME} in {CLUSTER_B} expires in {detail['daysLeft']} days")
    assert ROUTE in message["Message"]
    assert min(secured.days_left(arn)) == detail["daysLeft"]
    secured.reconcile()
    assert (listening.take(listening.messages), listening.take(listening.events)) == ([], []), "said a second time"


def test_the_page_of_a_check_shows_the_certificates(secured: Secured, drift: Drift) -> None:
    with events_kept_away(secured.world, "RotateCertificate", "NoticeChange"):
        arn = secured.imported(HOSTNAME)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        assert page_of_check(secured.world) is None, "there is nothing to tell"
        secured.age(arn, timedelta(days=9.5))
        page = page_of_check(secured.world)
        assert page is not None
        for told in (HOSTNAME, ROUTE, arn.rpartition("/")[2], "9 days"):
            assert told in page
        assert page_of_check(secured.world) is None, "it was told of"
        close_security_group(secured.world, CLUSTER_A)
        page = page_of_check(secured.world)
        assert page is not None
        assert "9 days" in page, "a page about another cluster has no certificates of this one"


@NOTICED
def test_a_renewal_that_cannot_be_validated_is_told_of_until_it_can(
    secured: Secured, drift: Drift, listening: Listening, noticed: bool
) -> None:
    with noticed_or_checked(secured.world, noticed) as check, PublicZone(secured.world) as zone:
        arn = secured.requested(HOSTNAME)
        zone.answer(secured.described(arn))
        secured.wait_until_issued(arn)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        drift.settle()
        before = secured.told_of("Renewal Action Required")
        zone.answer(secured.described(arn), action="DELETE")
        secured.age(arn, timedelta(days=25))
        secured.wait_for_renewal(arn, "PENDING_VALIDATION")
        check()
        secured.wait_for_warning(arn, "RenewalActionRequired")
        (event,) = listening.heard(listening.events)
        assert (event["detail"]["state"], event["detail"]["routes"]) == ("RenewalActionRequired", [ROUTE])
        assert event["detail"]["renewal"] == "PENDING_VALIDATION"
        came(secured, "Renewal Action Required", before, noticed)
        zone.answer(secured.described(arn))
        secured.wait_for_renewal(arn, "SUCCESS")
        check()
        until = f"valid until {secured.described(arn)['NotAfter'].astimezone(UTC):%Y-%m-%d}"
        secured.world.wait("its date on the route", lambda: until in secured.message(), seconds=SECONDS)


@NOTICED
def test_an_expired_certificate_is_told_of_and_stays(
    secured: Secured, drift: Drift, listening: Listening, noticed: bool
) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        arn = secured.issued(HOSTNAME)
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        drift.settle()
        assert secured.attached() == arn
        before = secured.told_of("Expired")
        secured.age(arn, timedelta(seconds=-1))
        check()
        secured.wait_for_condition("False", "CertificateExpired")
        secured.wait_for_warning(arn, "Expired")
        came(secured, "Expired", before, noticed)
    assert secured.attached() == arn
    (event,) = listening.heard(listening.events)
    assert (event["detail"]["state"], event["detail"]["routes"]) == ("Expired", [ROUTE])


def test_an_imported_certificate_that_expires_is_found_by_the_schedule(secured: Secured) -> None:
    with events_kept_away(secured.world, "RotateCertificate"):
        arn = secured.imported(HOSTNAME)
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        secured.age(arn, timedelta(seconds=-1))
        check_drift(secured.world)
    assert secured.condition(READY) == ("False", "CertificateExpired")
    assert (secured.attached(), set(secured.warnings(arn))) == (arn, {"Expired"})


@NOTICED
def test_a_revoked_certificate_is_told_of(secured: Secured, drift: Drift, listening: Listening, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        arn = secured.issued(HOSTNAME, Options={"Export": "ENABLED"})
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        secured.acm.export_certificate(CertificateArn=arn, Passphrase=b"a passphrase")
        with pytest.raises(secured.acm.exceptions.ResourceInUseException):
            secured.revoke(arn)
        drift.settle()
        before = secured.told_of("Revoked")
        with events_kept_away(secured.world, "NoticeChange"):
            secured.detach()
            secured.revoke(arn)
            check()
            secured.wait_for_condition("False", "CertificateRevoked")
            secured.wait_for_warning(arn, "Revoked")
        came(secured, "Revoked", before, noticed)
    assert secured.listener_condition("ResolvedRefs") == ("False", "InvalidCertificateRef")
    assert secured.condition("Programmed") == ("True", "Programmed")
    (event,) = listening.heard(listening.events)
    assert (event["detail"]["state"], event["detail"]["routes"]) == ("Revoked", [ROUTE])


def test_days_left_are_a_metric_of_each_check(secured: Secured, drift: Drift) -> None:
    arn = secured.imported(HOSTNAME, until=datetime.now(UTC) + timedelta(days=210))
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    drift.settle()
    check_drift(secured.world)
    assert secured.days_left(arn), "no values"
    assert all(205 <= days <= 210 for days in secured.days_left(arn))
    assert secured.warnings(arn) == []
