"""HTTPS listeners: the right certificate by SNI, found, replaced and missed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from certificates import HOSTNAME, READY, Secured, material, presented, serial
from drifting import SECONDS, Drift
from observing import events_kept_away

from trellis_local.walkthrough import Walkthrough, World

UNUSED = [{"name": "unused"}]


@pytest.fixture
def secured(world: World, onboarded: Walkthrough) -> Iterator[Secured]:
    found = Secured(world)
    found.reconcile()
    yield found
    onboarded.apply()
    found.reconcile()
    found.clean()


def test_a_certificate_is_found_by_the_hostname(secured: Secured, onboarded: Walkthrough, world: World) -> None:
    # ACM lists a hundred names of a certificate; the others are read one certificate at a time.
    shown = material(*(f"shop-{number}.lattice-test.io" for number in range(100)), HOSTNAME)
    arn = secured.acm.import_certificate(**shown)["CertificateArn"]
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    assert secured.attached() == arn
    assert secured.condition(READY) == ("True", "CertificateReady")
    assert presented(world, onboarded.vpcs["a"], HOSTNAME) == serial(shown)
    domain = secured.service()["dnsEntry"]["domainName"]
    assert presented(world, onboarded.vpcs["a"], domain) not in (None, serial(shown))
    assert secured.reconcile()["status"] == "CONVERGED"


def test_a_better_certificate_is_picked_up_by_its_event(secured: Secured) -> None:
    first = secured.imported("*.lattice-test.io")
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    assert secured.attached() == first
    exact = secured.imported(HOSTNAME)
    secured.world.wait("the exact one", lambda: secured.attached() == exact, seconds=SECONDS)


def test_a_better_certificate_is_picked_up_by_the_schedule(secured: Secured) -> None:
    with events_kept_away(secured.world, "RotateCertificate"):
        first = secured.imported("*.lattice-test.io")
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        assert secured.attached() == first
        exact = secured.imported(HOSTNAME)
        secured.world.run("check-drift", {})
        assert secured.attached() == exact


def test_a_certificate_that_comes_after_the_listener_is_found(secured: Secured) -> None:
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    assert secured.condition(READY) == ("False", "CertificateNotFound")
    assert secured.condition("Programmed") == ("True", "Programmed")
    arn = secured.imported(HOSTNAME)
    secured.world.wait("the certificate", lambda: secured.attached() == arn, seconds=SECONDS)
    secured.wait_for_condition("True", "CertificateReady")


@pytest.mark.parametrize("noticed", [True, False], ids=["by its event", "by the schedule"])
def test_a_certificate_that_is_imported_again_is_shown(
    secured: Secured, onboarded: Walkthrough, world: World, noticed: bool
) -> None:
    with _noticed(world, noticed):
        arn = secured.imported(HOSTNAME)
        secured.listen(options={"application-networking.k8s.aws/certificate-arn": arn})
        secured.reconcile()
        other = material(HOSTNAME, until=datetime.now(UTC) + timedelta(days=200))
        secured.acm.import_certificate(CertificateArn=arn, **other)
        if not noticed:
            world.run("check-drift", {})
        until = f"valid until {datetime.now(UTC) + timedelta(days=200):%Y-%m-%d}"
        world.wait("its date on the route", lambda: until in secured.message(), seconds=SECONDS)
        assert presented(world, onboarded.vpcs["a"], HOSTNAME) == serial(other)
        assert secured.attached() == arn


@pytest.mark.parametrize("noticed", [True, False], ids=["by its event", "by the schedule"])
def test_a_deleted_certificate_is_a_condition(secured: Secured, noticed: bool) -> None:
    with _noticed(secured.world, noticed):
        arn = secured.imported(HOSTNAME)
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        with events_kept_away(secured.world, "NoticeChange"):
            secured.detach()
            secured.acm.delete_certificate(CertificateArn=arn)
            if not noticed:
                secured.world.run("check-drift", {})
            secured.wait_for_condition("False", "CertificateNotFound")
        assert secured.listener_condition("ResolvedRefs") == ("False", "InvalidCertificateRef")
        assert secured.condition("Programmed") == ("True", "Programmed")


@pytest.mark.parametrize("noticed", [True, False], ids=["by its event", "by the schedule"])
def test_an_expired_certificate_is_warned_of_and_stays(secured: Secured, noticed: bool) -> None:
    with _noticed(secured.world, noticed):
        arn = secured.issued(HOSTNAME)
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        assert secured.attached() == arn
        secured.age(arn, timedelta(seconds=-1))
        if not noticed:
            secured.world.run("check-drift", {})
        secured.wait_for_condition("False", "CertificateExpired")
    assert secured.attached() == arn
    secured.world.wait("the report", lambda: "Expired" in secured.warnings(arn), seconds=SECONDS)


def test_a_certificate_that_acm_renews_is_checked_and_stays(secured: Secured, drift: Drift) -> None:
    arn = secured.issued(HOSTNAME)
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    drift.settle()
    runs = len(drift.runs())
    aged = secured.age(arn, timedelta(days=59))
    secured.world.wait("the renewed one", lambda: secured.described(arn)["Serial"] != aged, seconds=SECONDS)
    secured.world.wait("a run", lambda: len(drift.runs()) > runs, seconds=SECONDS)
    drift.settle()
    assert secured.attached() == arn


def test_days_left_are_a_metric_and_the_last_ones_are_warned_of_once(secured: Secured, drift: Drift) -> None:
    arn = secured.imported(HOSTNAME, until=datetime.now(UTC) + timedelta(days=21))
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    drift.settle()
    told = len(secured.warnings(arn))
    secured.world.run("check-drift", {})
    assert secured.days_left(arn)
    assert all(18 <= days <= 21 for days in secured.days_left(arn))
    assert set(secured.warnings(arn)) == {"ApproachingExpiration"}
    assert len(secured.warnings(arn)) == told, "a second check says nothing new"


def test_a_certificate_that_somebody_takes_away_is_put_back(secured: Secured) -> None:
    arn = secured.imported(HOSTNAME)
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    secured.detach()
    secured.world.wait("the certificate", lambda: secured.attached() == arn, seconds=SECONDS)


def test_a_certificate_goes_with_the_last_https_listener(secured: Secured, onboarded: Walkthrough) -> None:
    secured.imported(HOSTNAME)
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    assert secured.attached()
    onboarded.apply()
    secured.reconcile()
    assert secured.attached() == ""


def test_a_certificate_that_is_left_out_by_its_tag_is_not_found(secured: Secured, drift: Drift) -> None:
    arn = secured.imported(HOSTNAME)
    secured.listen(certificateRefs=UNUSED)
    secured.reconcile()
    wildcard = secured.imported("*.lattice-test.io")
    drift.settle()
    assert secured.attached() == arn
    secured.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "trellis:managed", "Value": "false"}])
    secured.world.wait("the other one", lambda: secured.attached() == wildcard, seconds=SECONDS)


def _noticed(world: World, noticed: bool) -> AbstractContextManager[None]:
    return nullcontext() if noticed else events_kept_away(world, "RotateCertificate")
