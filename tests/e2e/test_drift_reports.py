"""Drift is told of: a report, an event, a message, metrics and a page for each drifted run, and none for a rollout."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from listening import Listening, listening_for
from observing import CLUSTER_B, body, document, pages

from trellis_local.walkthrough import Walkthrough, World

ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/datastore"
SCHEDULED = {"cluster": CLUSTER_B, "lane": "schedule"}


@pytest.fixture
def listening(world: World, onboarded: Walkthrough, unnoticed: None) -> Iterator[Listening]:
    with listening_for(world, "Trellis Drift") as found:
        world.run("reconcile-cluster", SCHEDULED)
        yield found
        world.run("reconcile-cluster", SCHEDULED)


def test_a_repaired_drift_is_told_of_once_everywhere(listening: Listening) -> None:
    world = listening.world
    since = datetime.now(UTC) - timedelta(minutes=5)
    _change_weights(world, 7)
    outline = world.run("reconcile-cluster", SCHEDULED)
    assert (outline["status"], outline["drifts"]) == ("APPLIED", 1)
    (line,) = document(world, outline["report"])["drifts"]
    assert (line["field"], line["action"], line["lane"]) == ("action", "repaired", "schedule")
    assert set(line["found"]["forward"].values()) == {7}
    (event,) = listening.heard(listening.events)
    assert (event["source"], event["detail"]["report"]) == ("trellis", outline["report"])
    assert event["detail"]["drifts"] | {"found": 1, "repaired": 1} == event["detail"]["drifts"]
    (message,) = listening.heard(listening.messages)
    assert message["Subject"] == f"Trellis: 1 drift (1 repaired) in {CLUSTER_B}"
    assert line["resource"] in message["Message"]
    assert _metric(world, "DriftsRepaired", since) >= 1
    page = body(world, event["detail"]["page"])
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
    assert [line["action"] for line in document(world, outline["report"])["drifts"]] == ["reported"]
    (event,) = listening.heard(listening.events)
    assert (event["detail"]["status"], event["detail"]["drifts"]["reported"]) == ("REPORT_ONLY", 1)


def test_the_page_of_a_drift_check_shows_the_clusters_that_drifted(listening: Listening) -> None:
    world = listening.world
    _change_weights(world, 3)
    before = pages(world)
    world.run("check-drift", {})
    (key,) = pages(world) - before
    page = body(world, key)
    assert f"{CLUSTER_B} <span" in page
    assert "1 / 2" in page
    world.run("check-drift", {})
    assert pages(world) == before | {key}, "a fleet without drift has got a page"


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
