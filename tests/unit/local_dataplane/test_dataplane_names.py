"""DNS as a VPC sees it."""

import pytest
from dataplane_fakes import GENERATED, HOST

from trellis_local.dataplane.names import Record, Zone, is_lattice_address, resolve


def lookup(name: str, *zones: Zone):
    return resolve(name, zones=zones, is_lattice_name=lambda asked: asked == GENERATED)


def test_a_generated_name_resolves_for_everybody_to_a_link_local_address():
    assert is_lattice_address(lookup(GENERATED).addresses[0])


def test_a_generated_name_without_a_service_does_not_exist():
    assert lookup(GENERATED.replace("0abc", "0def")).reason.startswith("NXDOMAIN")


def test_a_cname_leads_to_the_generated_name():
    found = lookup(HOST, Zone("lattice-test.io", (Record(HOST, "CNAME", (GENERATED,)),)))
    assert found.chain == (HOST, GENERATED)
    assert is_lattice_address(found.addresses[0])


def test_an_alias_leads_to_the_generated_name():
    assert lookup(HOST, Zone("lattice-test.io", (Record(HOST, "A", alias=GENERATED),))).addresses


def test_an_ipv6_alias_alone_resolves_too():
    assert lookup(HOST, Zone("lattice-test.io", (Record(HOST, "AAAA", alias=GENERATED),))).addresses


def test_a_name_without_zone_does_not_exist():
    found = lookup(HOST)
    assert found.addresses == ()
    assert found.reason.startswith("NXDOMAIN")


def test_the_longest_zone_wins_and_nothing_falls_through():
    outer = Zone("lattice-test.io", (Record(HOST, "CNAME", (GENERATED,)),))
    inner = Zone(HOST, ())
    assert lookup(HOST, outer, inner).reason == f"NXDOMAIN: private hosted zone {HOST} has no record {HOST}"


def test_a_zone_covers_whole_labels_only():
    assert lookup("notlattice-test.io", Zone("lattice-test.io", ())).reason.startswith("NXDOMAIN: no private")


def test_a_private_zone_can_hide_the_generated_names():
    assert lookup(GENERATED, Zone("on.aws", ())).addresses == ()


def test_a_name_with_only_a_txt_record_has_no_address():
    assert lookup(HOST, Zone("lattice-test.io", (Record(HOST, "TXT", ('"x"',)),))).reason.startswith("NODATA")


def test_an_address_record_gives_its_addresses():
    zone = Zone("lattice-test.io", (Record(HOST, "A", ("192.168.48.10",)),))
    assert lookup(HOST, zone).addresses == ("192.168.48.10",)


def test_a_wildcard_answers_for_missing_names_only():
    zone = Zone("lattice-test.io", (Record("*.lattice-test.io", "A", ("10.0.0.1",)), Record(HOST, "TXT", ('"x"',))))
    assert lookup("a.b.lattice-test.io", zone).addresses == ("10.0.0.1",)
    assert lookup(HOST, zone).addresses == ()
    assert lookup(f"below.{HOST}", zone).addresses == ()


def test_a_cname_loop_ends():
    records = (Record("a.lattice-test.io", "CNAME", (HOST,)), Record(HOST, "CNAME", ("a.lattice-test.io",)))
    assert "does not end" in lookup(HOST, Zone("lattice-test.io", records)).reason


def test_a_routing_policy_is_refused():
    zone = Zone("lattice-test.io", (Record(HOST, "A", ("10.0.0.1",), plain=False),))
    assert "routing policy" in lookup(HOST, zone).reason


@pytest.mark.parametrize("address", ["192.168.48.10", "fd00::1"])
def test_an_address_is_its_own_resolution(address):
    assert lookup(address).addresses == (address,)
