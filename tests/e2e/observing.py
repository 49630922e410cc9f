"""What the end-to-end tests about bad input look at: executions, reports, conditions and a route's Lattice service."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from trellis_local.aws.call_log import ApiCall
from trellis_local.walkthrough import World

GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
CLUSTER_A, CLUSTER_B, NETWORK = "EKS-CLUSTER-A", "EKS-CLUSTER-B", "eks-lattice-network"


def is_reservation(call: ApiCall) -> bool:
    """Whether a call only took calls out of the budget, which is no write of what Trellis manages or remembers."""
    keys = [key for access in call.checked for key in access.context.get("dynamodb:leadingkeys", ())]
    return bool(keys) and all(key.startswith("BUDGET#") for key in keys)


def execute(world: World, machine: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Start an execution and describe it at its end, however it ended."""
    states = world.aws("stepfunctions")
    arn = world.status()["stateMachines"][machine]
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(document))["executionArn"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    described: dict[str, Any] = world.wait(f"the end of {machine} {document}", ended, seconds=60)
    return described


@contextmanager
def events_kept_away(world: World, *names: str) -> Iterator[None]:
    """Meanwhile no event about other people's changes arrives, or none by the rules with these in their names."""
    events = world.aws("events")
    concerned = names or ("NoticeChange", "ClusterAccessChanged")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if any(name in rule["Name"] for name in concerned)]
    assert len(rules) >= len(concerned)
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        yield
    finally:
        for rule in rules:
            events.enable_rule(Name=rule)


@contextmanager
def events_arriving(world: World) -> Iterator[None]:
    """Meanwhile they arrive again, within `events_kept_away`."""
    events = world.aws("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if "NoticeChange" in rule["Name"]]
    for rule in rules:
        events.enable_rule(Name=rule)
    try:
        yield
    finally:
        for rule in rules:
            events.disable_rule(Name=rule)


def delivered(world: World, detail_type: str, rule: str) -> int:
    """How many events of a type a rule with this in its name has delivered so far."""
    with urllib.request.urlopen(f"{world.url}/_local/deliveries", timeout=30) as answer:
        records = json.load(answer)["deliveries"]
    return sum(
        (record["detail_type"], record["outcome"]) == (detail_type, "delivered") and rule in record["rule"]
        for record in records
    )


def executions(world: World, machine: str, cluster: str) -> list[dict[str, Any]]:
    """All executions of a machine for one cluster."""
    states = world.aws("stepfunctions")
    listed = states.list_executions(stateMachineArn=world.status()["stateMachines"][machine])["executions"]
    described = [states.describe_execution(executionArn=item["executionArn"]) for item in listed]
    return [found for found in described if json.loads(found["input"])["cluster"] == cluster]


def pages(world: World) -> set[str]:
    """The keys of the pages of drift checks."""
    listed = world.aws("s3").list_objects_v2(Bucket=_bucket(world), Prefix="reports/@fleet/")
    return {item["Key"] for item in listed.get("Contents", [])}


def page_of_check(world: World) -> str | None:
    """The page that a drift check writes now; None when it writes none."""
    before = pages(world)
    world.run("check-drift", {})
    keys = pages(world) - before
    return body(world, keys.pop()) if keys else None


def document(world: World, key: str) -> dict[str, Any]:
    """A JSON document of Trellis."""
    found: dict[str, Any] = json.loads(body(world, key))
    return found


def body(world: World, key: str) -> str:
    """A text that Trellis keeps in its bucket."""
    return str(world.aws("s3").get_object(Bucket=_bucket(world), Key=key)["Body"].read().decode())


def _bucket(world: World) -> str:
    return next(str(b["Name"]) for b in world.aws("s3").list_buckets()["Buckets"] if "document" in b["Name"].lower())


def reports(world: World, cluster: str) -> list[dict[str, Any]]:
    """All reports about a cluster, in no order."""
    paginator = world.aws("s3").get_paginator("list_objects_v2")
    found = paginator.paginate(Bucket=_bucket(world), Prefix=f"reports/{cluster}/")
    keys = [item["Key"] for page in found for item in page.get("Contents", []) if item["Key"].endswith(".json")]
    return [document(world, key) for key in keys]


def report_of(world: World, execution: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """The report of one execution that found something to say."""
    found = [report for report in reports(world, cluster) if report.get("run") == execution["name"]]
    assert len(found) == 1, f"{len(found)} reports of {execution['name']}"
    return found[0]


def conditions(world: World, cluster: str, kind: str, name: str) -> dict[str, dict[str, Any]]:
    """The conditions by type of a Gateway or of a route at its only parent; `name` is namespace/name."""
    namespace, _, short = name.partition("/")
    plural = {"Gateway": "gateways", "HTTPRoute": "httproutes"}[kind]
    found = world.kubernetes(cluster).get(f"{GATEWAY_API}/namespaces/{namespace}/{plural}/{short}")
    assert found is not None, f"{kind} {name} does not exist"
    status = found.get("status", {})
    holder = status if kind == "Gateway" else next(iter(status.get("parents", [])), {})
    return {condition["type"]: condition for condition in holder.get("conditions", [])}


def service_of(world: World, hostname: str) -> dict[str, Any] | None:
    """The Lattice service with this custom domain name, with its listeners, rules and targets; without times."""
    lattice = world.aws("vpc-lattice")
    for item in _all(lattice, "list_services"):
        if item.get("customDomainName") == hostname:
            return {
                "arn": item["arn"],
                "status": item["status"],
                "listeners": [_listener(lattice, item["id"], found) for found in _listeners(lattice, item["id"])],
                "groups": [_group(lattice, found) for found in _groups(lattice, item["arn"])],
            }
    return None


def owned(world: World, cluster: str) -> list[str]:
    """Everything in Lattice, Route 53 and EC2 that says it belongs to the cluster."""
    owner = f"111122223333/{cluster}"
    lattice, ec2, route53 = world.aws("vpc-lattice"), world.aws("ec2"), world.aws("route53")
    arns = [item["arn"] for kind in ("list_services", "list_target_groups") for item in _all(lattice, kind)]
    found = [
        arn for arn in arns if lattice.list_tags_for_resource(resourceArn=arn)["tags"].get("trellis:owner") == owner
    ]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "tag:trellis:owner", "Values": [owner]}])
    found += [rule["SecurityGroupRuleId"] for rule in rules["SecurityGroupRules"]]
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if any(f"owner={owner}," in value["Value"] for value in record.get("ResourceRecords", [])):
                found.append(record["Name"])
    return sorted(found)


def _all(lattice: Any, operation: str) -> list[dict[str, Any]]:
    return [item for page in lattice.get_paginator(operation).paginate() for item in page["items"]]


def _listeners(lattice: Any, service: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = lattice.list_listeners(serviceIdentifier=service)["items"]
    return sorted(listed, key=lambda found: str(found["name"]))


def _listener(lattice: Any, service: str, listener: Mapping[str, Any]) -> dict[str, Any]:
    place = {"serviceIdentifier": service, "listenerIdentifier": listener["id"]}
    rules = lattice.list_rules(**place)["items"]
    details = [lattice.get_rule(**place, ruleIdentifier=rule["id"]) for rule in rules if not rule["isDefault"]]
    kept = [{name: rule[name] for name in ("arn", "priority", "match", "action")} for rule in details]
    return {
        "port": listener["port"],
        "protocol": listener["protocol"],
        "rules": sorted(kept, key=lambda rule: int(rule["priority"])),
    }


def _groups(lattice: Any, service_arn: str) -> list[dict[str, Any]]:
    found = [item for item in _all(lattice, "list_target_groups") if service_arn in item.get("serviceArns", [])]
    return sorted(found, key=lambda group: str(group["arn"]))


def _group(lattice: Any, group: Mapping[str, Any]) -> dict[str, Any]:
    targets = lattice.list_targets(targetGroupIdentifier=group["id"])["items"]
    return {"arn": group["arn"], "targets": sorted((item["id"], item["port"], item["status"]) for item in targets)}
