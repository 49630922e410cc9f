"""What a subscription gives the log delivery service of AWS, unless it has it already: the right to write there.

Sources: VPC Lattice User Guide, "Access log destinations"; CloudWatch Logs User Guide, "Enable logging from AWS
services", permissions by destination. They stay when the subscription is deleted, and are not evaluated here.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from . import moto_seam
from .log_destinations import BUCKET, LOG_GROUP, LogDestination

POLICY_NAME = "AWSLogDeliveryWrite20150319"
STREAM_TAG = ("LogDeliveryEnabled", "true")
_SERVICE = "delivery.logs.amazonaws.com"

Statement = dict[str, Any]


@dataclass(frozen=True)
class Grantor:
    """The account and region of a subscription, which may only open destinations of the same account."""

    account: str
    region: str
    partition: str

    def allow_delivery(self, destination: LogDestination) -> None:
        """Let the log delivery service write to an existing destination."""
        owner = moto_seam.bucket_owner(destination.name) if destination.type == BUCKET else destination.account
        if owner != self.account:
            return
        if destination.type == BUCKET:
            self._open_bucket(destination)
        elif destination.type == LOG_GROUP:
            self._open_log_group(destination)
        else:
            place = {"account": destination.account, "region": destination.region}
            moto_seam.tag_delivery_stream(**place, name=destination.name, tag=STREAM_TAG)

    def _open_log_group(self, destination: LogDestination) -> None:
        place = {"account": destination.account, "region": destination.region}
        policies = moto_seam.log_resource_policies(**place)
        wanted: Statement = {
            "Sid": POLICY_NAME,
            "Effect": "Allow",
            "Principal": {"Service": _SERVICE},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [destination.arn.removesuffix(":*") + ":log-stream:*"],
            "Condition": self._condition(),
        }
        if _grants(policies.values(), wanted):
            return
        document = json.loads(policies.get(POLICY_NAME) or '{"Version": "2012-10-17", "Statement": []}')
        own = [item for item in document["Statement"] if item.get("Sid") == POLICY_NAME]
        if own:
            own[0]["Resource"] = [*_listed(own[0]["Resource"]), *wanted["Resource"]]
        else:
            document["Statement"].append(wanted)
        moto_seam.put_log_resource_policy(**place, name=POLICY_NAME, document=json.dumps(document))

    def _open_bucket(self, destination: LogDestination) -> None:
        bucket = f"arn:{self.partition}:s3:::{destination.name}"
        folder = "/".join(filter(None, (bucket, destination.prefix, "AWSLogs", self.account, "*")))
        write = self._statement("AWSLogDeliveryWrite", "s3:PutObject", folder)
        write["Condition"]["StringEquals"]["s3:x-amz-acl"] = "bucket-owner-full-control"
        text = moto_seam.bucket_policy(destination.name)
        missing = [
            statement
            for statement in (write, self._statement("AWSLogDeliveryAclCheck", "s3:GetBucketAcl", bucket))
            if not _grants([text] if text else [], statement)
        ]
        if missing:
            document = json.loads(text) if text else {"Version": "2012-10-17", "Id": POLICY_NAME, "Statement": []}
            document["Statement"] = [*_listed(document["Statement"]), *missing]
            moto_seam.put_bucket_policy(destination.name, json.dumps(document))

    def _statement(self, sid: str, action: str, resource: str) -> Statement:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": _SERVICE},
            "Action": action,
            "Resource": resource,
            "Condition": self._condition(),
        }

    def _condition(self) -> dict[str, dict[str, str]]:
        return {
            "StringEquals": {"aws:SourceAccount": self.account},
            "ArnLike": {"aws:SourceArn": f"arn:{self.partition}:logs:{self.region}:{self.account}:*"},
        }


def _grants(policies: Iterable[str], wanted: Statement) -> bool:
    """Whether one statement of the policies allows the wanted actions on the wanted resource, conditions aside."""
    return any(
        statement.get("Effect") == "Allow"
        and _SERVICE in _services(statement)
        and all(_matches(statement.get("Action"), action) for action in _listed(wanted["Action"]))
        and all(_matches(statement.get("Resource"), resource) for resource in _listed(wanted["Resource"]))
        for text in policies
        for statement in _listed(json.loads(text).get("Statement", []))
    )


def _services(statement: Statement) -> Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        yield from _listed(principal.get("Service", []))


def _matches(patterns: Any, value: str) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in _listed(patterns or []))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
