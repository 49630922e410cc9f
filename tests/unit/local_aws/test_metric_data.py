"""CloudWatch leaves out points of a statistic that it cannot compute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from trellis_local.aws import cloudwatch

WHEN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def client(in_moto: None) -> Iterator[Any]:
    undo = cloudwatch.install()
    yield boto3.client("cloudwatch", region_name="us-west-2")
    undo()


def query(stat: str) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": "RequestTime"}
    return {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


def test_a_percentile_of_a_statistic_set_has_no_points_and_its_average_has(client: Any) -> None:
    values = {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20}
    datum = {"MetricName": "RequestTime", "Timestamp": WHEN, "StatisticValues": values}
    client.put_metric_data(Namespace="Shop", MetricData=[datum])
    answer = client.get_metric_data(
        MetricDataQueries=[query("p99"), query("Average")], StartTime=WHEN, EndTime=WHEN + timedelta(minutes=1)
    )
    assert {found["Id"]: found["Values"] for found in answer["MetricDataResults"]} == {"p99": [], "average": [15.0]}
