"""A canary on the stack: promoted under real requests, refused, rolled back, stopped in the middle."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from manifests import apply, backend, delete, gateway, namespace, route, rule
from observing import CLUSTER_B, service_of

from trellis_local.walkthrough import Walkthrough, World

PLACE = "canaries"
HOSTNAME = "canary.lattice-test.io"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{PLACE}/httproutes/orders"
SECONDS = 120  # real ones


def backends(v1: int, v2: int) -> list[dict[str, Any]]:
    return [{"name": "orders-v1", "port": 80, "weight": v1}, {"name": "orders-v2", "port": 80, "weight": v2}]


ASKED: dict[str, Any] = {
    "cluster": CLUSTER_B,
    "route": {"namespace": PLACE, "name": "orders"},
    "baseline": {"name": "orders-v1"},
    "canary": {"name": "orders-v2"},
    "strategy": {"steps": [{"percent": 50}, {"percent": 100}], "bakeSeconds": 360, "finalBakeSeconds": 360},
    "analysis": {"minRequests": 20},
}


class Shop:
    """A route with two versions, its clients, and its canaries."""

    def __init__(self, world: World, vpc_id: str) -> None:
        self.world = world
        self._states = world.aws("stepfunctions")
        self.machine = world.status()["stateMachines"]["shift-canary"]
        self._vpc_id = vpc_id

    def start(self, **changes: Any) -> str:
        answer = self._states.start_execution(stateMachineArn=self.machine, input=json.dumps({**ASKED, **changes}))
        return str(answer["executionArn"])

    def ended(self, execution: str, *, seconds: float = SECONDS) -> dict[str, Any]:
        """The execution at its end, however it ended; `seconds` are real."""

        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = self._states.describe_execution(executionArn=execution)
            return None if described["status"] == "RUNNING" else described

        described: dict[str, Any] = self.world.wait(f"the end of {execution}", found, seconds=seconds)
        return described

    def stop(self, execution: str) -> None:
        self._states.stop_execution(executionArn=execution)

    def route(self) -> dict[str, Any]:
        found = self.world.kubernetes(CLUSTER_B).get(ROUTE)
        assert found is not None
        return found

    def weights(self) -> list[int]:
        return [ref["weight"] for ref in self.route()["spec"]["rules"][0]["backendRefs"]]

    def canary_annotations(self) -> dict[str, str]:
        annotations = self.route()["metadata"].get("annotations", {})
        return {name: value for name, value in annotations.items() if name.startswith("trellis.dev/canary-")}

    def served(self) -> set[tuple[int, ...]]:
        """The weights that the rules of VPC Lattice carry, v1 before v2."""
        found = service_of(self.world, HOSTNAME)
        assert found is not None
        names = {group["arn"].rsplit("/", 1)[-1]: group["name"] for group in self._groups()}
        shares = [
            sorted((names[share["targetGroupIdentifier"].rsplit("/", 1)[-1]], share["weight"]) for share in shares)
            for listener in found["listeners"]
            for rule_ in listener["rules"]
            if (shares := rule_["action"]["forward"]["targetGroups"])
        ]
        return {tuple(weight for _, weight in share) for share in shares}

    def fail(self, app: str, status: str | None = "500") -> None:
        """From now on every pod of the version answers with this status; None heals them."""
        metadata = {"annotations": {"local.trellis.dev/response-status": status}}
        path = f"/apis/apps/v1/namespaces/{PLACE}/deployments/{app}"
        self.world.kubernetes(CLUSTER_B).merge(path, {"spec": {"template": {"metadata": metadata}}})

    def report(self, key: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            self.world.aws("s3").get_object(Bucket=self._bucket(), Key=key)["Body"].read()
        )
        return document

    def documents(self) -> set[str]:
        """The keys of all that is kept of canaries: reports, and what they were judged by."""
        pages = (
            self.world.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=self._bucket(), Prefix="canaries/")
        )
        keys = (item["Key"] for page in pages for item in page.get("Contents", []))
        return {key for key in keys if key.endswith(".json")}

    def _bucket(self) -> str:
        buckets = self.world.aws("s3").list_buckets()["Buckets"]
        return next(str(found["Name"]) for found in buckets if "document" in found["Name"].lower())

    def problems(self, ended: dict[str, Any]) -> list[dict[str, str]]:
        message = json.loads(json.loads(ended["cause"])["errorMessage"])
        problems: list[dict[str, str]] = message["problems"]
        return problems

    def declare(self, v1: int, v2: int) -> None:
        """Somebody applies manifests with these weights."""
        orders = route(f"{PLACE}/orders", rule(*backends(v1, v2)), hostname=HOSTNAME)
        apply(self.world.kubernetes(CLUSTER_B), orders)

    def sweep(self) -> list[str]:
        return [str(line["did"]) for line in self._call("ReapCanary", {"action": "sweep"})["swept"]]

    def command(self, name: str, *, author: str = "bob") -> None:
        place = {"cluster": CLUSTER_B, "namespace": PLACE, "name": "orders"}
        request = {"command": name, "requestId": f"{name}-1", "author": author, "reason": "a test"}
        assert self._call("trellis-command-canary", {**place, **request})["command"] == name

    def status(self) -> dict[str, Any]:
        """What the command line shows."""
        return self._call("trellis-show-canary", {"cluster": CLUSTER_B, "namespace": PLACE, "name": "orders"})

    def phase(self) -> str:
        """What the lease says."""
        dynamodb = self.world.aws("dynamodb")
        (table,) = dynamodb.list_tables()["TableNames"]
        key = {"pk": {"S": "CANARY"}, "sk": {"S": f"{CLUSTER_B}/{PLACE}/HTTPRoute/orders"}}
        item = dynamodb.get_item(TableName=table, Key=key).get("Item")
        return str(item["phase"]["S"]) if item else ""

    def reach(self, phase: str) -> None:
        self.world.wait(f"phase {phase}", lambda: self.phase() == phase, seconds=SECONDS)

    def _call(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        functions = self.world.aws("lambda")
        names = [found["FunctionName"] for found in functions.list_functions()["Functions"]]
        name = next(found for found in names if function in found)
        answer: dict[str, Any] = json.loads(
            functions.invoke(FunctionName=name, Payload=json.dumps(payload))["Payload"].read()
        )
        assert "errorMessage" not in answer, answer
        return answer

    def _groups(self) -> list[dict[str, Any]]:
        pages = self.world.aws("vpc-lattice").get_paginator("list_target_groups").paginate()
        return [item for page in pages for item in page["items"]]

    def ask(self) -> str:
        answer = self.world.get(self._vpc_id, f"http://{HOSTNAME}/orders")
        return str(answer.document.get("service", answer.status))


@contextmanager
def opened(world: World, vpc_id: str) -> Iterator[Shop]:
    """A shop with both versions, all requests going to v1; afterwards nothing is left of it."""
    api = world.kubernetes(CLUSTER_B)
    orders = route(f"{PLACE}/orders", rule(*backends(100, 0)), hostname=HOSTNAME)
    documents = [namespace(PLACE), gateway(PLACE), *backend(PLACE, "orders-v1"), *backend(PLACE, "orders-v2"), orders]
    apply(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    shop = Shop(world, vpc_id)
    yield shop
    delete(api, *documents)
    shop.sweep()
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert shop.phase() in {"", "RELEASED"}


@pytest.fixture
def shop(world: World, onboarded: Walkthrough) -> Iterator[Shop]:
    with opened(world, onboarded.vpcs["a"]) as shop:
        yield shop


@contextmanager
def requests(shop: Shop) -> Iterator[Counter[str]]:
    """Requests all the time, counted by the version that answered."""
    answers: Counter[str] = Counter()
    stopped = threading.Event()

    def client() -> None:
        while not stopped.wait(0.02):
            answers[shop.ask()] += 1

    thread = threading.Thread(target=client)
    thread.start()
    yield answers
    stopped.set()
    thread.join()


@pytest.fixture
def traffic(shop: Shop) -> Iterator[Counter[str]]:
    """Requests during a test."""
    with requests(shop) as answers:
        yield answers


def test_a_canary_is_promoted_under_real_requests(shop: Shop, traffic: Counter[str]) -> None:
    ended = shop.ended(shop.start())
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert shop.weights() == [0, 100]
    assert shop.served() == {(0, 100)}
    report = shop.report(json.loads(ended["output"])["report"])
    assert [(step["percent"], step["verdicts"][-1]["reason"]) for step in report["steps"]] == [
        (50, "PASSED"),
        (100, "PASSED"),
    ]
    assert abs(report["steps"][0]["measuredSharePercent"] - 50) < 20
    assert set(traffic) == {"orders-v1", "orders-v2"}
    assert shop.sweep() == []
    shop.declare(0, 100)
    assert shop.sweep() == ["cleared"]
    assert shop.canary_annotations() == {}
    assert shop.phase() == "RELEASED"


def test_a_canary_that_fails_every_request_is_rolled_back(shop: Shop, traffic: Counter[str]) -> None:
    execution = shop.start()
    shop.world.wait("the first step", lambda: shop.served() == {(50, 50)}, seconds=SECONDS)
    shop.fail("orders-v2")
    ended = shop.ended(execution)
    assert (ended["status"], ended.get("error")) == ("FAILED", "RolledBack"), ended
    outline = json.loads(ended["cause"])
    # Health checks get 500 too: whatever is seen first.
    assert outline["reason"].partition(":")[0] in {"HARD_STOP", "NO_HEALTHY_TARGETS"}
    assert shop.weights() == [100, 0]
    assert shop.served() == {(100, 0)}
    assert shop.canary_annotations() == {}
    assert shop.report(outline["report"])["rollback"]["failedCanaryRequests"] > 0


def test_the_second_canary_is_refused_naming_the_first_and_a_stopped_one_goes_back(shop: Shop) -> None:
    first = shop.start()
    shop.world.wait("the first step", lambda: shop.served() == {(50, 50)}, seconds=SECONDS)
    second = shop.ended(shop.start())
    assert (second["status"], second["error"]) == ("FAILED", "Rejected")
    assert first in second["cause"]
    shop.stop(first)
    shop.world.wait("the baseline", lambda: shop.served() == {(100, 0)}, seconds=SECONDS)
    shop.world.wait("the end of the recovery", lambda: shop.canary_annotations() == {}, seconds=SECONDS)
    assert shop.weights() == [100, 0]


def test_a_person_lets_it_begin_pauses_it_and_takes_it_through(shop: Shop) -> None:
    topic = shop.world.aws("sns").create_topic(Name="canaries")["TopicArn"]
    execution = shop.start(gates={"beforeStart": True}, requestedBy="alice", notify=[topic])
    shop.reach("GATED")
    assert shop.weights() == [100, 0]
    shop.command("approve")
    shop.reach("BAKING")
    shop.command("pause")
    shop.reach("PAUSED")
    assert shop.served() == {(50, 50)}
    shop.command("promote")
    shop.reach("FINAL_BAKE")
    shop.command("skip")
    ended = shop.ended(execution)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    report = shop.report(json.loads(ended["output"])["report"])
    assert [gate["decided_by"] for gate in report["gates"]] == ["bob"]
    assert shop.served() == {(0, 100)}


def test_what_a_person_rejects_goes_back_at_once(shop: Shop) -> None:
    topic = shop.world.aws("sns").create_topic(Name="canaries")["TopicArn"]
    execution = shop.start(gates={"beforeStart": True}, notify=[topic])
    shop.reach("GATED")
    shop.command("reject")
    ended = shop.ended(execution)
    assert json.loads(ended["cause"])["reason"].startswith("GATE_REJECTED: by bob")
    assert shop.weights() == [100, 0]
    assert shop.canary_annotations() == {}


@pytest.fixture
def alarm(world: World) -> Iterator[str]:
    """An alarm that has no data."""
    cloudwatch, name = world.aws("cloudwatch"), "orders-are-lost"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="LostOrders",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_weights_that_a_manifest_puts_back_are_no_drift_and_come_again(shop: Shop, alarm: str) -> None:
    execution = shop.start(alarms={"names": [alarm], "insufficientData": "ignore"})
    shop.reach("BAKING")
    (known,) = shop.world.aws("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    assert shop.status()["alarms"] == {alarm: known["StateValue"]}
    shop.declare(100, 0)
    shop.world.run("check-drift", {"cluster": CLUSTER_B})
    assert shop.served() == {(50, 50)}
    shop.world.wait("the weights again", lambda: shop.weights() == [50, 50], seconds=SECONDS)
    shop.reach("BAKING")
    shop.command("abort")
    ended = shop.ended(execution)
    assert json.loads(ended["cause"])["reason"].startswith("ABORTED: by bob")
    assert shop.served() == {(100, 0)}


def test_what_is_wrong_with_an_input_is_told_at_once_and_nothing_is_written(shop: Shop) -> None:
    before = shop.route()
    ended = shop.ended(shop.start(canary={"name": "orders-v9"}, alarms={"names": ["no-such-alarm"]}))
    assert (ended["status"], ended["error"]) == ("FAILED", "Rejected")
    codes = {problem["code"] for problem in shop.problems(ended)}
    assert {"E_BACKEND_ABSENT", "E_ALARM_NOT_FOUND"} <= codes
    assert shop.route() == before


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(shop: Shop) -> None:
    before = shop.route()
    ended = shop.ended(shop.start(dryRun=True))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert [step["percent"] for step in json.loads(ended["output"])["steps"]] == [50, 100]
    assert shop.route() == before
