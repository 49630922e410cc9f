"""Canaries and what stands around them: an operator's own functions, alarms, and people who are told."""
# ruff: noqa: F811 - fixtures are found by their names

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from hooks import HOOK, hook_function
from test_canary import HOSTNAME, SECONDS, Shop, shop, traffic  # noqa: F401

from trellis_local.walkthrough import World


@pytest.fixture
def hooks(world: World) -> Iterator[dict[str, str]]:
    """Hooks at every place, which ask a function of the operator's own."""
    with hook_function(world):
        yield dict.fromkeys(("preStart", "afterStep", "beforePromote", "postRollout"), HOOK)


def states_left(world: World, execution: str) -> list[str]:
    """The states of an execution that have ended well."""
    pages = world.aws("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    return [event["stateExitedEventDetails"]["name"] for event in events if "stateExitedEventDetails" in event]


def give_everything_to_v2(world: World) -> None:
    """Somebody changes the weights of the rules in VPC Lattice."""
    lattice = world.aws("vpc-lattice")
    groups = lattice.list_target_groups()["items"]
    v2 = {group["id"] for group in groups if "orders-v2" in group["name"]}
    (service,) = (item for item in lattice.list_services()["items"] if item.get("customDomainName") == HOSTNAME)
    for listener in lattice.list_listeners(serviceIdentifier=service["id"])["items"]:
        place = {"serviceIdentifier": service["id"], "listenerIdentifier": listener["id"]}
        for summary in lattice.list_rules(**place)["items"]:
            if not summary["isDefault"]:
                rule = lattice.get_rule(**place, ruleIdentifier=summary["id"])
                shares = rule["action"]["forward"]["targetGroups"]
                assert {share["targetGroupIdentifier"] for share in shares} & v2
                changed = [{**share, "weight": 100 * (share["targetGroupIdentifier"] in v2)} for share in shares]
                lattice.update_rule(**place, ruleIdentifier=rule["id"], action={"forward": {"targetGroups": changed}})


def test_a_hook_that_refuses_the_start_rejects(shop: Shop, hooks: dict[str, str]) -> None:
    before = shop.route()
    ended = shop.ended(shop.start(hooks=hooks, reason="refuse preStart"))
    assert (ended["status"], ended["error"]) == ("FAILED", "Rejected"), ended
    (problem,) = shop.problems(ended)
    assert problem == {"code": "E_HOOK_REFUSED", "place": "hooks.preStart", "message": "canaries/orders at 0 %"}
    assert shop.route() == before


def test_a_hook_that_refuses_the_promotion_brings_the_baseline_back(
    shop: Shop, hooks: dict[str, str], traffic: Counter[str]
) -> None:
    ended = shop.ended(shop.start(hooks=hooks, reason="refuse beforePromote"))
    assert (ended["status"], ended.get("error")) == ("FAILED", "RolledBack"), ended
    outline = json.loads(ended["cause"])
    assert outline["reason"] == f"HOOK_REFUSED: beforePromote, {HOOK}: canaries/orders at 50 %"
    answers = [(found["hook"], found["passed"]) for found in shop.report(outline["report"])["hooks"]]
    assert answers == [("preStart", True), ("afterStep", True), ("beforePromote", False)]
    assert shop.served() == {(100, 0)}
    assert traffic["orders-v2"] > 0
    assert states_left(shop.world, ended["executionArn"]).count("TellHook") == 1


def test_a_function_that_is_on_no_list_is_no_hook(shop: Shop) -> None:
    ended = shop.ended(shop.start(hooks={"afterStep": f"{HOOK}-or-not"}))
    assert [problem["code"] for problem in shop.problems(ended)] == ["E_HOOK_DENIED"]


def test_weights_that_somebody_changes_in_vpc_lattice_are_told_to_people(shop: Shop, unnoticed: None) -> None:
    world = shop.world
    topic = world.aws("sns").create_topic(Name="canaries")["TopicArn"]
    execution = shop.start(notify=[topic])
    shop.reach("BAKING")
    give_everything_to_v2(world)
    cloudwatch = world.aws("cloudwatch")

    def counted() -> bool:
        found = cloudwatch.list_metrics(Namespace="Trellis", MetricName="LatticeDrifts")["Metrics"]
        return [] in [metric["Dimensions"] for metric in found]

    world.wait("the metric that the alarm looks at", counted, seconds=SECONDS)
    shop.command("abort")
    ended = shop.ended(execution)
    assert json.loads(ended["cause"])["reason"].startswith("ABORTED: by bob")
    assert shop.served() == {(100, 0)}


def test_the_alarms_of_the_template_tell_its_topic(world: World) -> None:
    alarms = world.aws("cloudwatch").describe_alarms(AlarmNamePrefix="trellis-")["MetricAlarms"]
    assert {alarm["MetricName"] for alarm in alarms} == {
        "ApproximateNumberOfMessagesVisible",
        "ExecutionsFailed",
        "LatticeDrifts",
        "LeaseOverdueSeconds",
        "RollbacksFailed",
    }
    topics = {arn for alarm in alarms for arn in alarm["AlarmActions"]}
    assert [arn.rpartition(":")[2].startswith("trellis-DriftTopic") for arn in topics] == [True]
    (ended,) = (alarm for alarm in alarms if alarm["MetricName"] == "ExecutionsFailed")
    machine = world.status()["stateMachines"]["shift-canary"]
    assert ended["Dimensions"] == [{"Name": "StateMachineArn", "Value": machine}]
