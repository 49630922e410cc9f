"""What moto's CloudWatch answers wrongly about metric data: a point for a statistic that it cannot compute.

CloudWatch has no percentiles of statistic sets, and leaves such points out:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
"""

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from trellis_local.aws import moto_seam as moto


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    return moto.replace(CloudWatchBackend, "get_metric_data", _known(CloudWatchBackend.get_metric_data))


def _known(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_metric_data(*arguments: Any, **options: Any) -> Any:
        return [_without_gaps(result) for result in original(*arguments, **options)]

    return get_metric_data


def _without_gaps(result: dict[str, Any]) -> dict[str, Any]:
    pairs = [
        (when, value) for when, value in zip(result["timestamps"], result["values"], strict=True) if value is not None
    ]
    return {**result, "timestamps": [when for when, _ in pairs], "values": [value for _, value in pairs]}
