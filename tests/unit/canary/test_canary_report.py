"""The report of a canary: the document for programs, and what people read."""

import json

import yaml
from canary_making import FIRST, VERIFIED, traffic, verdict

from trellis.canary.patch import Operation
from trellis.canary.report import (
    UNBEGUN_STEP,
    Ending,
    Result,
    Story,
    exposure,
    judged_step,
    report_document,
    rollback_document,
)
from trellis.canary.report_page import markdown
from trellis.canary.windows import Span

ENDING = Ending(
    Result.ROLLED_BACK,
    "ERROR_RATE_RELATIVE",
    {"cluster": "prod-eu", "namespace": "shop", "name": "orders"},
    "2026-01-01T10:00:00Z",
    "2026-01-01T10:20:00Z",
    requested_by="alice",
)
PATCH: list[Operation] = [{"op": "add", "path": "/spec/rules/0/backendRefs/1/weight", "value": 100}]


def story() -> Story:
    canary = traffic(1000, 30)
    written = {"percent": 50, "desired": {"orders-v2:80": 50}, "applied": {"orders-v2:80": 50}, "verifySeconds": 7}
    step = {**UNBEGUN_STEP, **written, **judged_step(verdict(canary), bake_seconds=600)}
    back = rollback_document(
        requested="2026-01-01T10:19:46Z",
        verified="2026-01-01T10:20:00Z",
        seconds=14,
        exposed=exposure(canary, Span(VERIFIED, FIRST + 3600)),
        counted_until="2026-01-01T10:18:00Z",
    )
    warnings = [{"code": "W_LOW_TRAFFIC", "message": "a | b"}]
    return Story(steps=[step], rollback=back, git_patch=PATCH, warnings=warnings, cost={"stateTransitions": 30})


def test_the_document_is_json_with_the_evidence_of_each_verdict() -> None:
    found = json.loads(json.dumps(report_document(ENDING, story())))
    (step,) = found["steps"]
    assert (found["result"], found["reasonCode"]) == ("ROLLED_BACK", "ERROR_RATE_RELATIVE")
    assert (step["measuredSharePercent"], step["requests"]) == (50, {"v1": 7000, "v2": 7000})
    checks = {row["check"]: row for row in step["verdicts"][0]["checks"] if row["window"] is None}
    assert checks["relativeErrorRate"]["verdict"] == "FAIL"
    assert {"v1", "v2", "threshold", "n1", "n2", "z", "state"} <= checks["relativeErrorRate"].keys()


def test_the_report_says_how_many_users_were_exposed() -> None:
    back = report_document(ENDING, story())["rollback"]
    assert (back["usersExposedRequests"], back["failedCanaryRequests"], back["seconds"]) == (7000, 210, 14)


def test_the_patch_for_git_is_yaml() -> None:
    assert yaml.safe_load(report_document(ENDING, story())["gitPatch"]) == PATCH


def test_people_read_what_happened_and_why() -> None:
    page = markdown(report_document(ENDING, story()))
    assert page.startswith("# Canary of prod-eu/shop/orders: rolled back\n")
    assert "| 50 % | 50 % | 7 s | 600 s | 7000 / 7000 | 0 / 210 |" in page
    assert "| relativeErrorRate | 0 | 3 |" in page
    assert "the canary had got 7000 requests, of which 210 failed" in page
    assert "- op: add" in page


def test_nothing_that_comes_from_outside_can_break_the_page() -> None:
    ending = Ending(Result.REJECTED, "E_LOCKED", {"name": "a|b\n# c"}, "", "", requested_by="<script>")
    page = markdown(report_document(ending, Story(problems=[{"message": "[x](http://evil) | y\n\n# z"}])))
    assert "<script>" not in page.replace("\\<", "")
    assert "\n# c" not in page
    assert "\n# z" not in page
    assert "[x](" not in page


def test_a_canary_that_never_began_has_a_report_too() -> None:
    page = markdown(report_document(Ending(Result.DRY_RUN, "", {}, "", ""), Story()))
    assert "dry run, nothing was changed" in page
