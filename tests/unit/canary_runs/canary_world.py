"""A fleet of one cluster with one route, and everything that works on it, in memory; work can be interrupted anywhere.

Every effect has a place before and after it. At such a place a test can kill the call (`Killed`), lose an answer, or
let somebody else do something in between.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest
from canary_aws import MACHINE, CloudWatch, Lattice, StepFunctions
from canary_cluster import NAMESPACE, ROUTE, VERSIONS, Api, ApiServer
from small_table import SmallTable

from trellis.canary.overlay import marks, overlaid
from trellis.canary.state import CanaryKey, Lease, Phase
from trellis.clusters.api import KubernetesApi
from trellis.clusters.snapshot import read_snapshot
from trellis.config import Settings
from trellis.fleet.canaries import Canaries
from trellis.gateway_api import build_desired, build_intent, parse_snapshot
from trellis.model import Cluster, Mode
from trellis.resources import services
from trellis.runs.applying import apply_service
from trellis.runs.canary_commands import CommandRequest, command
from trellis.runs.canary_reaping import SWEEP, reap
from trellis.runs.request import Batch, BatchRun
from trellis.runs.toolbox import Toolbox

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")
KEY = CanaryKey(CLUSTER.name, NAMESPACE, ROUTE)
BASELINE = (100, 0)
BAKE = 360

Act = Callable[[], object]


class Killed(BaseException):
    """A function's process is gone; nothing in it can catch that."""


def kill() -> None:
    raise Killed


class Documents:
    """Documents under keys made of their content."""

    def __init__(self) -> None:
        self._stored: dict[str, str] = {}
        self.fails: Exception | None = None

    def put(self, kind: str, cluster: str, document: dict[str, Any]) -> str:
        if self.fails:
            raise self.fails
        body = json.dumps(document, sort_keys=True, default=str)
        key = f"{kind}/{cluster}/{sha256(body.encode()).hexdigest()[:32]}.json"
        self._stored[key] = body
        return key

    def put_text(self, key: str, text: str, *, kind: str) -> None:
        self._stored[key] = text

    def get(self, key: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._stored[key])
        return document


class Writing:
    """A DynamoDB client whose writes are effects."""

    def __init__(self, client: Any, effect: Callable[[str], None]) -> None:
        self._client = client
        self._effect = effect
        self.fails: list[Exception] = []

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        if operation not in ("update_item", "transact_write_items"):
            return call

        def write(**asked: Any) -> Any:
            self._effect("before lease")
            if self.fails:
                raise self.fails.pop(0)
            answer = call(**asked)
            self._effect("after lease")
            return answer

        return write


class World:
    """Use as `with world() as it`."""

    def __init__(self, dynamodb: Any = None) -> None:
        self.now = 1_000_000_020.0
        self.server = ApiServer(self.effect)
        self.lattice, self.cloudwatch, self.states = Lattice(), CloudWatch(), StepFunctions()
        self.table = Writing(dynamodb or SmallTable(), self.effect)
        self.canaries = Canaries(cast(Any, self.table), "fleet")
        self.documents = Documents()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.effects = 0
        self._interruption: tuple[str | int, Act] | None = None
        clients = SimpleNamespace(
            eks=None,
            lattice=self.lattice,
            cloudwatch=self.cloudwatch,
            stepfunctions=self.states,
            events=SimpleNamespace(put_events=self._put_events),
        )
        registry = SimpleNamespace(get=lambda _: CLUSTER, find=lambda _: CLUSTER, list=lambda: (CLUSTER,))
        tools = SimpleNamespace(
            clients=clients,
            canaries=self.canaries,
            documents=self.documents,
            registry=registry,
            leases=SimpleNamespace(held=_held),
            now=lambda: self.now,
            settings=Settings(table="fleet", bucket="documents", canary_machine=MACHINE),
        )
        self.tools = cast(Toolbox, tools)

    @property
    def lease(self) -> Lease:
        """The lease as it is stored."""
        found = self.canaries.find(KEY)
        assert found is not None
        return found

    @property
    def is_locked(self) -> bool:
        """Whether a canary has the route."""
        found = self.canaries.find(KEY)
        return found is not None and found.phase is not Phase.RELEASED

    @property
    def names_told(self) -> list[str]:
        """The events so far, without their prefix."""
        return [name for name, _ in self.told]

    def interrupt(self, place: str | int, act: Act) -> None:
        """Once: act at the next place of that name (`before PATCH`, `after lease`), or at the place of that number."""
        self.effects = 0
        self._interruption = (place, act)

    def end_event(self, arn: str, status: str = "ABORTED") -> int:
        """The event that an execution has ended; how many canaries were orphans of it."""
        return len(reap(self.tools, {"detail": {"executionArn": arn, "status": status}})["swept"])

    def finish_interruption(self) -> None:
        """Forget an interruption whose place was never reached."""
        self._interruption = None

    def effect(self, place: str) -> None:
        """A place between two steps of work."""
        number, self.effects = self.effects, self.effects + 1
        if self._interruption and self._interruption[0] in (place, number):
            _, act = self._interruption
            self._interruption = None
            act()

    def plan(self) -> tuple[str, dict[str, Any]]:
        """A run reads the cluster and the leases: the key of its plan and the desired state."""
        snapshot = read_snapshot(Api(self.server), CLUSTER.name)
        leases = self.canaries.of_cluster(CLUSTER.name)
        intent = build_intent(parse_snapshot(overlaid(snapshot, leases)), CLUSTER)
        desired = asdict(build_desired(intent, CLUSTER))
        document = {"desired": desired, "items": [], "canaries": marks(leases)}
        return self.documents.put("plans", CLUSTER.name, document), desired

    def apply(self, plan: tuple[str, dict[str, Any]]) -> list[str]:
        """A run brings VPC Lattice to its plan; the statuses."""
        key, desired = plan
        return [self._apply(key, service["name"]) for service in desired["services"]]

    def reconcile(self) -> list[str]:
        """A whole run."""
        return self.apply(self.plan())

    def sweep(self) -> list[str]:
        """The sweep of a drift check: what was done."""
        return [line["did"] for line in reap(self.tools, SWEEP)["swept"]]

    def say(self, name: str, *, author: str = "bob", request: str = "r-1", **more: Any) -> dict[str, Any]:
        """An operator's command."""
        place = {"cluster": CLUSTER.name, "namespace": NAMESPACE, "name": ROUTE}
        asked = {**place, "command": name, "requestId": request, "author": author, **more}
        return command(self.tools, CommandRequest.model_validate(asked))

    def _apply(self, key: str, name: str) -> str:
        batch = Batch(kind=services.KIND, phase="apply", names=(name,))
        run = BatchRun(
            cluster=CLUSTER.name,
            scope="cluster",
            mode=Mode.REMEDIATE,
            lane="schedule",
            run="run-1",
            snapshotKey="s",
            planKey=key,
            batch=batch,
        )
        key = apply_service(self.tools, run)["outcomesKey"]
        return str(self.tools.documents.get(key)["outcomes"][0]["status"])

    def _put_events(self, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803 - as boto3 has it
        self.told += [(each["DetailType"].removeprefix("Canary."), json.loads(each["Detail"])) for each in Entries]
        return {"FailedEntryCount": 0}


@contextmanager
def _held(*_: str) -> Iterator[int]:
    yield 1


@contextmanager
def world(dynamodb: Any = None) -> Iterator[World]:
    """A world whose route is served as its manifests say."""
    made = World(dynamodb)
    done = services.ServiceStatus.PROGRAMMED

    def reconcile_services(_: Any, tasks: Sequence[Any], __: Any) -> list[services.ServiceOutcome]:
        for task in tasks:
            made.lattice.program(task.desired)
        return [services.ServiceOutcome(task.name, done) for task in tasks]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KubernetesApi, "of_cluster", classmethod(lambda *_: Api(made.server)))
        patch.setattr(services, "reconcile_services", reconcile_services)
        made.reconcile()
        yield made


def asked(**members: Any) -> dict[str, Any]:
    """The input of a canary in two short steps."""
    strategy = {"steps": [{"percent": 50}, {"percent": 100}], "bakeSeconds": BAKE, "finalBakeSeconds": BAKE}
    return {
        "cluster": CLUSTER.name,
        "route": {"namespace": NAMESPACE, "name": ROUTE},
        "baseline": {"name": VERSIONS[0]},
        "canary": {"name": VERSIONS[1]},
        "strategy": strategy,
        "analysis": {"checks": {"splitCheck": {"enabled": False}}},
        "requestedBy": "alice",
        **members,
    }
