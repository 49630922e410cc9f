"""The alarms of the template look at metrics that exist: those that AWS documents, or that canaries really count."""

from pathlib import Path
from typing import Any

import pytest
from canary_execution import Execution
from canary_world import World

from trellis.canary.names import FLEET_WIDE, Metric
from trellis.canary.state import Phase
from trellis.runs.notifying import NAMESPACE
from trellis_local.deploy.yaml_loading import load

RESOURCES = load(Path(__file__).parents[3] / "template.yaml")["Resources"]
ALARMS = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::CloudWatch::Alarm"}
OWN = {name: alarm for name, alarm in ALARMS.items() if alarm["Namespace"] == NAMESPACE}

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn": {"Ref": "ShiftCanary"}},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName": {"Fn::GetAtt": ["EventDeadLetters", "QueueName"]}},
}


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    return {found["Name"]: found["Value"] for found in alarm.get("Dimensions", ())}


def test_every_metric_without_dimensions_has_an_alarm_and_no_alarm_looks_at_another() -> None:
    assert {alarm["MetricName"] for alarm in OWN.values()} == set(FLEET_WIDE)
    assert [name for name, alarm in OWN.items() if dimensions(alarm)] == []


def test_the_other_alarms_look_at_what_aws_documents() -> None:
    others = {name: alarm for name, alarm in ALARMS.items() if name not in OWN}
    found = {(alarm["Namespace"], alarm["MetricName"]): dimensions(alarm) for alarm in others.values()}
    assert found == OF_AWS


@pytest.mark.parametrize("name", ALARMS)
def test_somebody_hears_an_alarm(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "DriftTopic"}]


def test_what_becomes_of_a_reaper_that_fails_is_watched() -> None:
    reaper = RESOURCES["ReapCanaryFunction"]["Properties"]
    watched = {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}
    assert reaper["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == watched
    assert reaper["Events"]["CanaryEnded"]["Properties"]["DeadLetterConfig"]["Arn"] == watched


def counted(it: World, metric: Metric) -> list[float]:
    """The values as an alarm sees them."""
    return [value for seen in it.cloudwatch.measured if seen[:3] == (NAMESPACE, metric, ()) for value in seen[3:]]


def rollback_failed(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.cloudwatch.failing.add("v2")
    it.lattice.unhealthy.add("v1")
    assert canary.finished().end == "RollbackFailed"


def test_a_rollback_that_failed_is_counted(it: World, canary: Execution) -> None:
    rollback_failed(it, canary)
    assert counted(it, Metric.ROLLBACKS_FAILED) == [1]
    assert it.lease.phase is Phase.ROLLBACK_FAILED


def test_a_lease_beyond_its_deadline_is_counted_in_seconds_and_one_in_time_as_none(
    it: World, canary: Execution
) -> None:
    canary.until("Evaluate")
    it.sweep()
    it.now = it.lease.progress.deadline_at + 3600
    it.sweep()
    assert counted(it, Metric.LEASE_OVERDUE_SECONDS) == [0, 3600]


def test_a_promotion_that_waits_for_git_is_not_overdue(it: World, canary: Execution) -> None:
    canary.finished()
    it.server.apply(100, 0)
    it.now += 10 * 86_400
    it.sweep()
    assert counted(it, Metric.LEASE_OVERDUE_SECONDS) == []


def test_rules_that_carry_something_else_are_counted(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.lattice.gone.add(it.lease.progress.groups[0].baseline)
    canary.advance()
    assert counted(it, Metric.LATTICE_DRIFTS) == [1]


def test_nothing_else_is_counted_without_dimensions(it: World, canary: Execution) -> None:
    rollback_failed(it, canary)
    it.sweep()
    assert {seen[1] for seen in it.cloudwatch.measured if seen[2] == ()} <= set(FLEET_WIDE)
    assert {seen[2] for seen in it.cloudwatch.measured} == {(), ("Cluster", "Route")}
