"""HTTPS listeners: the right certificate by SNI, found, replaced and missed.

What happens to certificates is brought once by its event, through the stack's bus and the template's rule, and once by
the schedule alone: `Available` (issued, imported, imported again, renewed), `Rotated`, tags and deletion here; what
ends, in test_certificate_warnings.
"""

from datetime import UTC, datetime, timedelta

import pytest
from certificates import HOSTNAME, READY, PublicZone, Secured, material, noticed_or_checked, presented, serial
from drifting import SECONDS, Drift
from observing import events_kept_away

from trellis_local.walkthrough import Walkthrough, World

UNUSED = [{"name": "unused"}]
NOTICED = pytest.mark.parametrize("noticed", [True, False], ids=["by its event", "by the schedule"])


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


@NOTICED
def test_a_better_certificate_is_picked_up(secured: Secured, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        first = secured.imported("*.lattice-test.io")
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        assert secured.attached() == first
        exact = secured.imported(HOSTNAME)
        check()
        secured.world.wait("the exact one", lambda: secured.attached() == exact, seconds=SECONDS)


@NOTICED
def test_a_certificate_that_comes_after_the_listener_is_found(secured: Secured, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        assert secured.condition(READY) == ("False", "CertificateNotFound")
        assert secured.condition("Programmed") == ("True", "Programmed")
        arn = secured.imported(HOSTNAME)
        check()
        secured.world.wait("the certificate", lambda: secured.attached() == arn, seconds=SECONDS)
        secured.wait_for_condition("True", "CertificateReady")


@NOTICED
def test_a_certificate_is_used_once_acm_has_issued_it(secured: Secured, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check, PublicZone(secured.world) as zone:
        arn = secured.requested(HOSTNAME)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        assert secured.condition(READY) == ("False", "CertificateNotIssued")
        zone.answer(secured.described(arn))
        secured.wait_until_issued(arn)
        check()
        secured.world.wait("the certificate", lambda: secured.attached() == arn, seconds=SECONDS)
        secured.wait_for_condition("True", "CertificateReady")


@NOTICED
def test_a_certificate_that_is_imported_again_is_shown(
    secured: Secured, onboarded: Walkthrough, world: World, noticed: bool
) -> None:
    with noticed_or_checked(world, noticed) as check:
        arn = secured.imported(HOSTNAME)
        secured.listen(options={"application-networking.k8s.aws/certificate-arn": arn})
        secured.reconcile()
        other = material(HOSTNAME, until=datetime.now(UTC) + timedelta(days=200))
        secured.acm.import_certificate(CertificateArn=arn, **other)
        check()
        until = f"valid until {datetime.now(UTC) + timedelta(days=200):%Y-%m-%d}"
        world.wait("its date on the route", lambda: until in secured.message(), seconds=SECONDS)
        assert presented(world, onboarded.vpcs["a"], HOSTNAME) == serial(other)
        assert secured.attached() == arn


@NOTICED
def test_a_deleted_certificate_is_a_condition(secured: Secured, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        arn = secured.imported(HOSTNAME)
        secured.listen(options={"trellis.dev/certificate-arn": arn})
        secured.reconcile()
        with events_kept_away(secured.world, "NoticeChange"):
            secured.detach()
            secured.acm.delete_certificate(CertificateArn=arn)
            check()
            secured.wait_for_condition("False", "CertificateNotFound")
        assert secured.listener_condition("ResolvedRefs") == ("False", "InvalidCertificateRef")
        assert secured.condition("Programmed") == ("True", "Programmed")


@NOTICED
def test_a_certificate_that_acm_renews_stays_and_its_new_end_is_shown(secured: Secured, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        rotations = secured.told_of("Rotated")
        arn = secured.issued(HOSTNAME)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        aged = secured.described(arn)["Serial"]
        secured.age(arn, timedelta(days=44))
        secured.world.wait("the renewed one", lambda: secured.described(arn)["Serial"] != aged, seconds=SECONDS)
        check()
        until = f"valid until {secured.described(arn)['NotAfter'].astimezone(UTC):%Y-%m-%d}"
        secured.world.wait("its date on the route", lambda: until in secured.message(), seconds=SECONDS)
        assert (secured.attached(), secured.condition(READY)) == (arn, ("True", "CertificateReady"))
        if noticed:
            secured.world.wait("its event", lambda: secured.told_of("Rotated") > rotations, seconds=SECONDS)


@NOTICED
def test_a_certificate_that_is_left_out_by_its_tag_is_not_found(secured: Secured, drift: Drift, noticed: bool) -> None:
    with noticed_or_checked(secured.world, noticed) as check:
        arn = secured.imported(HOSTNAME)
        secured.listen(certificateRefs=UNUSED)
        secured.reconcile()
        wildcard = secured.imported("*.lattice-test.io")
        drift.settle()
        assert secured.attached() == arn
        secured.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "trellis:managed", "Value": "false"}])
        check()
        secured.world.wait("the other one", lambda: secured.attached() == wildcard, seconds=SECONDS)


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
