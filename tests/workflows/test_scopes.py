"""A run that is for a part of a cluster looks at that part, and one that comes too late leaves everything."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from flow_driver import conclude, onboard, reconcile
from flow_forks import in_branch
from flow_lab import BUCKET, FlowLab
from flow_world import CLUSTER, ROUTE, ZONE, apply_manifests, ask_for_access

CART = f"{ROUTE.rpartition('/')[0]}/cart"
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/gateways/eks-lattice-network"
DOMAIN = "application-networking.k8s.aws/lattice-assigned-domain-name"


def converged(lab: FlowLab) -> None:
    """Two routes with a service each, long after anything was changed."""
    onboard(lab, CLUSTER, "onboard")
    apply_manifests(lab)
    spec = (lab.kubernetes(CLUSTER).get(ROUTE) or {})["spec"]
    cart = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
    metadata = {"name": "cart", "namespace": "apps"}
    document = {**cart, "metadata": metadata, "spec": {**spec, "hostnames": [f"cart.{ZONE}"]}}
    lab.kubernetes(CLUSTER).apply(CART, document, manager="team")
    for name in ("first", "second"):
        reconcile(lab, CLUSTER, name)
        lab.clock.move(3600)
    assert reconcile(lab, CLUSTER, "third")["status"] == "CONVERGED"


def service(lab: FlowLab, hostname: str) -> str:
    services = lab.aws("vpc-lattice").list_services()["items"]
    return next(item["id"] for item in services if item.get("customDomainName") == f"{hostname}.{ZONE}")


def delete_rules(lab: FlowLab, hostname: str) -> None:
    lattice, where = lab.aws("vpc-lattice"), {"serviceIdentifier": service(lab, hostname)}
    for listener in lattice.list_listeners(**where)["items"]:
        for rule in lattice.list_rules(**where, listenerIdentifier=listener["id"])["items"]:
            if not rule["isDefault"]:
                lattice.delete_rule(**where, listenerIdentifier=listener["id"], ruleIdentifier=rule["id"])


def hostnames(lab: FlowLab) -> list[str]:
    return sorted(item.get("customDomainName", "") for item in lab.aws("vpc-lattice").list_services()["items"])


def calls(lab: FlowLab, act: Callable[[], object]) -> Counter[str]:
    before = len(lab.calls.made)
    act()
    return Counter(call.name for call in lab.calls.made[before:])


def writes(lab: FlowLab, run: str, **members: str) -> list[str]:
    before = len(lab.calls.made)
    assert reconcile(lab, CLUSTER, run, **members)["status"] == "CONVERGED"
    return [call.name for call in lab.calls.made[before:] if not call.reads]


def route_status(lab: FlowLab, path: str) -> str:
    found = lab.kubernetes(CLUSTER).get(path) or {}
    conditions = found["status"]["parents"][0]["conditions"]
    return next(one["message"] for one in conditions if one["type"] == "Programmed")


def rules(lab: FlowLab, hostname: str) -> int:
    lattice, where = lab.aws("vpc-lattice"), {"serviceIdentifier": service(lab, hostname)}
    listeners = lattice.list_listeners(**where)["items"]
    return sum(len(lattice.list_rules(**where, listenerIdentifier=one["id"])["items"]) - 1 for one in listeners)


def test_a_run_for_a_service_reads_that_service_alone(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        listeners = len(lab.aws("vpc-lattice").list_listeners(serviceIdentifier=service(lab, "cart"))["items"])
        delete_rules(lab, "datastore")
        delete_rules(lab, "cart")
        lab.clock.move(60)
        one = calls(lab, lambda: reconcile(lab, CLUSTER, "one", scope=f"service/datastore.{ZONE}"))
        left = (rules(lab, "datastore"), rules(lab, "cart"))
        lab.clock.move(60)
        drifts = reconcile(lab, CLUSTER, "all")["drifts"]
        return listeners, one, left, (rules(lab, "cart"), drifts), writes(lab, "again", lane="schedule")

    listeners, one, left, after, written = in_branch(work)
    assert left == (2, 0)
    assert after == (2, 2)
    assert written == []
    # The plan, two rounds of the change, and the plan that verifies; each reads the listeners of one service.
    assert one["vpc-lattice:ListListeners"] == 4
    assert one["vpc-lattice:ListRules"] == 4 * listeners
    assert one["resource-groups-tagging-api:GetResources"] == 4


def test_a_run_for_two_services_puts_both_right_and_reads_no_other(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        route = lab.kubernetes(CLUSTER).get(CART) or {}
        spec = {**route["spec"], "hostnames": [f"third.{ZONE}"]}
        third = {"apiVersion": route["apiVersion"], "kind": "HTTPRoute", "spec": spec}
        document = {**third, "metadata": {"name": "third", "namespace": "apps"}}
        lab.kubernetes(CLUSTER).apply(f"{CART.rpartition('/')[0]}/third", document, manager="team")
        reconcile(lab, CLUSTER, "third route")
        for hostname in ("datastore", "cart", "third"):
            delete_rules(lab, hostname)
        lab.clock.move(60)
        scope = f"service/cart.{ZONE},datastore.{ZONE}"
        made = calls(lab, lambda: reconcile(lab, CLUSTER, "two", scope=scope))
        return made["vpc-lattice:ListListeners"], [rules(lab, name) for name in ("datastore", "cart", "third")]

    # The plan, two rounds of the change, and the plan that verifies; each reads the listeners of two services.
    assert in_branch(work) == (8, [2, 2, 0])


def allowed(lab: FlowLab) -> set[str]:
    """What the roles of the cluster's ServiceAccounts may call."""
    iam = lab.aws("iam")
    names = [role["RoleName"] for role in iam.list_roles(PathPrefix=f"/trellis/clients/{CLUSTER}/")["Roles"]]
    policies = [iam.get_role_policy(RoleName=name, PolicyName="calls")["PolicyDocument"] for name in names]
    return {resource for policy in policies for found in policy["Statement"] for resource in found["Resource"]}


def test_a_service_that_is_made_anew_may_be_called_by_the_pods_that_called_it(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        ask_for_access(lab)
        reconcile(lab, CLUSTER, "access")
        lab.clock.move(60)
        lattice, roles = lab.aws("vpc-lattice"), lab.aws("iam").list_roles(PathPrefix="/trellis/clients/")["Roles"]
        gone = service(lab, "datastore")
        for found in lattice.list_service_network_service_associations(serviceIdentifier=gone)["items"]:
            lattice.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=found["id"])
        lab.clock.move(60)
        lattice.delete_service(serviceIdentifier=gone)
        lab.clock.move(60)
        before = allowed(lab)
        reconcile(lab, CLUSTER, "one", scope=f"service/datastore.{ZONE}")
        arn = next(item["arn"] for item in lattice.list_services()["items"] if item["id"] == service(lab, "datastore"))
        again = lab.aws("iam").list_roles(PathPrefix="/trellis/clients/")["Roles"]
        same = [role["RoleId"] for role in again] == [role["RoleId"] for role in roles]
        return len(roles), before == {f"{arn}/*"}, allowed(lab) == {f"{arn}/*"}, same

    assert in_branch(work) == (2, False, True, True)


def test_a_run_for_the_vpc_reads_no_service(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        ec2 = lab.aws("ec2")
        group = lab.aws("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
        for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
            "SecurityGroupRules"
        ]:
            if any(tag["Key"] == "trellis:owner" for tag in rule.get("Tags", ())):
                ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
        reports: list[Any] = []
        made = calls(lab, lambda: reports.append(reconcile(lab, CLUSTER, "vpc", scope="vpc")))
        return made, reports[0]["done"], writes(lab, "again", lane="schedule")

    made, done, written = in_branch(work)
    assert done > 0
    assert made["vpc-lattice:ListListeners"] == made["vpc-lattice:ListTargetGroups"] == 0
    assert written == []


def test_what_a_run_has_changed_is_verified_without_the_rest(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        delete_rules(lab, "datastore")
        lab.clock.move(60)
        made = calls(lab, lambda: reconcile(lab, CLUSTER, "all", lane="schedule"))
        return made, writes(lab, "again", lane="schedule")

    made, written = in_branch(work)
    # Both services for the plan, and one for two rounds of the change and for the plan that verifies.
    assert made["vpc-lattice:ListListeners"] == 2 + 2 + 1
    assert written == []


def test_a_service_that_is_made_anew_has_its_domain_name_told_and_the_others_keep_theirs(lab: FlowLab) -> None:
    def domains() -> list[str]:
        addresses = (lab.kubernetes(CLUSTER).get(GATEWAY) or {})["status"]["addresses"]
        return sorted(found["value"] for found in addresses)

    def existing() -> list[str]:
        services = lab.aws("vpc-lattice").list_services()["items"]
        own = [item for item in services if item.get("customDomainName", "").endswith(ZONE)]
        return sorted(item["dnsEntry"]["domainName"] for item in own)

    def work() -> Any:
        converged(lab)
        lattice, gone = lab.aws("vpc-lattice"), service(lab, "datastore")
        before = existing()
        for item in lattice.list_service_network_service_associations(serviceIdentifier=gone)["items"]:
            lattice.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=item["id"])
        lab.clock.move(60)
        lattice.delete_service(serviceIdentifier=gone)
        lab.clock.move(60)
        spoiled = (lab.kubernetes(CLUSTER).get(CART) or {})["status"]
        spoiled["parents"][0]["conditions"] = [
            {**one, "message": "spoiled"} if one["type"] == "Programmed" else one
            for one in spoiled["parents"][0]["conditions"]
        ]
        lab.kubernetes(CLUSTER).merge(f"{CART}/status", {"status": spoiled})
        reconcile(lab, CLUSTER, "one", scope=f"service/datastore.{ZONE}")
        after = existing()
        told = (lab.kubernetes(CLUSTER).get(ROUTE) or {})["metadata"]["annotations"][DOMAIN]
        between = route_status(lab, CART)
        reconcile(lab, CLUSTER, "all")
        return before, after, domains(), told, between, route_status(lab, CART)

    before, after, addresses, told, between, then = in_branch(work)
    assert before != after
    assert addresses == after
    assert told in after
    assert told not in before
    assert between == "spoiled"
    assert then != "spoiled"


def test_a_report_for_a_service_draws_the_network_around_it(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        delete_rules(lab, "datastore")
        lab.clock.move(60)
        key = reconcile(lab, CLUSTER, "one", scope=f"service/datastore.{ZONE}")["report"]
        return json.loads(lab.aws("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())

    report = in_branch(work)
    assert len(report["drifts"]) == 2
    assert [found["hostname"] for found in report["picture"]["services"]] == [f"datastore.{ZONE}", f"cart.{ZONE}"]


def test_a_run_that_has_read_the_cluster_before_another_one_changes_nothing_back(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        old = lab.invoke("read_cluster", {"cluster": CLUSTER, "run": "old"})
        spec = (lab.kubernetes(CLUSTER).get(ROUTE) or {})["spec"]
        rules_ = [{**rule, "backendRefs": rule["backendRefs"][:1]} for rule in spec["rules"][:1]]
        lab.kubernetes(CLUSTER).merge(ROUTE, {"spec": {"rules": rules_, "hostnames": [f"new.{ZONE}"]}})
        lab.clock.move(1)
        reconcile(lab, CLUSTER, "new")
        lab.clock.move(1)
        assert writes(lab, "check") == []
        told = (lab.kubernetes(CLUSTER).get(ROUTE) or {})["status"]
        before = (rules(lab, "new"), hostnames(lab))
        report = conclude(lab, old)
        after = (rules(lab, "new"), hostnames(lab))
        told_then = (lab.kubernetes(CLUSTER).get(ROUTE) or {})["status"]
        body = lab.aws("s3").get_object(Bucket=BUCKET, Key=report["report"])["Body"].read()
        lab.clock.move(60)
        return before, after, told == told_then, json.loads(body), reconcile(lab, CLUSTER, "then")["status"]

    before, after, is_told_alike, report, then = in_branch(work)
    assert before == after
    assert is_told_alike
    assert {line["reason"] for line in report["refused"]} == {"OutdatedReading"}
    assert (report["drifts"], report["done"]) == ([], [])
    assert then == "CONVERGED"
