"""Input: defaults, every problem at once with its code and place, and nothing that is not asked for."""

import json
from typing import Any

import pytest
from canary_making import MINIMAL, law, request
from hypothesis import given
from hypothesis import strategies as st

from trellis.canary.liveness import tick_seconds
from trellis.canary.problems import Problem, RefusedRequestError
from trellis.canary.request import parse_request


def refused(document: Any) -> list[tuple[str, str]]:
    """Code and place of each problem."""
    with pytest.raises(RefusedRequestError) as raised:
        parse_request(document)
    return [(problem.code, problem.place) for problem in raised.value.problems]


def test_the_least_input_has_the_documented_defaults() -> None:
    found = request()
    assert [step.percent for step in found.strategy.steps] == [5, 25, 50, 100]
    assert (found.strategy.bake_seconds, found.strategy.final_bake_seconds) == (600, 600)
    assert (found.analysis.tick_seconds, found.analysis.metric_delay_seconds) == (60, 120)
    assert (found.safety.max_reasserts, found.safety.max_duration_seconds) == (3, 86_400)
    assert (found.gates.timeout_seconds, found.gates.on_timeout) == (14_400, "rollback")
    assert (found.analysis.on_inconclusive, found.alarms.insufficient_data) == ("pause", "inconclusive")


def test_a_request_survives_being_written_out() -> None:
    found = request(strategy={"type": "linear"}, alarms={"names": ["a"]})
    assert parse_request(json.loads(json.dumps(found.document()))) == found


def test_f42_all_problems_are_told_at_once() -> None:
    document = {
        **{name: value for name, value in MINIMAL.items() if name != "cluster"},
        "surprise": 1,
        "strategy": {"steps": [{"percent": 5.55}, {"percent": 5}], "bakeSeconds": 60, "finalBakeSeconds": 60},
        "hooks": {"preStart": "check"},
        "analysis": {"custom": [], "tickSeconds": -1},
    }
    assert set(refused(document)) == {
        ("E_SCHEMA", "cluster"),
        ("E_SCHEMA", "surprise"),
        ("E_SCHEMA", "analysis.tickSeconds"),
        ("E_STEPS", "strategy.steps[0].percent"),
        ("E_STEPS", "strategy.steps"),
        ("E_SCHEMA", "hooks.preStart"),
    }


def test_f42_what_depends_on_a_malformed_member_is_not_guessed() -> None:
    document = {**MINIMAL, "strategy": {"steps": "all"}, "gates": {"beforeStep": [10]}}
    assert refused(document) == [("E_SCHEMA", "strategy.steps")]


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"strategy": {"bakeSeconds": float("nan")}}, "strategy.bakeSeconds"),
        ({"strategy": {"steps": [{"percent": float("nan")}]}}, "strategy.steps[0].percent"),
        ({"strategy": {"steps": [{"percent": float("inf")}]}}, "strategy.steps[0].percent"),
        ({"strategy": {"steps": [{"percent": -5}]}}, "strategy.steps[0].percent"),
        ({"strategy": {"steps": [{"percent": True}]}}, "strategy.steps[0].percent"),
        ({"strategy": {"steps": [{"percent": "5"}]}}, "strategy.steps[0].percent"),
        ({"strategy": {"bakeSeconds": True}}, "strategy.bakeSeconds"),
        ({"strategy": {"bakeSeconds": 600.5}}, "strategy.bakeSeconds"),
        ({"reason": "x" * 1_000_000}, "reason"),
        ({"route": {"namespace": "shop", "name": "a" * 300}}, "route.name"),
        ({"route": {"namespace": "Shop!", "name": "orders"}}, "route.namespace"),
        ({"route": {"namespace": "shop", "name": "orders", "kind": "TLSRoute"}}, "route.kind"),
        ({"cluster": "x\n"}, "cluster"),
        ({"baseline": {"name": "orders-v1", "weight": 5}}, "baseline.weight"),
        ({"alarms": {"names": ["a"] * 11}}, "alarms.names"),
        ({"notify": ["arn:aws:s3:::bucket"]}, "notify[0]"),
        ({"dryRun": "yes"}, "dryRun"),
        ({"preset": "Canary11Percent"}, "preset"),
        ({"preset": {"a": 1}}, "preset"),
        ({"analysis": {"onInconclusive": "promote"}}, "analysis.onInconclusive"),
        ({"analysis": {"windowSeconds": 90}}, "analysis.windowSeconds"),
        ({"ruleSelector": {"mode": "byName"}}, "ruleSelector.names"),
        ({"ruleSelector": {"names": ["a"]}}, "ruleSelector.names"),
        ({"canary": {"name": "orders-v1"}}, "canary"),
        ({"canary": {"name": "orders-v1", "namespace": "shop", "port": 80}}, "canary"),
        ({"safety": {"blackout": ["always"]}}, "safety.blackout[0]"),
        ({"x" * 100_000: 1}, "x" * 64),
    ],
)
def test_f42_what_does_not_fit_is_refused_with_its_place(members: dict[str, Any], place: str) -> None:
    assert refused({**MINIMAL, **members}) == [("E_SCHEMA", place)]


@pytest.mark.parametrize("document", [None, [], "canary", 7])
def test_f42_the_input_is_an_object(document: Any) -> None:
    assert refused(document) == [("E_SCHEMA", "")]


@pytest.mark.parametrize(
    ("strategy", "place"),
    [
        ({"steps": [{"percent": 5}, {"percent": 5}, {"percent": 100}]}, "strategy.steps"),
        ({"steps": [{"percent": 25}, {"percent": 5}, {"percent": 100}]}, "strategy.steps"),
        ({"steps": [{"percent": 0}, {"percent": 100}]}, "strategy.steps"),
        ({"steps": [{"percent": 5}]}, "strategy.steps"),
        ({"steps": []}, "strategy.steps"),
        ({"steps": [{"percent": at} for at in [*range(1, 21), 100]]}, "strategy.steps"),
        ({"type": "linear", "linear": {"stepPercent": 1}}, "strategy.linear"),
        ({"type": "exponential", "exponential": {"startPercent": 1, "factor": 1.1}}, "strategy.exponential"),
    ],
)
def test_f42_steps_grow_to_100_in_at_most_twenty(strategy: dict[str, Any], place: str) -> None:
    assert ("E_STEPS", place) in refused({**MINIMAL, "strategy": strategy})


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"strategy": {"bakeSeconds": 359}}, "strategy.steps[0].bakeSeconds"),
        ({"strategy": {"finalBakeSeconds": 60}}, "strategy.steps[3].bakeSeconds"),
        (
            {"strategy": {"steps": [{"percent": 5, "bakeSeconds": 0}, {"percent": 100}]}},
            "strategy.steps[0].bakeSeconds",
        ),
        ({"strategy": {"type": "allAtOnce", "finalBakeSeconds": 0}}, "strategy.steps[0].bakeSeconds"),
        ({"analysis": {"minDatapoints": 20}}, "strategy.steps[0].bakeSeconds"),
    ],
)
def test_a_bake_is_long_enough_for_an_honest_verdict(members: dict[str, Any], place: str) -> None:
    assert ("E_BAKE_TOO_SHORT", place) in refused({**MINIMAL, **members})


def test_only_a_last_step_after_others_may_go_unjudged() -> None:
    assert request(strategy={"finalBakeSeconds": 0}).strategy.final_bake_seconds == 0


def test_a_canary_that_can_take_longer_than_allowed_is_refused() -> None:
    gates = {"beforeStep": [5, 25, 50, 100], "beforeStart": True, "timeoutSeconds": 20_000}
    assert refused({**MINIMAL, "gates": gates}) == [("E_DURATION", "safety.maxDurationSeconds")]
    assert request(gates={**gates, "timeoutSeconds": 14_400})


def test_hooks_take_time_too() -> None:
    hook = "arn:aws:lambda:eu-west-1:111122223333:function:check"
    strategy = {"bakeSeconds": 600, "finalBakeSeconds": 600}
    document = {**MINIMAL, "strategy": strategy, "safety": {"maxDurationSeconds": 2400 + 1800}}
    assert parse_request(document)
    assert refused({**document, "hooks": {"afterStep": hook}}) == [("E_DURATION", "safety.maxDurationSeconds")]
    roomy = {**document, "safety": {"maxDurationSeconds": 2400 + 1800 + 4 * 60}}
    assert parse_request({**roomy, "hooks": {"afterStep": hook}})


def test_gates_stand_before_steps_that_exist() -> None:
    assert refused({**MINIMAL, "gates": {"beforeStep": [30]}}) == [("E_STEPS", "gates.beforeStep[0]")]


@pytest.mark.parametrize(
    "queries",
    [
        [],
        [{"Id": "M", "Expression": "a"}],
        [{"Id": "m"}],
        [{"Id": "m", "Expression": 5}],
        [{"Id": "m", "Expression": "a", "Surprise": 1}],
        [{"Id": "m", "Expression": "a" * 5000}],
        [{"Id": "m", "Expression": "a"}, {"Id": "m", "Expression": "b", "ReturnData": False}],
        [{"Id": "m", "Expression": "a"}, {"Id": "n", "Expression": "b"}],
        [{"Id": "m", "MetricStat": {"Stat": "Sum"}}],
        [
            {
                "Id": "m",
                "MetricStat": {"Stat": "Sum", "Metric": {"Namespace": "AWS/VpcLattice", "MetricName": "RequestCount"}},
            }
        ],
    ],
)
def test_queries_that_cloudwatch_would_refuse_or_never_answer_are_refused(queries: list[Any]) -> None:
    custom = {"name": "own", "metricDataQueries": queries, "direction": "higher", "max": 1}
    assert {code for code, _ in refused({**MINIMAL, "analysis": {"custom": [custom]}})} == {"E_SCHEMA"}


def test_a_preset_is_below_the_input() -> None:
    found = request(preset="Linear20PercentEvery6Minutes", strategy={"finalBakeSeconds": 600})
    assert (found.strategy.linear.step_percent, found.strategy.bake_seconds) == (20, 360)
    assert found.strategy.final_bake_seconds == 600
    own = parse_request({**MINIMAL, "preset": "Ours"}, {"Ours": {"reason": "preset"}})
    assert own.reason == "preset"


def test_a_tick_is_made_longer_where_a_canary_would_outgrow_its_history() -> None:
    quick = {"tickSeconds": 10}
    assert tick_seconds(request(analysis=quick)) == 40
    assert tick_seconds(request(analysis=quick, safety={"maxDurationSeconds": 7200})) == 10


NAMES = st.sampled_from(["", "type", "steps", "percent", "names", "name", "\0", "a" * 300, "5", "linear", "checks"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
MEMBERS = st.sampled_from([*MINIMAL, "strategy", "analysis", "alarms", "gates", "hooks", "safety", "notify", "preset"])


@law
@given(members=st.dictionaries(MEMBERS, JSON, max_size=4))
def test_f42_whatever_comes_in_is_accepted_whole_or_refused_with_codes(members: dict[str, Any]) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        found = parse_request({**MINIMAL, **members})
    except RefusedRequestError as error:
        problems = error.problems
    if problems:
        assert all(problem.code.startswith("E_") for problem in problems)
    else:
        assert parse_request(found.document()) == found
