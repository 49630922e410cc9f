"""Events beside those about Lattice's own resources: access to clusters, tags, roles; and changes that none told of."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from drifting import SECONDS, Drift
from extra_cluster import TAG, extra_cluster
from observing import CLUSTER_B, NETWORK, events_kept_away, executions

from trellis_local.walkthrough import Walkthrough, World

OWNER = "trellis:owner"
ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


class Access:
    """The access entry of the role that reads cluster B."""

    def __init__(self, world: World) -> None:
        self.world, self.eks = world, world.aws("eks")
        entries = self.eks.list_access_entries(clusterName=CLUSTER_B)["accessEntries"]
        reader = next(entry for entry in entries if "ReadCluster" in entry)
        self.where = {"clusterName": CLUSTER_B, "principalArn": reader}

    def groups(self) -> list[str]:
        """The entry's groups; none where there is no entry."""
        try:
            return list(self.eks.describe_access_entry(**self.where)["accessEntry"]["kubernetesGroups"])
        except self.eks.exceptions.ResourceNotFoundException:
            return []

    def policies(self) -> list[str]:
        """The policies that go with the entry."""
        found = self.eks.list_associated_access_policies(**self.where)["associatedAccessPolicies"]
        return [policy["policyArn"] for policy in found]

    def settle(self) -> None:
        """Wait until no onboarding is under way."""

        def ended() -> bool:
            return all(run["status"] != "RUNNING" for run in executions(self.world, "onboard-cluster", CLUSTER_B))

        self.world.wait("the end of onboarding", ended, seconds=SECONDS)


@pytest.fixture
def access(world: World, onboarded: Walkthrough) -> Iterator[Access]:
    found = Access(world)
    yield found
    found.settle()
    assert {run["status"] for run in executions(world, "onboard-cluster", CLUSTER_B)} == {"SUCCEEDED"}


def test_a_deleted_access_entry_is_made_again(access: Access) -> None:
    before = access.groups()
    assert before
    access.eks.delete_access_entry(**access.where)
    access.world.wait("the entry", lambda: access.groups() == before, seconds=SECONDS)


def test_access_that_no_event_told_of_is_made_again_by_the_schedule(
    access: Access, world: World, unnoticed: None
) -> None:
    before = access.groups()
    access.eks.delete_access_entry(**access.where)
    outcomes: Any = world.run("check-drift", {})
    assert {found["cluster"]: found["status"] for found in outcomes}[CLUSTER_B] == "FAILED"
    world.wait("the entry", lambda: access.groups() == before, seconds=SECONDS)


def test_an_access_policy_that_somebody_added_is_taken_away(access: Access) -> None:
    access.eks.associate_access_policy(**access.where, policyArn=ADMINISTRATOR, accessScope={"type": "cluster"})
    access.world.wait("no policy", lambda: access.policies() == [], seconds=SECONDS)


def test_a_rule_of_the_security_group_whose_owner_was_changed_is_looked_at(drift: Drift) -> None:
    owner = f"111122223333/{CLUSTER_B}"
    filters = [{"Name": f"tag:{OWNER}", "Values": [owner]}]
    rule = drift.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    runs = len(drift.runs())
    drift.ec2.create_tags(Resources=[rule], Tags=[{"Key": OWNER, "Value": "somebody else"}])
    drift.world.wait("a run", lambda: len(drift.runs()) > runs, seconds=SECONDS)
    drift.ec2.create_tags(Resources=[rule], Tags=[{"Key": OWNER, "Value": owner}])


def test_tags_alone_tell_that_an_owner_was_changed(drift: Drift) -> None:
    arn = drift.lattice.get_service(serviceIdentifier=drift.where()["serviceIdentifier"])["arn"]
    owner = drift.lattice.list_tags_for_resource(resourceArn=arn)["tags"][OWNER]
    with events_kept_away(drift.world, "LatticeChanged"):
        runs = len(drift.runs())
        drift.lattice.untag_resource(resourceArn=arn, tagKeys=[OWNER])
        drift.world.wait("a run", lambda: len(drift.runs()) > runs, seconds=SECONDS)
        drift.settle()
        runs = len(drift.runs())
        drift.lattice.tag_resource(resourceArn=arn, tags={OWNER: owner})
        drift.settle()
        assert len(drift.runs()) == runs, "tags as Trellis writes them start nothing"


def test_a_zone_that_is_taken_from_trellis_is_looked_at(drift: Drift, world: World) -> None:
    route53 = world.aws("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    zone = next(found["Id"].rpartition("/")[2] for found in zones if "lattice-test" in found["Name"])
    where = {"ResourceType": "hostedzone", "ResourceId": zone}
    runs = len(drift.runs())
    route53.change_tags_for_resource(**where, RemoveTagKeys=["trellis:managed"])
    world.wait("a run", lambda: len(drift.runs()) > runs, seconds=SECONDS)
    route53.change_tags_for_resource(**where, AddTags=[{"Key": "trellis:managed", "Value": "true"}])


def test_a_changed_role_of_trellis_is_told_of_and_not_repaired(world: World, onboarded: Walkthrough) -> None:
    sqs, sns, iam = world.aws("sqs"), world.aws("sns"), world.aws("iam")
    topic = next(found["TopicArn"] for found in sns.list_topics()["Topics"] if "DriftTopic" in found["TopicArn"])
    queue = sqs.create_queue(QueueName="role-messages")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    roles = iam.list_roles(PathPrefix="/trellis/")["Roles"]
    role = next(found["RoleName"] for found in roles if "WriteStatusFunction" in found["RoleName"])
    iam.tag_role(RoleName=role, Tags=[{"Key": "team", "Value": "shop"}])

    def message() -> Any:
        found = sqs.receive_message(QueueUrl=queue).get("Messages")
        return json.loads(found[0]["Body"])["Message"] if found else None

    text = world.wait("a message", message, seconds=SECONDS)
    assert f"arn:aws:iam::111122223333:user/admin called iam:TagRole on {role}" in text
    iam.untag_role(RoleName=role, TagKeys=["team"])
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def test_a_cluster_that_no_event_told_of_joins_and_leaves_by_the_schedule(world: World, onboarded: Walkthrough) -> None:
    eks = world.aws("eks")
    with extra_cluster(world, "never-told-of") as cluster, events_kept_away(world, "DispatchEvent"):
        eks.tag_resource(resourceArn=cluster.arn, tags={TAG: NETWORK})
        world.run("check-drift", {})
        assert cluster.ended("onboard-cluster") == "SUCCEEDED"
        eks.untag_resource(resourceArn=cluster.arn, tagKeys=[TAG])
        outcomes: Any = world.run("check-drift", {})
        assert cluster.name not in {outcome["cluster"] for outcome in outcomes}
        assert cluster.ended("offboard-cluster") == "SUCCEEDED"
