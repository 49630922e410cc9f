"""The plan as text: each difference with its fields, who made it and when, and what is refused."""

from typing import Any

import pytest

from trellis.planning.outline import differences, outline
from trellis.planning.work import described, reported

CAUSE = {"call": "vpc-lattice:UpdateRule", "actor": "arn:aws:iam::1:user/eve", "time": "2026-11-02T09:15:00Z"}
CHANGED = described(
    "UpdateRule",
    "rule store/http-80/r-1",
    expected={"action": {"forward": {"v1": 90, "v2": 10}}},
    found={"action": {"forward": {"v1": 7, "v2": 10}}},
)
REFUSED = {"resource": "service shop", "reason": "NotOwned", "message": "is left as it is"}


def text(*changes: Any, refused: list[dict[str, str]] | None = None, guard: str = "") -> list[str]:
    report = {"planned": list(changes), "refused": refused or [], "guard": guard}
    return outline("blue", "APPLIED", report).splitlines()


def test_a_change_is_told_by_its_fields_and_who_made_it_necessary() -> None:
    assert text({**CHANGED, "causes": [CAUSE]}) == [
        "blue: APPLIED, 1 difference, 0 refused",
        "  ~ UpdateRule: rule store/http-80/r-1",
        "      action.forward.v1: 7 → 90",
        "      by arn:aws:iam::1:user/eve at 2026-11-02T09:15:00Z (vpc-lattice:UpdateRule)",
    ]


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        (described("AssociateVpc", "VPC v", expected="net"), "+ AssociateVpc: VPC v", "value: nothing → net"),
        (described("DeleteRule", "r", found={"priority": 1}, deletes=True), "- DeleteRule: r", "priority: 1 → nothing"),
        (described("RegisterTargets", "t", expected={"ip": ["a", "b"]}), "+ RegisterTargets: t", "ip: nothing → a, b"),
    ],
)
def test_the_sign_says_whether_something_is_made_or_deleted(change: Any, line: str, field: str) -> None:
    assert text(change)[1:] == [f"  {line}", f"      {field}"]


def test_what_is_only_reported_says_why() -> None:
    assert text(reported(CHANGED, "mode plan of HTTPRoute apps/store"))[-1] == (
        "      reported only: mode plan of HTTPRoute apps/store"
    )


def test_refusals_and_the_guard_are_told() -> None:
    lines = text(refused=[REFUSED], guard="30 deletions planned, 25 allowed in one run")
    assert lines[1:] == [
        "  stopped: 30 deletions planned, 25 allowed in one run",
        "  ! service shop: NotOwned: is left as it is",
    ]


def test_the_plan_of_a_converged_run_is_its_report() -> None:
    plan = {"verdict": "CONVERGED", "items": [{"plan": {"changes": [], "refusals": [REFUSED]}}], "refused": []}
    assert outline("blue", "CONVERGED", plan).splitlines() == [
        "blue: CONVERGED, 0 differences, 1 refused",
        "  ! service shop: NotOwned: is left as it is",
    ]
    assert differences(plan) == []


def test_a_value_of_a_thousand_targets_is_shortened() -> None:
    change = described("RegisterTargets", "tg", expected={"targets": [f"10.0.0.{n}:80" for n in range(200)]})
    assert max(map(len, text(change))) < 200
