"""The answers of a CloudWatch API over boto3: types and members are those that the reading expects."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from canary_making import FIRST
from moto import mock_aws

from trellis.canary.evidence import Minute
from trellis.resources.canary_evidence import read_alarms
from trellis.resources.canary_metrics import Subjects, read_series
from trellis.resources.metric_data import Period

NAMESPACE = "AWS/VpcLattice"


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("cloudwatch", region_name="eu-west-1")


def put(cloudwatch: Any, group: str, **values: float) -> None:
    when = datetime.fromtimestamp(FIRST, UTC)
    dimensions = [{"Name": "TargetGroup", "Value": group}]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": when, "Value": value}
        for name, value in values.items()
    ]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)


def test_a_minute_of_each_version(cloudwatch: Any) -> None:
    put(cloudwatch, "tg-1", TotalRequestCount=90, HTTPCode_5XX_Count=0, RequestTime=11)
    put(cloudwatch, "tg-2", TotalRequestCount=10, HTTPCode_5XX_Count=2, HTTPCode_4XX_Count=3, RequestTime=14)
    found = read_series(cloudwatch, Subjects(("tg-1",), ("tg-2",), stat="Average"), Period(FIRST - 60, FIRST + 300))
    assert found == ((Minute(FIRST, 90, 0, 0, 11, 0),), (Minute(FIRST, 10, 2, 3, 14, 5),))


def test_alarms(cloudwatch: Any) -> None:
    metric = {"Namespace": NAMESPACE, "MetricName": "a", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0}
    comparison = {"ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(AlarmName="a", **metric, **comparison)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
    found, missing = read_alarms(cloudwatch, ["a", "b"])
    assert (found.state, found.actions_enabled, missing.state) == ("ALARM", True, "MISSING")
    assert found.since > 0
