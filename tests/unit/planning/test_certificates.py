"""Which certificate a service gets, and what is said when there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trellis.model import Certificate
from trellis.planning.certificates import CertificateChoice, CertificateWish, choose, covers

NOW = datetime(2026, 11, 2, tzinfo=UTC)
HOST = "datastore.lattice-test.io"
WISH = CertificateWish("datastore-1", HOST)


def arn(number: int) -> str:
    return f"arn:aws:acm:us-west-2:111122223333:certificate/{number:08d}"


def certificate(number: int = 1, *names: str, days: int = -10, **more: Any) -> Certificate:
    usual = Certificate(
        arn(number),
        names or (HOST,),
        "ISSUED",
        "RSA_2048",
        not_before=NOW + timedelta(days=days),
        not_after=NOW + timedelta(days=90),
    )
    return replace(usual, **more)


def chosen(*found: Certificate, wish: CertificateWish = WISH) -> CertificateChoice:
    return choose(wish, found, now=NOW)


def test_the_exact_name_goes_before_a_newer_wildcard() -> None:
    exact, wildcard = certificate(1, days=-100), certificate(2, "*.lattice-test.io", days=-1)
    assert chosen(wildcard, exact).chosen == exact


def test_of_two_for_the_same_name_the_newer_one_is_taken() -> None:
    old, new = certificate(1, days=-100), certificate(2, days=-1)
    assert chosen(old, new).chosen == chosen(new, old).chosen == new


def test_of_two_valid_from_the_same_day_the_one_issued_later_is_taken() -> None:
    first, second = (certificate(n, since=NOW - timedelta(hours=9 - n)) for n in (1, 2))
    assert chosen(second, first).chosen == second


@pytest.mark.parametrize(
    ("names", "is_covered"),
    [
        ([HOST], True),
        (["other.example.com", HOST.upper()], True),
        (["*.lattice-test.io"], True),
        (["lattice-test.io"], False),
        (["*.io"], False),
        (["*.datastore.lattice-test.io"], False),
        ([], False),
    ],
)
def test_a_wildcard_stands_for_one_label(names: list[str], is_covered: bool) -> None:
    assert covers(names, HOST) is is_covered


UNUSABLE = [
    pytest.param({"status": "PENDING_VALIDATION"}, "CertificateNotIssued", id="not validated"),
    pytest.param({"status": "EXPIRED"}, "CertificateExpired", id="expired"),
    pytest.param({"not_after": NOW}, "CertificateExpired", id="expired, and ACM does not say so yet"),
    pytest.param({"status": "REVOKED"}, "CertificateRevoked", id="revoked"),
    pytest.param({"not_before": NOW + timedelta(days=1)}, "CertificateNotIssued", id="not valid yet"),
    pytest.param({"key_algorithm": "EC_prime256v1"}, "CertificateNotSupported", id="elliptic curve"),
    pytest.param({"extended_key_usages": ("CODE_SIGNING",)}, "CertificateNotSupported", id="not for servers"),
]


@pytest.mark.parametrize(("flaw", "reason"), UNUSABLE)
def test_what_cannot_be_used_is_not_chosen_and_told_with_its_reason(flaw: dict[str, Any], reason: str) -> None:
    for wish in (WISH, replace(WISH, named=(arn(1),))):
        found = chosen(certificate(1, **flaw), wish=wish)
        assert (found.chosen, found.reason) == (None, reason)
        assert arn(1) in found.message


@pytest.mark.parametrize(("flaw", "_reason"), UNUSABLE)
def test_a_usable_wildcard_stands_in_for_an_unusable_exact_one(flaw: dict[str, Any], _reason: str) -> None:
    wildcard = certificate(2, "*.lattice-test.io")
    assert chosen(certificate(1, **flaw), wildcard).chosen == wildcard


def test_the_one_that_a_listener_names_goes_before_a_better_one() -> None:
    named, better = certificate(1, "*.lattice-test.io", is_left_out=True), certificate(2)
    assert chosen(better, named, wish=replace(WISH, named=(named.arn, better.arn))).chosen == named


def test_nothing_stands_in_for_a_named_one_that_is_missing() -> None:
    found = chosen(certificate(2), wish=replace(WISH, named=(arn(1),)))
    assert (found.chosen, found.reason) == (None, "CertificateNotFound")


def test_a_named_one_for_another_hostname_is_not_taken() -> None:
    found = chosen(certificate(1, "shop.example.com"), wish=replace(WISH, named=(arn(1),)))
    assert (found.chosen, found.reason) == (None, "HostnameMismatch")


def test_what_is_left_out_by_its_tag_is_not_found() -> None:
    assert chosen(certificate(1, is_left_out=True)).reason == "CertificateNotFound"


CERTIFICATES = st.lists(
    st.builds(
        certificate,
        st.integers(1, 20),
        st.sampled_from([HOST, "*.lattice-test.io", "shop.example.com"]),
        days=st.integers(-400, 5),
        status=st.sampled_from(["ISSUED", "EXPIRED", "REVOKED"]),
    ),
    unique_by=lambda found: found.arn,
)


@given(CERTIFICATES, st.randoms())
def test_the_order_of_acms_list_has_no_meaning(found: list[Certificate], random: Any) -> None:
    before = chosen(*found)
    random.shuffle(found)
    assert chosen(*found) == before
