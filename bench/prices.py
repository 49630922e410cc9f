"""What checks cost in a month at list prices of us-east-1 and us-west-2, which are the same for all of these.

Prices of July 2025, without free tiers, discounts and taxes; look at the pages before you rely on them:
https://aws.amazon.com/step-functions/pricing/, https://aws.amazon.com/lambda/pricing/ (arm64),
https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/s3/pricing/,
https://aws.amazon.com/eventbridge/pricing/, https://aws.amazon.com/cloudwatch/pricing/.
"""

from dataclasses import dataclass

TRANSITION = 0.025 / 1000
GB_SECOND = 0.0000133334
INVOCATION = 0.20 / 1_000_000
READ_UNIT = 0.125 / 1_000_000
WRITE_UNIT = 0.625 / 1_000_000
S3_GET = 0.0004 / 1000
S3_PUT = 0.005 / 1000
SCHEDULED = 1.00 / 1_000_000
LOG_GB = 0.50

HOURS = 730
CHECKS = HOURS * 4  # by the default schedule, every 15 minutes
OF_A_CLUSTER, OF_THE_FLEET = 1, 4
"""Transitions of check-drift for each cluster, and for the whole fleet, when nothing has drifted."""

LOG_BYTES = 900
"""Of one invocation, in JSON: start, end and report, by which AWS' documentation shows them."""


@dataclass(frozen=True)
class Check:
    """What one check of one cluster takes."""

    transitions: int
    invocations: int
    gb_seconds: float
    read_units: float
    write_units: float
    s3_gets: int
    s3_puts: int


def monthly(check: Check, *, clusters: int = 100) -> dict[str, float]:
    """US dollars a month for each service, for so many clusters of which none has drifted."""
    times = CHECKS * clusters
    return {
        "Step Functions": ((check.transitions + OF_A_CLUSTER) * times + OF_THE_FLEET * CHECKS) * TRANSITION,
        "Lambda": (check.gb_seconds * GB_SECOND + check.invocations * INVOCATION) * times,
        "DynamoDB": (check.read_units * READ_UNIT + check.write_units * WRITE_UNIT) * times,
        "S3": (check.s3_gets * S3_GET + check.s3_puts * S3_PUT) * times,
        "EventBridge Scheduler": SCHEDULED * CHECKS,
        "CloudWatch Logs": check.invocations * LOG_BYTES * times / 1e9 * LOG_GB,
    }
