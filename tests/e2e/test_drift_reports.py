"""Drift is told of: a report, an event, a message, metrics and a page for each drifted run, and none for a rollout."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from observing import CLUSTER_B

from trellis_local.walkthrough import Walkthrough, World

SECONDS = 30
ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/datastore"
SCHEDULED = {"cluster": CLUSTER_B, "lane": "schedule"}


@dataclass(frozen=True)
class Listening:
    """A queue that is subscribed to the topic, and one that a rule sends the events to."""

    world: World
    messages: str
    events: str

    def take(self, queue: str) -> list[dict[str, Any]]:
        """All messages of a queue so far."""
        sqs, found = self.world.aws("sqs"), []
        while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found += [json.loads(message["Body"]) for message in got]
            for message in got:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def heard(self, queue: str) -> list[dict[str, Any]]:
        """Wait for the first messages of a queue."""
        found: list[dict[str, Any]] = self.world.wait("a message", lambda: self.take(queue), seconds=SECONDS)
        return found


@pytest.fixture
def listening(world: World, onboarded: Walkthrough, unnoticed: None) -> Iterator[Listening]:
    sqs, sns, events = world.aws("sqs"), world.aws("sns"), world.aws("events")
    topic = next(found["TopicArn"] for found in sns.list_topics()["Topics"] if "DriftTopic" in found["TopicArn"])
    queues = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("drift-messages", "drift-events")]
    arns = [_arn(sqs, queue) for queue in queues]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[0])["SubscriptionArn"]
    events.put_rule(Name="drift", EventPattern=json.dumps({"source": ["trellis"], "detail-type": ["Trellis Drift"]}))
    rule = events.describe_rule(Name="drift")["Arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arns[1],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queues[1], Attributes={"Policy": policy})
    events.put_targets(Rule="drift", Targets=[{"Id": "queue", "Arn": arns[1]}])
    world.run("reconcile-cluster", SCHEDULED)
    yield Listening(world, *queues)
    world.run("reconcile-cluster", SCHEDULED)
    events.remove_targets(Rule="drift", Ids=["queue"])
    events.delete_rule(Name="drift")
    sns.unsubscribe(SubscriptionArn=subscription)
    for queue in queues:
        sqs.delete_queue(QueueUrl=queue)


def test_a_repaired_drift_is_told_of_once_everywhere(listening: Listening) -> None:
    world = listening.world
    since = datetime.now(UTC) - timedelta(minutes=5)
    _change_weights(world, 7)
    outline = world.run("reconcile-cluster", SCHEDULED)
    assert (outline["status"], outline["drifts"]) == ("APPLIED", 1)
    (line,) = _document(world, outline["report"])["drifts"]
    assert (line["field"], line["action"], line["lane"]) == ("action", "repaired", "schedule")
    assert set(line["found"]["forward"].values()) == {7}
    (event,) = listening.heard(listening.events)
    assert (event["source"], event["detail"]["report"]) == ("trellis", outline["report"])
    assert event["detail"]["drifts"] | {"found": 1, "repaired": 1} == event["detail"]["drifts"]
    (message,) = listening.heard(listening.messages)
    assert message["Subject"] == f"Trellis: 1 drift (1 repaired) in {CLUSTER_B}"
    assert line["resource"] in message["Message"]
    assert _metric(world, "DriftsRepaired", since) >= 1
    page = _body(world, event["detail"]["page"])
    assert "→ 7</text>" in page


def test_a_converged_run_and_a_changed_route_tell_nobody(listening: Listening) -> None:
    world = listening.world
    api = world.kubernetes(CLUSTER_B)
    spec = (api.get(ROUTE) or {})["spec"]
    changed = json.loads(json.dumps(spec))
    changed["rules"][0]["matches"][0]["path"]["value"] = "/elsewhere"
    for wanted in (changed, spec):
        api.merge(ROUTE, {"spec": {"rules": wanted["rules"]}})
        assert world.run("reconcile-cluster", SCHEDULED)["drifts"] == 0
    assert world.run("reconcile-cluster", SCHEDULED)["status"] == "CONVERGED"
    assert (listening.take(listening.messages), listening.take(listening.events)) == ([], [])


def test_a_run_that_only_reports_tells_of_the_drift_and_leaves_it(listening: Listening) -> None:
    world = listening.world
    _change_weights(world, 5)
    outline = world.run("reconcile-cluster", {**SCHEDULED, "mode": "plan"})
    assert [line["action"] for line in _document(world, outline["report"])["drifts"]] == ["reported"]
    (event,) = listening.heard(listening.events)
    assert (event["detail"]["status"], event["detail"]["drifts"]["reported"]) == ("REPORT_ONLY", 1)


def test_the_page_of_a_drift_check_shows_the_clusters_that_drifted(listening: Listening) -> None:
    world = listening.world
    _change_weights(world, 3)
    before = _pages(world)
    world.run("check-drift", {})
    (key,) = _pages(world) - before
    page = _body(world, key)
    assert f"{CLUSTER_B} <span" in page
    assert "1 / 2" in page
    world.run("check-drift", {})
    assert _pages(world) == before | {key}, "a fleet without drift has got a page"


def _change_weights(world: World, weight: int) -> None:
    """Somebody sets all weights of the rule with two target groups."""
    lattice = world.aws("vpc-lattice")
    service = next(
        item["id"]
        for item in lattice.list_services()["items"]
        if item.get("customDomainName") == "datastore.lattice-test.io"
    )
    listener = lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
    where = {"serviceIdentifier": service, "listenerIdentifier": listener}
    for item in lattice.list_rules(**where)["items"]:
        rule = lattice.get_rule(**where, ruleIdentifier=item["id"])
        groups = rule["action"].get("forward", {}).get("targetGroups", [])
        if len(groups) == 2:
            action = {"forward": {"targetGroups": [{**group, "weight": weight} for group in groups]}}
            lattice.update_rule(**where, ruleIdentifier=item["id"], action=action)


def _metric(world: World, name: str, since: datetime) -> float:
    answer = world.aws("cloudwatch").get_metric_statistics(
        Namespace="Trellis",
        MetricName=name,
        Dimensions=[{"Name": "Cluster", "Value": CLUSTER_B}],
        StartTime=since,
        EndTime=since + timedelta(days=7),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def _pages(world: World) -> set[str]:
    listed = world.aws("s3").list_objects_v2(Bucket=_bucket(world), Prefix="reports/@fleet/")
    return {item["Key"] for item in listed.get("Contents", [])}


def _document(world: World, key: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_body(world, key))
    return document


def _body(world: World, key: str) -> str:
    return str(world.aws("s3").get_object(Bucket=_bucket(world), Key=key)["Body"].read().decode())


def _bucket(world: World) -> str:
    return next(str(b["Name"]) for b in world.aws("s3").list_buckets()["Buckets"] if "document" in b["Name"].lower())


def _arn(sqs: Any, queue: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
