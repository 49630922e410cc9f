"""What somebody else changes is put back within seconds of the event about it, and the report says who did it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from drifting import SECONDS, Drift
from observing import CLUSTER_B, NETWORK, reports

from trellis_local.walkthrough import Walkthrough, World


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

    runs = len(drift.runs())
    (found,) = drift.lattice.list_service_network_vpc_associations(vpcIdentifier=vpc_id)["items"]
    drift.lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=found["id"])
    drift.world.wait("the association going", lambda: associations() != [(NETWORK, "ACTIVE")], seconds=SECONDS)
    drift.world.wait("the association", lambda: associations() == [(NETWORK, "ACTIVE")], seconds=SECONDS)
    drift.settle()
    assert "vpc-lattice:DeleteServiceNetworkVpcAssociation" in {cause["call"] for cause in drift.causes("AssociateVpc")}
    assert len(drift.runs()) == runs + 1, "the tags of what is made again start no run"


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
