"""The private parts of moto that the event seam rests on; a failure here means that moto has changed."""

import inspect

from moto.events import notifications
from moto.events.models import EventsBackend, Rule
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_replaced_methods_still_have_their_signatures() -> None:
    assert parameters(EventsBackend.put_events) == ["self", "events"]
    assert parameters(EventsBackend.put_targets) == ["self", "name", "event_bus_arn", "targets"]
    assert {"name", "event_pattern", "scheduled_expression"} <= set(parameters(EventsBackend.put_rule))
    assert parameters(Rule.send_to_targets) == ["self", "original_event", "transform_input"]
    assert len(parameters(notifications._send_safe_notification)) == 5
    for method in (EventBridgeSchedulerBackend.create_schedule, EventBridgeSchedulerBackend.update_schedule):
        assert {"schedule_expression", "schedule_expression_timezone", "flexible_time_window", "target"} <= set(
            parameters(method)
        )


def test_a_stored_rule_still_has_what_is_read() -> None:
    rule = Rule("n", "1", "us-west-2", None, '{"source": ["a"]}', "rate(1 hour)", None, "default", None)
    assert (rule.name, rule.state, rule.targets, rule.scheduled_expression) == ("n", "ENABLED", [], "rate(1 hour)")
    assert rule.event_pattern.dump() == '{"source": ["a"]}'
    assert rule.event_bus_name == "default"
    assert rule.arn.endswith("rule/n")


def test_a_stored_schedule_still_has_what_is_read() -> None:
    names = set(parameters(Schedule.__init__))
    assert {"start_date", "end_date", "action_after_completion", "target", "schedule_expression"} <= names
