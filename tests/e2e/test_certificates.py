"""HTTPS listeners: the right certificate by SNI, found, replaced and missed."""

from collections.abc import Iterator

import pytest
from certificates import HOSTNAME, Secured, material, presented, serial

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
    assert secured.condition("trellis.dev/CertificateReady") == ("True", "CertificateReady")
    assert presented(world, onboarded.vpcs["a"], HOSTNAME) == serial(shown)
    domain = secured.service()["dnsEntry"]["domainName"]
    assert presented(world, onboarded.vpcs["a"], domain) not in (None, serial(shown))
    assert secured.reconcile()["status"] == "CONVERGED"
