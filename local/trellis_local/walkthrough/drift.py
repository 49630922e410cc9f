"""Somebody else's changes: a security-group rule is revoked, weights are changed, a name and an association deleted.

Each is undone by somebody else again, Trellis, and told of with who did it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trellis_local.walkthrough.world import World


@dataclass(frozen=True)
class Meddling:
    """One change by somebody else: `act` makes it, `found` shows its subject, `call` is what CloudTrail calls it."""

    what: str
    call: str
    act: Callable[[], None]
    found: Callable[[], Any]


class Somebody:
    """A person with administrator's rights who does not know of Trellis."""

    def __init__(self, world: World, *, cluster: str, vpc_id: str, hostname: str) -> None:
        self._world = world
        self._cluster, self._vpc_id, self._hostname = cluster, vpc_id, hostname

    def changes(self) -> tuple[Meddling, ...]:
        """The four changes."""
        return (
            Meddling(
                "a revoked rule of the security group", "ec2:RevokeSecurityGroupIngress", self._revoke, self._sources
            ),
            Meddling("changed weights of a rule", "vpc-lattice:UpdateRule", self._shift, self._weights),
            Meddling("a deleted CNAME", "route53:ChangeResourceRecordSets", self._unname, self._names),
            Meddling(
                "a deleted association of the VPC",
                "vpc-lattice:DeleteServiceNetworkVpcAssociation",
                self._disassociate,
                self._association,
            ),
        )

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """No event about other people's changes arrives meanwhile."""
        events = self._world.aws("events")
        rules = [rule["Name"] for rule in events.list_rules()["Rules"] if "NoticeChange" in rule["Name"]]
        for rule in rules:
            events.disable_rule(Name=rule)
        try:
            yield
        finally:
            for rule in rules:
                events.enable_rule(Name=rule)

    def is_settled(self) -> bool:
        """Whether no run is under way."""
        arn = self._world.status()["stateMachines"]["reconcile-cluster"]
        running = self._world.aws("stepfunctions").list_executions(stateMachineArn=arn, statusFilter="RUNNING")
        return not running["executions"]

    def blamed(self) -> set[tuple[str, str]]:
        """The calls, and who made them, that the reports about the cluster name as causes."""
        s3 = self._world.aws("s3")
        bucket = next(found["Name"] for found in s3.list_buckets()["Buckets"] if "document" in found["Name"].lower())
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"reports/{self._cluster}/")
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"].endswith(".json")]
        reports = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
        return {
            (cause["call"], cause["actor"])
            for report in reports
            for change in [*report["planned"], *report["done"]]
            for cause in change.get("causes", [])
        }

    # -- what is changed, and how it looks

    def _rules(self) -> list[dict[str, Any]]:
        owner = {"Name": "tag:trellis:owner", "Values": [f"{self._world.status()['account']}/{self._cluster}"]}
        found = self._world.aws("ec2").describe_security_group_rules(Filters=[owner])["SecurityGroupRules"]
        return list(found)

    def _sources(self) -> list[str]:
        return sorted(rule.get("PrefixListId") or rule.get("CidrIpv4") or rule["CidrIpv6"] for rule in self._rules())

    def _revoke(self) -> None:
        rule = self._rules()[0]
        self._world.aws("ec2").revoke_security_group_ingress(
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )

    def _listener(self) -> dict[str, str]:
        lattice = self._world.aws("vpc-lattice")
        services = lattice.list_services()["items"]
        service = next(item["id"] for item in services if item.get("customDomainName") == self._hostname)
        listener = lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
        return {"serviceIdentifier": service, "listenerIdentifier": listener}

    def _split_rules(self) -> list[dict[str, Any]]:
        """The rules that forward to more than one target group."""
        lattice, listener = self._world.aws("vpc-lattice"), self._listener()
        items = [item for item in lattice.list_rules(**listener)["items"] if not item["isDefault"]]
        rules = [lattice.get_rule(**listener, ruleIdentifier=item["id"]) for item in items]
        return [rule for rule in rules if len(rule["action"]["forward"]["targetGroups"]) > 1]

    def _weights(self) -> list[list[int]]:
        return [
            [group["weight"] for group in rule["action"]["forward"]["targetGroups"]] for rule in self._split_rules()
        ]

    def _shift(self) -> None:
        rule = self._split_rules()[0]
        groups = [{**group, "weight": 50} for group in rule["action"]["forward"]["targetGroups"]]
        action = {"forward": {"targetGroups": groups}}
        self._world.aws("vpc-lattice").update_rule(**self._listener(), ruleIdentifier=rule["id"], action=action)

    def _zone(self) -> str:
        zones = self._world.aws("route53").list_hosted_zones()["HostedZones"]
        return str(next(zone["Id"] for zone in zones if f"{self._hostname}.".endswith(f".{zone['Name']}")))

    def _names(self) -> list[dict[str, Any]]:
        pages = self._world.aws("route53").list_resource_record_sets(HostedZoneId=self._zone())["ResourceRecordSets"]
        return [record for record in pages if record["Type"] == "CNAME"]

    def _unname(self) -> None:
        changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in self._names()]
        self._world.aws("route53").change_resource_record_sets(
            HostedZoneId=self._zone(), ChangeBatch={"Changes": changes}
        )

    def _associations(self) -> list[dict[str, Any]]:
        lattice = self._world.aws("vpc-lattice")
        return list(lattice.list_service_network_vpc_associations(vpcIdentifier=self._vpc_id)["items"])

    def _association(self) -> list[tuple[str, str]]:
        return [(item["serviceNetworkName"], item["status"]) for item in self._associations()]

    def _disassociate(self) -> None:
        (found,) = self._associations()
        self._world.aws("vpc-lattice").delete_service_network_vpc_association(
            serviceNetworkVpcAssociationIdentifier=found["id"]
        )
