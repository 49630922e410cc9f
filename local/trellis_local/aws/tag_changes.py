"""Turns changes of tags into the events of type "Tag Change on Resource" that AWS sends beside CloudTrail's.

Any change counts, by the service's own API or by the Tagging API, at creation or later; the event has all tags after
the change and names no caller: https://docs.aws.amazon.com/tag-editor/latest/userguide/tag-monitor.html. AWS publishes
no list of the services that take part; here they are those whose tags Trellis reads or writes. EC2's instances are the
page's own example and samples of AWS listen to VPC Lattice; that ACM and EKS take part is inferred. So is that the
deletion of a resource sends nothing: the page speaks of changed tags only.
"""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trellis_local.aws import moto_seam as moto
from trellis_local.aws import wire
from trellis_local.aws.gateway import CompletedCall
from trellis_local.iam.request import values

_SERVICES = ("acm", "ec2", "eks", "vpc-lattice")
_EC2_KINDS = {
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
_WHERE = {
    "acm": ("CertificateArn",),
    "ec2": (
        "Resources[]",
        "GroupId",
        "SecurityGroupRules[].SecurityGroupRuleId",
        "Vpc.VpcId",
        "Subnet.SubnetId",
        "Instances[].InstanceId",
        "InternetGateway.InternetGatewayId",
        "NatGateway.NatGatewayId",
        "RouteTable.RouteTableId",
        "PrefixList.PrefixListId",
        "VolumeId",
    ),
    "eks": ("resourceArn", "cluster.arn"),
    "vpc-lattice": ("resourceArn", "arn"),
    "tag": ("ResourceARNList[]",),
}
"""Where calls name the resources that they tag, by id or ARN, in the request or in the answer."""


class TagChanges:
    """Knows the tags that each resource had; an event's `version` counts the changes of one resource."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, str]] = {}
        self._versions: dict[str, int] = {}

    def events_of(self, completed: CompletedCall) -> list[dict[str, Any]]:
        """The events that a call causes: one for each resource whose tags are not what they were.

        To be asked before the next call changes the tags again.
        """
        if completed.call.error_code is not None or completed.call.service not in _WHERE:
            return []
        with self._lock:
            return list(self._changes(completed))

    def _changes(self, completed: CompletedCall) -> Iterator[dict[str, Any]]:
        region = completed.call.region
        for arn in sorted(_arns(completed)):
            tags = dict(moto.resource_tags(arn, region=region))
            before = self._known.get(arn, {})
            changed = sorted(key for key in before.keys() | tags.keys() if before.get(key) != tags.get(key))
            if changed:
                self._known[arn] = tags
                self._versions[arn] = self._versions.get(arn, 0) + 1
                yield self._event(completed, arn, changed, tags)

    def _event(
        self, completed: CompletedCall, arn: str, changed: Iterable[str], tags: Mapping[str, str]
    ) -> dict[str, Any]:
        _, _, service, _, _, rest = arn.split(":", 5)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Tag Change on Resource",
            "source": "aws.tag",
            "account": completed.wire.api.account,
            "time": datetime.fromtimestamp(completed.call.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": completed.call.region,
            "resources": [arn],
            "detail": {
                "changed-tag-keys": list(changed),
                "service": service,
                "resource-type": rest.split("/", 1)[0],
                "version": self._versions[arn],
                "tags": dict(tags),
            },
        }


def _arns(completed: CompletedCall) -> set[str]:
    """The ARNs of the resources that a call may have tagged."""
    request = completed.wire
    answer = wire.parse_answer(request, completed.answer)
    found = {
        value
        for path in _WHERE[completed.call.service]
        for document in (request.api.parameters, answer)
        for value in values(replace(request.api, parameters=document), path)
    }
    return {arn for value in found if (arn := _arn(value, completed)) and arn.split(":", 3)[2] in _SERVICES}


def _arn(value: str, completed: CompletedCall) -> str | None:
    if value.startswith("arn:"):
        return value
    kind = _EC2_KINDS.get(value.rpartition("-")[0])
    return f"arn:aws:ec2:{completed.call.region}:{completed.wire.api.account}:{kind}/{value}" if kind else None
