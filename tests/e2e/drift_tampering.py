"""Somebody who changes what Trellis keeps, one (kind, field) pair at a time, with calls of AWS alone."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from drift_changes import CHECK_CHANGES, RULE_CHANGES
from drift_pairs import Pair
from drift_picture import client_roles, ingress_rules, items, pod_identities, records, zone_of
from drift_routes import HOSTNAME, SECURED
from observing import CLUSTER_B, NETWORK, events_kept_away

from trellis_local.walkthrough import World

FOREIGN = "foreign"
_SECONDS = 60
_NAME_OWNER = f"_trellis.{HOSTNAME}."
_OF_CHECKS = "health_check."
_NO_OWNER = [{"Value": '"nobody"'}]

Document = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Ids of what is tampered with, read anew for each change."""

    service: str
    listener: str
    rules: tuple[Document, ...]
    groups: tuple[str, ...]

    @property
    def under_service(self) -> dict[str, str]:
        """The members that name the service."""
        return {"serviceIdentifier": self.service}

    @property
    def under_listener(self) -> dict[str, str]:
        """The members that name the listener."""
        return {"serviceIdentifier": self.service, "listenerIdentifier": self.listener}


class Tamperer:
    """Changes the walk-through's cluster B: the route above, its network, security group and names."""

    def __init__(self, world: World, vpc_id: str) -> None:
        self._world, self._vpc_id = world, vpc_id
        self._lattice, self._ec2, self._route53 = (world.aws(name) for name in ("vpc-lattice", "ec2", "route53"))
        self._iam, self._eks = world.aws("iam"), world.aws("eks")

    def knows(self, pair: Pair) -> bool:
        """Whether there is a way to tamper with this pair."""
        path = pair.field.removeprefix(_OF_CHECKS)
        return pair.kind in {"Rule", "Listener"} or path in CHECK_CHANGES or hasattr(self, _method(pair))

    def act(self, pair: Pair) -> None:
        """Change it; what has to be taken away before is taken away while no event arrives."""
        prepare = getattr(self, f"_before_{_method(pair)}", None)
        if prepare:
            with events_kept_away(self._world):
                prepare()
        named = getattr(self, _method(pair), None)
        if named:
            named()
        elif pair.kind == "Rule":
            self._change_rule(pair.field)
        elif pair.kind == "TargetGroup":
            self._change_health_check(pair.field.removeprefix(_OF_CHECKS))
        else:
            self._change_default(pair.field)

    # -- services

    def _before_service_deleted(self) -> None:
        self._disassociate_service()

    def service_deleted(self) -> None:
        """The service goes with all that is in it."""
        self._when_free(lambda: self._lattice.delete_service(**self._place().under_service))

    def service_service_networks(self) -> None:
        """The service leaves the network."""
        self._disassociate_service()

    def service_certificate_arn(self) -> None:
        """The service loses its certificate."""
        self._lattice.update_service(serviceIdentifier=self._secured()["id"], certificateArn="")

    def listener_deleted(self) -> None:
        """The listener goes with its rules."""
        self._lattice.delete_listener(**self._place().under_listener)

    def listener_added(self) -> None:
        """A second listener, which answers everything with 404."""
        action = {"fixedResponse": {"statusCode": 404}}
        where = self._place().under_service
        self._lattice.create_listener(**where, name=FOREIGN, protocol="HTTP", port=8081, defaultAction=action)

    def rule_deleted(self) -> None:
        """The first rule goes."""
        place = self._place()
        self._lattice.delete_rule(**place.under_listener, ruleIdentifier=place.rules[0]["id"])

    def rule_added(self) -> None:
        """A rule that takes requests away."""
        place = self._place()
        match = {"httpMatch": {"pathMatch": {"match": {"prefix": "/foreign"}}}}
        action = {"forward": {"targetGroups": [{"targetGroupIdentifier": place.groups[1], "weight": 1}]}}
        self._lattice.create_rule(**place.under_listener, name=FOREIGN, priority=1998, match=match, action=action)

    def _change_default(self, path: str) -> None:
        place = self._place()
        group = place.groups[1 if path.endswith("target_group") else 0]
        forward = {"forward": {"targetGroups": [{"targetGroupIdentifier": group, "weight": 5}]}}
        action = {"fixedResponse": {"statusCode": 500}} if path.endswith("status_code") else forward
        self._lattice.update_listener(**place.under_listener, defaultAction=action)

    def _change_rule(self, path: str) -> None:
        place = self._place()
        rule = place.rules[0]
        changed = {"priority": rule["priority"], "match": rule["match"], "action": rule["action"]}
        RULE_CHANGES[path](changed)
        member = path.split(".", maxsplit=1)[0]
        update = {"ruleIdentifier": rule["id"], member: changed[member]}
        self._lattice.update_rule(**place.under_listener, **update)

    # -- target groups

    def _before_targetgroup_deleted(self) -> None:
        place = self._place()
        for rule in place.rules:
            action = {"fixedResponse": {"statusCode": 404}}
            self._lattice.update_rule(**place.under_listener, ruleIdentifier=rule["id"], action=action)
        targets = self._lattice.list_targets(targetGroupIdentifier=place.groups[1])["items"]
        ends = [{"id": target["id"], "port": target["port"]} for target in targets]
        self._lattice.deregister_targets(targetGroupIdentifier=place.groups[1], targets=ends)
        self._doomed = place.groups[1]

    def targetgroup_deleted(self) -> None:
        """A target group goes after everything that has used it."""
        self._when_free(lambda: self._lattice.delete_target_group(targetGroupIdentifier=self._doomed))

    def _change_health_check(self, path: str) -> None:
        group = self._place().groups[0]
        self._lattice.update_target_group(targetGroupIdentifier=group, healthCheck=CHECK_CHANGES[path])

    def target_deleted(self) -> None:
        """A pod gets no requests any more."""
        group = self._place().groups[0]
        target = self._lattice.list_targets(targetGroupIdentifier=group)["items"][0]
        end = {"id": target["id"], "port": target["port"]}
        self._lattice.deregister_targets(targetGroupIdentifier=group, targets=[end])

    def target_added(self) -> None:
        """An address that is no pod gets requests."""
        target = {"id": "192.168.63.250", "port": 8080}
        self._lattice.register_targets(targetGroupIdentifier=self._place().groups[0], targets=[target])

    # -- network

    def _before_servicenetwork_deleted(self) -> None:
        network = self._network()
        for item in self._lattice.list_service_network_service_associations(serviceNetworkIdentifier=network)["items"]:
            identifier = item["id"]
            self._lattice.delete_service_network_service_association(
                serviceNetworkServiceAssociationIdentifier=identifier
            )
        for item in self._lattice.list_service_network_vpc_associations(serviceNetworkIdentifier=network)["items"]:
            self._lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=item["id"])
        self._world.wait("an unused network", lambda: not self._users(network), seconds=_SECONDS)

    def servicenetwork_deleted(self) -> None:
        """The network goes after all that was associated with it."""
        self._lattice.delete_service_network(serviceNetworkIdentifier=self._network())

    def vpcassociation_deleted(self) -> None:
        """The cluster's VPC leaves the network."""
        (found,) = self._lattice.list_service_network_vpc_associations(vpcIdentifier=self._vpc_id)["items"]
        self._lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=found["id"])

    # -- security group

    def linklocalrule_deleted(self) -> None:
        """Somebody revokes the rule that lets VPC Lattice in."""
        rule = self._ingress()
        self._ec2.revoke_security_group_ingress(
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )

    def linklocalrule_source(self) -> None:
        """The rule lets somebody else in."""
        used = {rule.get("PrefixListId") for rule in ingress_rules(self._world)}
        lists = self._ec2.describe_managed_prefix_lists()["PrefixLists"]
        self._modify(PrefixListId=next(item["PrefixListId"] for item in lists if item["PrefixListId"] not in used))

    def linklocalrule_protocol(self) -> None:
        """The rule is for UDP."""
        self._modify(IpProtocol="udp")

    def linklocalrule_from_port(self) -> None:
        """The rule begins at a higher port."""
        self._modify(FromPort=9000)

    def linklocalrule_to_port(self) -> None:
        """The rule ends at a lower port."""
        self._modify(ToPort=79)

    def _modify(self, **members: Any) -> None:
        found = self._ingress()
        names = ("IpProtocol", "FromPort", "ToPort", "PrefixListId", "CidrIpv4", "CidrIpv6")
        rule = {name: found[name] for name in names if name in found} | members
        changed = {"SecurityGroupRuleId": found["SecurityGroupRuleId"], "SecurityGroupRule": rule}
        self._ec2.modify_security_group_rules(GroupId=found["GroupId"], SecurityGroupRules=[changed])

    # -- names

    def recordset_deleted(self) -> None:
        """The name is gone."""
        self._change_record("DELETE", self._record())

    def recordset_ttl(self) -> None:
        """Resolvers keep the name for an hour."""
        self._change_record("UPSERT", {**self._record(), "TTL": 3600})

    def recordset_values(self) -> None:
        """The name leads elsewhere."""
        self._change_record("UPSERT", {**self._record(), "ResourceRecords": [{"Value": "elsewhere.example.com"}]})

    def nameownership_deleted(self) -> None:
        """Nothing says any more whose the name is."""
        self._change_record("DELETE", self._record(_NAME_OWNER))

    def nameownership_ttl(self) -> None:
        """Resolvers keep for an hour whose the name is."""
        self._change_record("UPSERT", {**self._record(_NAME_OWNER), "TTL": 3600})

    def nameownership_values(self) -> None:
        """The record tells of something else than of an owner."""
        self._change_record("UPSERT", {**self._record(_NAME_OWNER), "ResourceRecords": _NO_OWNER})

    def associationownership_deleted(self) -> None:
        """Nothing says any more who has associated the VPC with the zone."""
        self._change_record("DELETE", self._record(self._vpc_owner))

    def associationownership_ttl(self) -> None:
        """Resolvers keep for an hour who has associated the VPC with the zone."""
        self._change_record("UPSERT", {**self._record(self._vpc_owner), "TTL": 3600})

    def associationownership_values(self) -> None:
        """The record of the VPC tells of something else than of an owner."""
        self._change_record("UPSERT", {**self._record(self._vpc_owner), "ResourceRecords": _NO_OWNER})

    def hostedzone_vpc_ids(self) -> None:
        """The VPC cannot resolve the names any more."""
        vpc = {"VPCRegion": "us-west-2", "VPCId": self._vpc_id}
        self._route53.disassociate_vpc_from_hosted_zone(HostedZoneId=self._zone(), VPC=vpc)

    def _change_record(self, action: str, record: Document) -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        self._route53.change_resource_record_sets(HostedZoneId=self._zone(), ChangeBatch={"Changes": changes})

    # -- who may call, and who calls

    def authpolicy_deleted(self) -> None:
        """Nobody may call any more."""
        self._lattice.delete_auth_policy(resourceIdentifier=self._secured()["id"])

    def authpolicy_document(self) -> None:
        """Others may call."""
        document = _policy(Effect="Allow", Principal={"AWS": "444455556666"}, Action="*", Resource="*")
        self._lattice.put_auth_policy(resourceIdentifier=self._secured()["id"], policy=document)

    def authpolicy_holder(self) -> None:
        """The policy is not in force where it is, and everybody may call."""
        self._lattice.update_service(serviceIdentifier=self._secured()["id"], authType="NONE")

    def authpolicy_source(self) -> None:
        """The service tells of another policy."""
        self._lattice.tag_resource(resourceArn=self._secured()["arn"], tags={"trellis:auth-policy": "nobody"})

    def clientidentity_deleted(self) -> None:
        """The pods have a role no more, and it is gone."""
        (role,), (bound,) = client_roles(self._world), pod_identities(self._world)
        self._eks.delete_pod_identity_association(clusterName=CLUSTER_B, associationId=bound["associationId"])
        for policy in self._iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            self._iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=policy)
        self._iam.delete_role(RoleName=role["RoleName"])

    def clientidentity_calls(self) -> None:
        """The pods may call everything."""
        (role,) = client_roles(self._world)
        (policy,) = self._iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        document = _policy(Effect="Allow", Action="vpc-lattice-svcs:Invoke", Resource="*")
        self._iam.put_role_policy(RoleName=role["RoleName"], PolicyName=policy, PolicyDocument=document)

    def clientidentity_binding(self) -> None:
        """Others get the role, and the pods do not."""
        (role,) = client_roles(self._world)
        document = _policy(Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")
        self._iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=document)

    def clientidentity_role(self) -> None:
        """The pods get another role."""
        (bound,) = pod_identities(self._world)
        arn = f"arn:aws:iam::{self._world.status()['account']}:role/eks-cluster"
        where = {"clusterName": CLUSTER_B, "associationId": bound["associationId"]}
        self._eks.update_pod_identity_association(**where, roleArn=arn)

    # -- where everything is

    def _secured(self) -> Document:
        services = items(self._lattice, "list_services")
        return next(item for item in services if item.get("customDomainName") == SECURED)

    def _place(self) -> Place:
        services = items(self._lattice, "list_services")
        service = next(item["id"] for item in services if item.get("customDomainName") == HOSTNAME)
        listeners = self._lattice.list_listeners(serviceIdentifier=service)["items"]
        listener = next(item for item in listeners if item["name"] != FOREIGN)
        where = {"serviceIdentifier": service, "listenerIdentifier": listener["id"]}
        listed = [item for item in items(self._lattice, "list_rules", **where) if not item["isDefault"]]
        rules = [self._lattice.get_rule(**where, ruleIdentifier=item["id"]) for item in listed]
        rules.sort(key=lambda rule: -len(rule["action"].get("forward", {}).get("targetGroups", ())))
        shares = rules[0]["action"].get("forward", {}).get("targetGroups", ())
        return Place(service, listener["id"], tuple(rules), tuple(share["targetGroupIdentifier"] for share in shares))

    def _disassociate_service(self) -> None:
        where = self._place().under_service
        for item in self._lattice.list_service_network_service_associations(**where)["items"]:
            self._lattice.delete_service_network_service_association(
                serviceNetworkServiceAssociationIdentifier=item["id"]
            )

    def _network(self) -> str:
        networks = items(self._lattice, "list_service_networks")
        return next(str(item["id"]) for item in networks if item["name"] == NETWORK)

    def _users(self, network: str) -> list[Any]:
        kinds = ("list_service_network_service_associations", "list_service_network_vpc_associations")
        return [item for kind in kinds for item in items(self._lattice, kind, serviceNetworkIdentifier=network)]

    def _ingress(self) -> Document:
        return ingress_rules(self._world)[0]

    def _zone(self) -> str:
        return zone_of(self._world)

    @property
    def _vpc_owner(self) -> str:
        return f"_trellis-vpc.{self._vpc_id}."

    def _record(self, beginning: str = HOSTNAME) -> Document:
        return next(record for record in records(self._world) if record["Name"].startswith(beginning))

    def _when_free(self, act: Callable[[], Any]) -> None:
        """Call until nothing is in the way any more that AWS is still busy with."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                act()
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConflictException" or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _method(pair: Pair) -> str:
    return f"{pair.kind.lower()}_{pair.field.replace('.', '_')}"
