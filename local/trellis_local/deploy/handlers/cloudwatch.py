"""AWS::CloudWatch::Alarm."""

from trellis_local.deploy.properties import tag_list
from trellis_local.deploy.resource import Created, Resource

_PASSED_ON = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)


def create_alarm(resource: Resource) -> Created:
    """The alarm, whose properties are the API's own; Ref is its name."""
    given = resource.properties
    name = given.take("AlarmName", resource.name(limit=255))
    tags = tag_list(given.tags())
    resource.api("cloudwatch", "put_metric_alarm", AlarmName=name, Tags=tags or None, **given.some(*_PASSED_ON))
    return Created(name, {"Arn": f"arn:aws:cloudwatch:{resource.region}:{resource.account}:alarm:{name}"})
