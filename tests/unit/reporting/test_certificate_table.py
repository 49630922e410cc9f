"""The certificates on the page: each hostname, how long it has, and what is missing."""

from typing import Any

import pytest
from drifted_fleet import secured
from test_drift_page import Elements

from trellis.reporting.certificate_table import SHOWN, certificates, needing, tone
from trellis.reporting.page import page


def report(cluster: str, *services: tuple[str, float | None]) -> dict[str, Any]:
    quiet = {"cluster": cluster, "status": "CONVERGED", "drifts": [], "refused": []}
    return {**quiet, "https": secured(*services)}


TONES = [
    pytest.param(300.0, {}, "fine", id="far away"),
    pytest.param(45.5, {}, "soon", id="the first day of warnings"),
    pytest.param(46.5, {}, "fine", id="the day before"),
    pytest.param(14.5, {}, "soon", id="two weeks"),
    pytest.param(13.5, {}, "close", id="less"),
    pytest.param(0.5, {}, "close", id="the last hours"),
    pytest.param(-0.5, {}, "over", id="expired"),
    pytest.param(None, {}, "over", id="missing"),
    pytest.param(100.0, {"state": "Revoked"}, "over", id="revoked"),
    pytest.param(40.0, {"state": "Valid"}, "soon", id="ACM renews it"),
    pytest.param(29.0, {"state": "RenewalActionRequired"}, "soon", id="not validated"),
]


@pytest.mark.parametrize(("days", "more", "expected"), TONES)
def test_the_colour_says_how_urgent_it_is(days: float | None, more: dict[str, str], expected: str) -> None:
    (row,) = secured(("store", days))
    assert tone({**row, **more}) == expected


def test_what_needs_somebody_comes_first_and_says_why() -> None:
    blue, red = report("blue", ("a", 100.0), ("b", 20.0), ("c", None)), report("red", ("d", 5.0), ("e", -3.0))
    found = Elements(page([blue, red], title="x"))
    places = [found.text.index(f"{name}.lattice-test.io") for name in "ecdba"]
    assert places == sorted(places)
    assert [found.of(name) for name in ("over", "close", "soon", "fine")] == [2, 1, 1, 1]
    for told in ("HTTPRoute apps/d", "5 days", "missing", "expired", "ACM has no certificate for c.lattice-test.io"):
        assert told in found.text
    assert needing([blue, red]) == 4
    assert "4certificates to look at" in found.text


def test_what_acm_did_not_answer_about_is_no_missing_certificate() -> None:
    (row,) = secured(("store", 100.0))
    unread = {**row, "state": "Unknown", "daysLeft": None, "notAfter": None, "name": "", "why": "ACM did not answer"}
    found = Elements(certificates([{"cluster": "blue", "https": [unread]}]))
    assert "not known" in found.text
    assert "ACM did not answer" in found.text
    assert "missing" not in found.text


def test_a_fleet_without_https_has_no_such_section() -> None:
    assert certificates([report("blue"), {"cluster": "red", "status": "FAILED"}]) == ""


def test_a_large_fleet_shows_what_is_urgent_and_counts_the_rest() -> None:
    many = report("blue", *((f"s{number}", 100.0 + number) for number in range(SHOWN)), ("late", 3.0))
    text = Elements(certificates([many])).text
    assert "late.lattice-test.io" in text
    assert f"s{SHOWN - 1}.lattice-test.io" not in text
    assert "and 1 more" in text


def test_names_of_certificates_stay_text() -> None:
    (row,) = secured(("store", 100.0))
    evil = """"><script>alert(1)</script>"""
    hostile = dict.fromkeys(("hostname", "certificate", "name", "why"), evil) | {"routes": [evil], "notAfter": evil}
    found = Elements(certificates([{"cluster": evil, "https": [{**row, **hostile}]}]))
    assert "script" not in {tag for tag, _ in found.found}
    assert found.text.count(evil) == 5
