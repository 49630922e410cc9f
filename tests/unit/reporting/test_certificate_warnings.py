"""What is said of certificates that expire, and how often."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trellis.reporting.certificates import CertificateInUse, in_use, report_line, subject, text

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ARN = "arn:aws:acm:us-west-2:111122223333:certificate/5f2d1c9e"


def line(days: float = 20, hostname: str = "a.example.com", **more: Any) -> dict[str, Any]:
    usual = {
        "arn": ARN,
        "name": hostname,
        "type": "IMPORTED",
        "ready": True,
        "message": "",
        "status": "ISSUED",
        "hostname": hostname,
        "routes": [f"apps/{hostname[0]}"],
        "renewal": "",
        "notAfter": (NOW + timedelta(days=days)).isoformat(),
    }
    return {**usual, **more}


def found(*lines: dict[str, Any], warn_days: int = 45) -> CertificateInUse:
    (one,) = in_use(lines, now=NOW, warn_days=warn_days)
    return one


STATES = [
    pytest.param({"days": 100}, "Valid", 100, id="far away"),
    pytest.param({"days": 45.5}, "ApproachingExpiration", 45, id="near"),
    pytest.param({"days": 46.5}, "Valid", 46, id="not yet near"),
    pytest.param({"days": -0.1}, "Expired", -1, id="over"),
    pytest.param({"days": 0.1}, "ApproachingExpiration", 0, id="its last hours"),
    pytest.param({"days": 5, "status": "EXPIRED"}, "Expired", 5, id="ACM says so"),
    pytest.param({"days": 5, "status": "REVOKED"}, "Revoked", 5, id="revoked"),
    pytest.param({"renewal": "PENDING_VALIDATION: CAA_ERROR"}, "RenewalActionRequired", 20, id="not validated"),
    pytest.param({"renewal": "PENDING_AUTO_RENEWAL"}, "ApproachingExpiration", 20, id="ACM is at it"),
    pytest.param({"days": 44, "type": "AMAZON_ISSUED"}, "Valid", 44, id="ACM has begun to renew it"),
    pytest.param({"days": 30.5, "type": "AMAZON_ISSUED"}, "ApproachingExpiration", 30, id="ACM has not renewed it"),
    pytest.param({"days": 44, "type": "PRIVATE"}, "ApproachingExpiration", 44, id="of a private authority"),
]


@pytest.mark.parametrize(("of", "state", "days"), STATES)
def test_the_state_of_a_certificate(of: dict[str, Any], state: str, days: int) -> None:
    one = found(line(**of))
    assert (one.state, one.days_left, one.is_told) == (state, days, state != "Valid")


def test_the_services_that_share_a_certificate_are_told_of_together() -> None:
    one = found(line(), line(hostname="b.example.com"))
    assert report_line(one)["routes"] == ["HTTPRoute apps/a", "HTTPRoute apps/b"]
    assert one.hostnames == ("a.example.com", "b.example.com")


def test_it_is_said_once_for_each_step() -> None:
    ends = NOW + timedelta(days=46)
    keys = [
        in_use([line(notAfter=ends.isoformat())], now=ends - timedelta(days=days), warn_days=45)[0].key
        for days in (45, 44, 31, 30, 29, 15, 14, 8, 7, 4, 3, 2, 1, 0.5)
    ]
    assert len(set(keys)) == 6


def test_it_is_said_again_of_another_certificate_under_the_same_arn() -> None:
    assert found(line(days=20)).key != found(line(days=20.01)).key


def test_a_message_says_what_when_and_for_whom() -> None:
    one = found(line(days=12.5))
    assert subject(one, "blue") == "Trellis: certificate of a.example.com in blue expires in 12 days"
    assert "HTTPRoute apps/a" in text(one, "blue")
    assert ARN in text(one, "blue")


def test_what_is_not_known_to_acm_is_not_told_of() -> None:
    assert in_use([line(status="", notAfter=None)], now=NOW, warn_days=45) == ()
