"""Writes access logs into moto's CloudWatch Logs, S3 and Firehose, as a service of AWS that no call log shows.

A destination that does not exist any more gets nothing. Sources: VPC Lattice User Guide, "Access log destinations", for
the key of a file in S3; the name of the log stream and the line ends for Firehose are not documented and chosen here.
"""

import gzip
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from trellis_local import clock
from trellis_local.dataplane.access_logs import LogLine
from trellis_local.lattice.log_destinations import BUCKET, DELIVERY_STREAM, LOG_GROUP
from trellis_local.lattice.view import LogSubscriptionView

LOG_NAME = "VpcLatticeAccessLogs"


def deliver(subscription: LogSubscriptionView, lines: Sequence[LogLine]) -> None:
    """Write the lines, the oldest first, to the destination of the subscription."""
    if subscription.destination.exists:
        _WRITERS[subscription.destination.type](subscription, lines)


def log_stream_name(subscription: LogSubscriptionView) -> str:
    """One stream for each resource in the log group, named like the files in S3 without their time."""
    return f"{subscription.account}_{LOG_NAME}_{subscription.region}_{subscription.resource_id}"


def object_key(subscription: LogSubscriptionView, *, at: datetime, unique: str) -> str:
    """The key of a file that is written at this time; `unique` sets it apart from others of the same minute."""
    folder = (
        f"AWSLogs/{subscription.account}/VpcLattice/AccessLogs/{subscription.region}"
        f"/{at:%Y/%m/%d}/{subscription.resource_id}"
    )
    file_name = f"{log_stream_name(subscription)}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return "/".join(filter(None, (subscription.destination.prefix, folder, file_name)))


def _to_log_group(subscription: LogSubscriptionView, lines: Sequence[LogLine]) -> None:
    destination = subscription.destination
    group = logs_backends[destination.account][destination.region].groups[destination.name]
    stream = log_stream_name(subscription)
    if stream not in group.streams:
        group.create_log_stream(stream)
    # The log group directly: the backend refuses timestamps that are far from real time, as a fast clock's are.
    group.put_log_events(stream, [{"timestamp": line.milliseconds, "message": line.text} for line in lines])


def _to_bucket(subscription: LogSubscriptionView, lines: Sequence[LogLine]) -> None:
    bucket = subscription.destination.name
    partition, account = s3_backends.bucket_accounts[bucket]
    key = object_key(subscription, at=clock.current().now(), unique=secrets.token_hex(4))
    s3_backends[account][partition].put_object(bucket, key, gzip.compress(_text(lines)))


def _to_delivery_stream(subscription: LogSubscriptionView, lines: Sequence[LogLine]) -> None:
    destination = subscription.destination
    records = [{"Data": _text([line])} for line in lines]
    firehose_backends[destination.account][destination.region].put_record_batch(destination.name, records)


def _text(lines: Sequence[LogLine]) -> bytes:
    return "".join(f"{line.text}\n" for line in lines).encode()


_WRITERS: Mapping[str, Callable[[LogSubscriptionView, Sequence[LogLine]], None]] = {
    LOG_GROUP: _to_log_group,
    BUCKET: _to_bucket,
    DELIVERY_STREAM: _to_delivery_stream,
}
