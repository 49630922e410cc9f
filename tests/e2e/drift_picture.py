"""What Trellis keeps for the walk-through's cluster B, read from AWS without a line of Trellis."""

from collections.abc import Mapping
from typing import Any

from drift_routes import HOSTNAME
from observing import CLUSTER_B

from trellis_local.walkthrough import World

Document = dict[str, Any]


def picture(world: World) -> Document:
    """All that Trellis keeps for cluster B, by name, as far as it is in force."""
    lattice = world.aws("vpc-lattice")
    names = {item["id"]: item["name"] for item in items(lattice, "list_target_groups")}
    return {
        "services": sorted((_service(lattice, item, names) for item in items(lattice, "list_services")), key=str),
        "groups": {
            item["name"]: (_targets(lattice, item["id"]), _health_check(lattice, item["id"]))
            for item in items(lattice, "list_target_groups")
            if item["status"] == "ACTIVE"
        },
        "networks": sorted(
            (item["name"], _associations(lattice, "list_service_network_vpc_associations", item["id"], "vpcId"))
            for item in items(lattice, "list_service_networks")
        ),
        "ingress": sorted(
            (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule.get("PrefixListId") or rule.get("CidrIpv4"))
            for rule in ingress_rules(world)
        ),
        "records": sorted(
            (record["Name"], record["Type"], record.get("TTL"), str(record.get("ResourceRecords")))
            for record in records(world)
            # The name of a service made anew leads to its new domain.
            if record["Type"] == "TXT"
        ),
        "names": sorted(_leads(world, record) for record in records(world) if record["Type"] == "CNAME"),
        "clients": [_client(world, role) for role in client_roles(world)],
        "bound": sorted(found["roleArn"] for found in pod_identities(world)),
        "zone": sorted(vpc["VPCId"] for vpc in world.aws("route53").get_hosted_zone(Id=zone_of(world))["VPCs"]),
    }


def zone_of(world: World) -> str:
    """The id of the zone of the names."""
    zones = world.aws("route53").list_hosted_zones()["HostedZones"]
    return str(next(zone["Id"] for zone in zones if f"{HOSTNAME}.".endswith(f".{zone['Name']}")))


def records(world: World) -> list[Document]:
    """All records of the zone."""
    found: list[Document] = world.aws("route53").list_resource_record_sets(HostedZoneId=zone_of(world))[
        "ResourceRecordSets"
    ]
    return found


def ingress_rules(world: World) -> list[Document]:
    """The rules of the security group that are Trellis'."""
    owner = {"Name": "tag:trellis:owner", "Values": [f"{world.status()['account']}/{CLUSTER_B}"]}
    found: list[Document] = world.aws("ec2").describe_security_group_rules(Filters=[owner])["SecurityGroupRules"]
    return sorted(found, key=lambda rule: str(rule.get("PrefixListId")))


def client_roles(world: World) -> list[Document]:
    """The IAM roles of the cluster's ServiceAccounts."""
    found: list[Document] = world.aws("iam").list_roles(PathPrefix=f"/trellis/clients/{CLUSTER_B}/")["Roles"]
    return found


def pod_identities(world: World) -> list[Document]:
    """The associations of EKS Pod Identity."""
    eks = world.aws("eks")
    listed = eks.list_pod_identity_associations(clusterName=CLUSTER_B)["associations"]
    return [
        eks.describe_pod_identity_association(clusterName=CLUSTER_B, associationId=item["associationId"])["association"]
        for item in listed
    ]


def _client(world: World, role: Document) -> Document:
    iam, name = world.aws("iam"), role["RoleName"]
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "name": name,
        "trust": role["AssumeRolePolicyDocument"],
        "policies": {
            found: iam.get_role_policy(RoleName=name, PolicyName=found)["PolicyDocument"] for found in policies
        },
    }


def _targets(lattice: Any, group: str) -> list[tuple[str, int]]:
    found = items(lattice, "list_targets", targetGroupIdentifier=group)
    return sorted((target["id"], target["port"]) for target in found if target["status"] != "DRAINING")


def _health_check(lattice: Any, group: str) -> Document:
    """HTTP/1.1 is the default, which is not named before somebody sets it."""
    return {
        "protocolVersion": "HTTP1",
        **lattice.get_target_group(targetGroupIdentifier=group)["config"]["healthCheck"],
    }


def _auth(lattice: Any, service: str, arn: str) -> tuple[str, str, str]:
    """Auth type and auth policy of a service, and what they are said to be for."""
    found = lattice.get_service(serviceIdentifier=service)["authType"]
    tags = lattice.list_tags_for_resource(resourceArn=arn)["tags"]
    try:
        policy = lattice.get_auth_policy(resourceIdentifier=service).get("policy", "")
    except lattice.exceptions.ResourceNotFoundException:
        policy = ""
    return found, policy, tags.get("trellis:auth-policy", "")


def _leads(world: World, record: Document) -> tuple[str, Any, bool]:
    """Whether a name leads to the service of its hostname."""
    hostname = record["Name"].removesuffix(".")
    services = items(world.aws("vpc-lattice"), "list_services")
    domains = [item["dnsEntry"]["domainName"] for item in services if item.get("customDomainName") == hostname]
    return hostname, record["TTL"], [value["Value"].removesuffix(".") for value in record["ResourceRecords"]] == domains


def _service(lattice: Any, item: Document, names: Mapping[str, str]) -> Document:
    try:
        listeners = [_listener(lattice, item["id"], found, names) for found in _listeners(lattice, item["id"])]
        certificate = lattice.get_service(serviceIdentifier=item["id"]).get("certificateArn")
        auth = _auth(lattice, item["id"], item["arn"])
    except lattice.exceptions.ResourceNotFoundException:
        listeners, certificate, auth = [], None, None
    return {
        "name": item["name"],
        "auth": auth,
        "certificate": certificate,
        "status": item["status"],
        "listeners": sorted(listeners, key=str),
        "networks": _associations(
            lattice, "list_service_network_service_associations", item["id"], "serviceNetworkName"
        ),
    }


def _listeners(lattice: Any, service: str) -> list[Document]:
    return items(lattice, "list_listeners", serviceIdentifier=service)


def _listener(lattice: Any, service: str, listener: Document, names: Mapping[str, str]) -> Document:
    where = {"serviceIdentifier": service, "listenerIdentifier": listener["id"]}
    rules = [
        lattice.get_rule(**where, ruleIdentifier=item["id"])
        for item in items(lattice, "list_rules", **where)
        if not item["isDefault"]
    ]
    kept = [
        {
            "name": rule["name"],
            "priority": rule["priority"],
            "match": rule["match"],
            "action": _action(rule["action"], names),
        }
        for rule in rules
    ]
    default = lattice.get_listener(**where)["defaultAction"]
    return {
        "name": listener["name"],
        "port": listener["port"],
        "default": _action(default, names),
        "rules": sorted(kept, key=lambda rule: str(rule["name"])),
    }


def _action(action: Document, names: Mapping[str, str]) -> Any:
    if "forward" not in action:
        return action
    shares = action["forward"]["targetGroups"]
    return sorted((names.get(share["targetGroupIdentifier"]), share["weight"]) for share in shares)


def _associations(lattice: Any, operation: str, identifier: str, member: str) -> list[tuple[str, str]]:
    of_network = "vpc" in operation
    where = {"serviceNetworkIdentifier" if of_network else "serviceIdentifier": identifier}
    return sorted((item[member], item["status"]) for item in items(lattice, operation, **where))


def items(lattice: Any, operation: str, **where: str) -> list[Document]:
    """All items of a list of VPC Lattice."""
    return [item for page in lattice.get_paginator(operation).paginate(**where) for item in page["items"]]
