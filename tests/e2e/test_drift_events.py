"""What somebody else changes is put back within seconds of the event about it, and the report says who did it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from observing import CLUSTER_B, NETWORK, reports

from trellis_local.walkthrough import Walkthrough, World

SECONDS = 30  # real seconds, on a stack that runs twenty times as fast


class Drift:
    """The walk-through's cluster B as somebody else may change it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lattice, self.ec2 = world.aws("vpc-lattice"), world.aws("ec2")

    def where(self) -> dict[str, str]:
        """The listener of the datastore."""
        services = self.lattice.list_services()["items"]
        service = next(item["id"] for item in services if item.get("customDomainName") == "datastore.lattice-test.io")
        listener = self.lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
        return {"serviceIdentifier": service, "listenerIdentifier": listener}

    def weights(self) -> dict[str, list[int]]:
        """The weights of each rule."""
        where = self.where()
        items = self.lattice.list_rules(**where)["items"]
        rules = [self.lattice.get_rule(**where, ruleIdentifier=item["id"]) for item in items if not item["isDefault"]]
        return {rule["id"]: [group["weight"] for group in rule["action"]["forward"]["targetGroups"]] for rule in rules}

    def rule(self, rule_id: str) -> dict[str, Any]:
        """One rule."""
        found: dict[str, Any] = self.lattice.get_rule(**self.where(), ruleIdentifier=rule_id)
        return found

    def runs(self) -> list[dict[str, Any]]:
        """The runs that events have started."""
        arn = self.world.status()["stateMachines"]["reconcile-cluster"]
        states = self.world.aws("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn)
        return [item for page in pages for item in page["executions"] if item["name"].startswith("event-")]

    def settle(self) -> None:
        """Wait until no run that events have started is under way."""
        self.world.wait(
            "the end of all runs", lambda: all(run["status"] != "RUNNING" for run in self.runs()), seconds=SECONDS
        )

    def causes(self, kind: str) -> list[dict[str, Any]]:
        """Who made changes of this kind necessary, in the reports of runs that events have started."""
        found = [report for report in reports(self.world, CLUSTER_B) if report["lane"] == "event"]
        return [
            cause
            for report in found
            for change in [*report["planned"], *report["done"]]
            if change["kind"] == kind
            for cause in change["causes"]
        ]


@pytest.fixture
def drift(world: World, onboarded: Walkthrough) -> Iterator[Drift]:
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    found = Drift(world)
    found.settle()
    yield found
    found.settle()
    assert world.run("reconcile-cluster", {"cluster": CLUSTER_B})["status"] == "CONVERGED"


def test_changed_weights_are_put_back(drift: Drift) -> None:
    before = drift.weights()
    rule_id = next(found for found, weights in before.items() if len(weights) == 2)
    groups = drift.rule(rule_id)["action"]["forward"]["targetGroups"]
    changed = {"forward": {"targetGroups": [{**group, "weight": 7} for group in groups]}}
    drift.lattice.update_rule(**drift.where(), ruleIdentifier=rule_id, action=changed)
    drift.world.wait("the weights as they were", lambda: drift.weights() == before, seconds=SECONDS)
    drift.settle()
    assert ("vpc-lattice:UpdateRule", "arn:aws:iam::111122223333:user/admin") in {
        (cause["call"], cause["actor"]) for cause in drift.causes("UpdateRule")
    }


def test_a_revoked_rule_of_the_security_group_is_put_back(drift: Drift, onboarded: Walkthrough) -> None:
    def rules() -> list[dict[str, Any]]:
        owner = {"Name": "tag:trellis:owner", "Values": [f"111122223333/{CLUSTER_B}"]}
        return list(drift.ec2.describe_security_group_rules(Filters=[owner])["SecurityGroupRules"])

    before = rules()
    for rule in before:
        drift.ec2.revoke_security_group_ingress(
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )
    drift.world.wait("the rules", lambda: len(rules()) == len(before), seconds=SECONDS)
    drift.settle()
    assert "ec2:RevokeSecurityGroupIngress" in {cause["call"] for cause in drift.causes("AuthorizeIngress")}


def test_a_deleted_association_of_the_vpc_is_made_again(drift: Drift, onboarded: Walkthrough) -> None:
    vpc_id = onboarded.vpcs["b"]

    def associations() -> list[tuple[str, str]]:
        items = drift.lattice.list_service_network_vpc_associations(vpcIdentifier=vpc_id)["items"]
        return [(item["serviceNetworkName"], item["status"]) for item in items]

    (found,) = drift.lattice.list_service_network_vpc_associations(vpcIdentifier=vpc_id)["items"]
    drift.lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=found["id"])
    drift.world.wait("the association going", lambda: associations() != [(NETWORK, "ACTIVE")], seconds=SECONDS)
    drift.world.wait("the association", lambda: associations() == [(NETWORK, "ACTIVE")], seconds=SECONDS)
    drift.settle()
    assert "vpc-lattice:DeleteServiceNetworkVpcAssociation" in {cause["call"] for cause in drift.causes("AssociateVpc")}


def test_a_deleted_name_is_made_again(drift: Drift, world: World) -> None:
    route53 = world.aws("route53")
    zone = next(found["Id"] for found in route53.list_hosted_zones()["HostedZones"] if "lattice-test" in found["Name"])

    def records() -> list[dict[str, Any]]:
        found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return [record for record in found if record["Type"] == "CNAME"]

    (before,) = records()
    changes = [{"Action": "DELETE", "ResourceRecordSet": before}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    drift.world.wait("the record", lambda: records() == [before], seconds=SECONDS)
    drift.settle()
    assert "route53:ChangeResourceRecordSets" in {cause["call"] for cause in drift.causes("ChangeResourceRecordSets")}


def test_a_repair_starts_no_further_run(drift: Drift) -> None:
    runs = len(drift.runs())
    before = drift.weights()
    rule_id = next(iter(before))
    drift.lattice.delete_rule(**drift.where(), ruleIdentifier=rule_id)
    drift.world.wait("as many rules", lambda: len(drift.weights()) == len(before), seconds=SECONDS)
    drift.settle()
    assert len(drift.runs()) == runs + 1


def test_twenty_events_at_once_lead_to_few_runs_and_one_repair(drift: Drift) -> None:
    runs = {run["name"] for run in drift.runs()}
    before = drift.weights()
    rule_id = next(found for found, weights in before.items() if len(weights) == 2)
    groups = drift.rule(rule_id)["action"]["forward"]["targetGroups"]
    changed = {"forward": {"targetGroups": [{**group, "weight": 7} for group in groups]}}
    arn = drift.lattice.get_service(serviceIdentifier=drift.where()["serviceIdentifier"])["arn"]
    drift.lattice.update_rule(**drift.where(), ruleIdentifier=rule_id, action=changed)
    with ThreadPoolExecutor(20) as clients:
        list(clients.map(lambda n: drift.lattice.tag_resource(resourceArn=arn, tags={f"n{n}": "1"}), range(20)))
    drift.world.wait("the weights as they were", lambda: drift.weights() == before, seconds=SECONDS)
    drift.settle()
    started = {run["name"] for run in drift.runs()} - runs
    repairs = [report for report in reports(drift.world, CLUSTER_B) if report.get("run") in started and report["done"]]
    assert (len(started) <= 4, len(repairs)) == (True, 1)
    drift.lattice.untag_resource(resourceArn=arn, tagKeys=[f"n{n}" for n in range(20)])


def test_a_change_of_what_nobody_owns_starts_nothing(drift: Drift) -> None:
    runs = len(drift.runs())
    foreign = drift.lattice.create_service(name="nobodys-service")["id"]
    drift.world.wait("the service", lambda: drift.lattice.get_service(serviceIdentifier=foreign)["status"] == "ACTIVE")
    drift.lattice.delete_service(serviceIdentifier=foreign)
    drift.settle()
    assert len(drift.runs()) == runs
