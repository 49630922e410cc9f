"""What programs and people are told of a drifted run."""

import json
from typing import Any

from drifted_fleet import EVE, Drifting, cluster, group, rule, service, with_weights

from trellis.reporting.messages import Stored, event_detail, subject, text

STORED = Stored("documents", "reports/blue/1.json", "reports/blue/1.html")


def report(*, rules: int = 1, name: str = "blue") -> dict[str, Any]:
    """The report of a cluster in which the weights of so many rules were changed."""
    made = [rule(f"r{n}", f"/{n}", ("a", 90), ("b", 10)) for n in range(rules)]
    found = Drifting(cluster(name), (service("store", made, [group("a", "10.0.0.1"), group("b", "10.0.0.2")]),))
    for n in range(rules):
        found.change("store", with_weights(n, 7, 7))
    found.blame("apply_service/store", "vpc-lattice:UpdateRule", EVE, "2026-11-02T09:15:01Z")
    return found.report()


def test_the_message_says_what_who_and_when() -> None:
    told = text(report(), STORED)
    assert "1 drift (1 repaired) in cluster blue." in told
    assert "- rule store/http-80/r0, action: repaired after 8 s" in told
    assert "vpc-lattice:UpdateRule by user/eve at 2026-11-02T09:15:01Z" in told
    assert "s3://documents/reports/blue/1.json" in told


def test_the_message_of_many_drifts_stays_short() -> None:
    told = text(report(rules=40), STORED)
    assert "- and 30 more" in told
    assert len(told) < 2500


def test_the_subject_fits_whatever_the_cluster_is_called() -> None:
    found = subject(report(rules=12, name="c" * 100))
    assert (len(found), found.isascii(), found.isprintable()) == (100, True, True)


def test_the_event_names_run_and_report_and_stays_small() -> None:
    detail = event_detail(report(rules=100), STORED)
    assert (detail["run"], detail["report"]) == ("event-5f0c1f6a", "reports/blue/1.json")
    assert (detail["drifts"]["found"], detail["drifts"]["repaired"], len(detail["resources"])) == (100, 100, 10)
    assert len(json.dumps(detail)) < 2000
