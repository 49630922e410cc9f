"""Where access logs can go: the three kinds of destination that VPC Lattice knows, told apart by their ARNs.

Source: VPC Lattice User Guide, "Access log destinations".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import moto_seam
from .errors import ResourceNotFoundException, invalid_field

LOG_GROUP, BUCKET, DELIVERY_STREAM = "LOG_GROUP", "BUCKET", "DELIVERY_STREAM"

_OWNED = r"arn:[a-z0-9-]+:{service}:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):{resource}"
_FORMS: Mapping[str, re.Pattern[str]] = {
    LOG_GROUP: re.compile(_OWNED.format(service="logs", resource=r"log-group:(?P<name>[a-zA-Z0-9_/.#-]{1,512})(:\*)?")),
    BUCKET: re.compile(r"arn:[a-z0-9-]+:s3:::(?P<name>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>.*))?"),
    DELIVERY_STREAM: re.compile(
        _OWNED.format(service="firehose", resource=r"deliverystream/(?P<name>[a-zA-Z0-9_.-]{1,64})")
    ),
}


@dataclass(frozen=True)
class LogDestination:
    """`arn` is as the API returns it; a bucket has no account and no region, only a bucket has a `prefix`."""

    type: str
    arn: str
    name: str
    account: str = ""
    region: str = ""
    prefix: str = ""

    @property
    def exists(self) -> bool:
        """Whether the log group, the bucket or the delivery stream exists now."""
        if self.type == BUCKET:
            return moto_seam.has_bucket(self.name)
        look = moto_seam.has_log_group if self.type == LOG_GROUP else moto_seam.has_delivery_stream
        return look(account=self.account, region=self.region, name=self.name)


def parse_destination(arn: str) -> LogDestination:
    """What an ARN points to; raises ValidationException when it is none of the three kinds."""
    for kind, form in _FORMS.items():
        found = form.fullmatch(arn)
        if found is not None:
            parts = found.groupdict(default="")
            parts["prefix"] = parts.get("prefix", "").strip("/")
            return LogDestination(type=kind, arn=_canonical(kind, arn), **parts)
    raise invalid_field(
        "destinationArn", "must be the ARN of a CloudWatch Logs log group, an S3 bucket or a Firehose delivery stream"
    )


def existing_destination(arn: str) -> LogDestination:
    """As parse_destination; raises ResourceNotFoundException when there is no such log group, bucket or stream.

    AWS documents no resourceType for it; it is neither SERVICE nor SERVICE_NETWORK, by which the AWS Gateway API
    Controller tells a missing destination from a missing source.
    """
    destination = parse_destination(arn)
    if not destination.exists:
        raise ResourceNotFoundException(
            f"The access log destination {arn} does not exist.", resource_id=arn, resource_type=destination.type
        )
    return destination


def _canonical(kind: str, arn: str) -> str:
    # The API returns the ARN of a log group with `:*` also when it was given without (Terraform AWS provider, tests of
    # aws_vpclattice_access_log_subscription).
    return f"{arn.removesuffix(':*')}:*" if kind == LOG_GROUP else arn
