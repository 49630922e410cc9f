"""What carries Trellis' marks in the account: after everybody has left, nothing may."""

from collections.abc import Iterator

from trellis_local.walkthrough.world import World

_OWNER = "trellis:owner"


def leftovers(world: World) -> list[str]:
    """The resources that Trellis owns, whatever their kind."""
    kinds = (_lattice, _security_group_rules, _records, _access_entries, _clients)
    return sorted(found for kind in kinds for found in kind(world))


def _lattice(world: World) -> Iterator[str]:
    lattice = world.aws("vpc-lattice")
    arns = [
        item["arn"]
        for kind in ("service_networks", "services", "target_groups")
        for page in lattice.get_paginator(f"list_{kind}").paginate()
        for item in page["items"]
    ]
    for arn in arns:
        if _OWNER in lattice.list_tags_for_resource(resourceArn=arn)["tags"]:
            yield arn


def _security_group_rules(world: World) -> Iterator[str]:
    for rule in world.aws("ec2").describe_security_group_rules()["SecurityGroupRules"]:
        if any(tag["Key"] == _OWNER for tag in rule.get("Tags", [])):
            yield rule["SecurityGroupRuleId"]


def _records(world: World) -> Iterator[str]:
    route53 = world.aws("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            values = [value["Value"] for value in record.get("ResourceRecords", [])]
            if any("heritage=trellis" in value for value in values) or record["Type"] == "CNAME":
                yield f"{record['Name']} {record['Type']}"


def _access_entries(world: World) -> Iterator[str]:
    eks = world.aws("eks")
    for cluster in eks.list_clusters()["clusters"]:
        for principal in eks.list_access_entries(clusterName=cluster)["accessEntries"]:
            if ":role/trellis/" in principal:
                yield f"{cluster}: {principal}"


def _clients(world: World) -> Iterator[str]:
    """Roles of pods, and what gives them to pods."""
    for role in world.aws("iam").list_roles(PathPrefix="/trellis/clients/")["Roles"]:
        yield role["Arn"]
    eks = world.aws("eks")
    for cluster in eks.list_clusters()["clusters"]:
        for association in eks.list_pod_identity_associations(clusterName=cluster)["associations"]:
            yield association["associationArn"]
