"""Everything that there is in the account and in the cluster, with names instead of what AWS chooses.

Two runs that end in the same state have equal documents, and an orphan is an entry too many. Leases and the stored
documents are left out: both tell of runs.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from flow_lab import TABLE, FlowLab
from flow_world import CLUSTER

_DRAINING_SECONDS = 600
_DROPPED = frozenset(
    {
        "ResponseMetadata",
        "createdAt",
        "lastUpdatedAt",
        "modifiedAt",
        "associatedAt",
        "lastTransitionTime",
        "lastUpdateTime",
        "createdBy",
        "hostedZoneId",
        "CreationTimestamp",
        "CallerReference",
        "creationTimestamp",
        "resourceVersion",
        "uid",
        "managedFields",
        "SecurityGroupRuleId",
        "CreateDate",
        "RoleId",
    }
)
_KINDS = {
    "gateway.networking.k8s.io": ("gatewayclasses", "gateways", "httproutes"),
    "rbac.authorization.k8s.io": ("clusterroles", "clusterrolebindings"),
    "apps": ("deployments",),
}

_DOMAIN = re.compile(r"[\w-]+-[0-9a-f]{17}\.[0-9a-f]{7}\.vpc-lattice-svcs[\w.-]+")

Document = dict[str, Any]


def state_of(lab: FlowLab) -> Document:
    """The state once everything that AWS does by itself is over."""
    lab.clock.move(_DRAINING_SECONDS)
    reader = _Reader(lab)
    found = {
        "lattice": reader.lattice(),
        "security group rules": reader.security_group_rules(),
        "zones": reader.zones(),
        "access entries": reader.access_entries(),
        "client roles": reader.client_roles(),
        "pod identities": reader.pod_identities(),
        "registry": reader.registry(),
        "inventory": reader.inventory(),
        "kubernetes": reader.kubernetes(),
    }
    text = json.dumps(found, sort_keys=True, default=str)
    for chosen, name in sorted(reader.names.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(chosen, f"<{name}>")
    state: Document = json.loads(_DOMAIN.sub("<domain of a service that is gone>", text))
    return state


def differences(expected: Any, found: Any, place: str = "") -> Iterator[str]:
    """Where two states differ, a line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from differences(expected.get(key, "nothing"), found.get(key, "nothing"), f"{place}/{key}")
    elif expected != found:
        yield f"{place}: expected {json.dumps(expected)}, found {json.dumps(found)}"


class _Reader:
    """Reads, and learns which name each identifier stands for."""

    def __init__(self, lab: FlowLab) -> None:
        self._lab = lab
        self._lattice = lab.aws("vpc-lattice")
        self.names: dict[str, str] = {}

    def lattice(self) -> Document:
        return {
            "networks": self._keyed("service_networks", self._network),
            "services": self._keyed("services", self._service),
            "target groups": self._keyed("target_groups", self._group),
        }

    def _keyed(self, kind: str, describe: Any) -> Document:
        items = list(self._list(f"list_{kind}"))
        for item in items:
            self._name(item["id"], f"{kind} {item['name']}")
        return {self._once(items, item["name"], item): describe(item) for item in items}

    @staticmethod
    def _once(items: list[Document], name: str, item: Document) -> str:
        """Two of the same name must both be seen."""
        same = [other["id"] for other in items if other["name"] == name]
        return name if len(same) == 1 else f"{name} #{same.index(item['id'])}"

    def _network(self, item: Document) -> Document:
        associations = list(self._list("list_service_network_vpc_associations", serviceNetworkIdentifier=item["id"]))
        for association in associations:
            self._name(association["id"], f"association of {association['vpcId']}")
        return {
            "tags": self._tags(item["arn"]),
            "auth type": self._lattice.get_service_network(serviceNetworkIdentifier=item["id"])["authType"],
            "auth policy": self._auth_policy(item["arn"]),
            "vpcs": [
                {**_plain(association), "tags": self._tags(association["arn"])}
                for association in sorted(associations, key=lambda found: str(found["vpcId"]))
            ],
        }

    def _service(self, item: Document) -> Document:
        service = self._lattice.get_service(serviceIdentifier=item["id"])
        self._name(service["dnsEntry"]["domainName"], f"domain of {item['name']}")
        associations = list(self._list("list_service_network_service_associations", serviceIdentifier=item["id"]))
        for association in associations:
            self._name(association["id"], f"{item['name']} in {association['serviceNetworkName']}")
            self._name(association["dnsEntry"]["domainName"], f"domain of {item['name']} in its network")
        listeners = list(self._list("list_listeners", serviceIdentifier=item["id"]))
        return {
            **_plain(service),
            "tags": self._tags(item["arn"]),
            "auth policy": self._auth_policy(item["arn"]),
            "networks": sorted(
                ({**_plain(found), "tags": self._tags(found["arn"])} for found in associations),
                key=lambda found: str(found["serviceNetworkName"]),
            ),
            "listeners": {found["name"]: self._listener(item["id"], found) for found in listeners},
        }

    def _auth_policy(self, arn: str) -> Document:
        try:
            found = _plain(self._lattice.get_auth_policy(resourceIdentifier=arn))
        except self._lattice.exceptions.ResourceNotFoundException:
            return {}
        return {**found, "policy": json.loads(found["policy"])}

    def _listener(self, service: str, item: Document) -> Document:
        self._name(item["id"], f"listener {item['name']}")
        place = {"serviceIdentifier": service, "listenerIdentifier": item["id"]}
        rules = [
            self._lattice.get_rule(**place, ruleIdentifier=rule["id"]) for rule in self._list("list_rules", **place)
        ]
        for rule in rules:
            self._name(rule["id"], f"rule {rule['name']}")
        return {
            **_plain(self._lattice.get_listener(**place)),
            "tags": self._tags(item["arn"]),
            "rules": [
                {**_plain(rule), "tags": {} if rule["isDefault"] else self._tags(rule["arn"])}
                for rule in sorted(rules, key=lambda found: int(found.get("priority", 0)))
            ],
        }

    def _group(self, item: Document) -> Document:
        targets = self._list("list_targets", targetGroupIdentifier=item["id"])
        return {
            **_plain(self._lattice.get_target_group(targetGroupIdentifier=item["id"])),
            "tags": self._tags(item["arn"]),
            "targets": sorted(f"{target['id']}:{target['port']} {target['status']}" for target in targets),
        }

    def security_group_rules(self) -> list[Document]:
        rules = self._lab.aws("ec2").describe_security_group_rules()["SecurityGroupRules"]
        for rule in rules:
            source = rule.get("PrefixListId") or rule.get("CidrIpv4") or rule.get("CidrIpv6")
            way = "egress" if rule["IsEgress"] else "ingress"
            self._name(rule["SecurityGroupRuleId"], f"{way} of {rule['GroupId']} with {source}")
        plain = [
            {**_plain(rule), "Tags": sorted((tag["Key"], tag["Value"]) for tag in rule.get("Tags", []))}
            for rule in rules
        ]
        for rule in plain:
            rule.pop("SecurityGroupRuleArn", None)
        return sorted(plain, key=lambda rule: json.dumps(rule, sort_keys=True, default=str))

    def zones(self) -> Document:
        route53 = self._lab.aws("route53")
        return {
            zone["Name"]: {
                "records": [
                    _plain(record)
                    for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
                ],
                "vpcs": sorted(vpc["VPCId"] for vpc in route53.get_hosted_zone(Id=zone["Id"])["VPCs"]),
            }
            for zone in route53.list_hosted_zones()["HostedZones"]
        }

    def access_entries(self) -> Document:
        eks = self._lab.aws("eks")
        found = {}
        for principal in eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]:
            place = {"clusterName": CLUSTER, "principalArn": principal}
            entry = _plain(eks.describe_access_entry(**place)["accessEntry"])
            self._name(entry.pop("accessEntryArn"), f"access entry of {principal}")
            found[principal] = {**entry, "policies": _plain(eks.list_associated_access_policies(**place))}
        return found

    def client_roles(self) -> Document:
        iam = self._lab.aws("iam")
        found = {}
        for name in sorted(role["RoleName"] for role in iam.list_roles(PathPrefix="/trellis/clients/")["Roles"]):
            policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
            found[name] = {
                **_plain(iam.get_role(RoleName=name)["Role"]),
                "inline": {
                    policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for policy in policies
                },
                "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
            }
        return found

    def pod_identities(self) -> list[Document]:
        eks, found = self._lab.aws("eks"), []
        for item in eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]:
            account = f"{item['namespace']}/{item['serviceAccount']}"
            self._name(item["associationId"], f"pod identity of {account}")
            place = {"clusterName": CLUSTER, "associationId": item["associationId"]}
            found.append(_plain(eks.describe_pod_identity_association(**place)["association"]))
        return sorted(found, key=lambda item: str(item["serviceAccount"]))

    def registry(self) -> list[Document]:
        """Whether there is a plan by which a cluster has converged, not which: its key follows from chosen names."""
        found = [item for item in self._items() if item["pk"]["S"] == "CLUSTER"]
        return [
            {**item, "converged": "converged" in item, "convergedReadAt": "convergedReadAt" in item} for item in found
        ]

    def inventory(self) -> Document:
        """What is known of the resources that exist; what has gone is remembered for a while."""
        owned = {
            item["sk"]["S"]: zlib.decompress(item["owned"]["B"])
            for item in self._items()
            if item["pk"]["S"] == "INVENTORY"
        }
        single = {
            item["pk"]["S"].removeprefix("OWNED#"): item["item"]["S"]
            for item in self._items()
            if item["pk"]["S"].startswith("OWNED#") and "ttl" not in item
        }
        return {"by cluster": {name: json.loads(text) for name, text in owned.items()}, "by resource": single}

    def _items(self) -> list[Document]:
        return list(self._lab.aws("dynamodb").scan(TableName=TABLE)["Items"])

    def kubernetes(self) -> Document:
        store = self._lab.running(CLUSTER).cluster.store
        found: Document = {
            f"{plural} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": _plain(item)
            for group, plurals in _KINDS.items()
            for plural in plurals
            for item in store.list((group, plural))
        }
        definitions = store.list(("apiextensions.k8s.io", "customresourcedefinitions"))
        return {**found, "definitions": sorted(item["metadata"]["name"] for item in definitions)}

    def _list(self, operation: str, **arguments: Any) -> Iterator[Document]:
        for page in self._lattice.get_paginator(operation).paginate(**arguments):
            yield from page["items"]

    def _tags(self, arn: str) -> Document:
        return dict(self._lattice.list_tags_for_resource(resourceArn=arn)["tags"])

    def _name(self, chosen: str, name: str) -> None:
        self.names[chosen] = name


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items() if key not in _DROPPED}
    return [_plain(item) for item in value] if isinstance(value, list) else value
