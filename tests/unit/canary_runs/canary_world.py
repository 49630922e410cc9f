"""A fleet of one cluster with one route, and everything that works on it, in memory; work can be interrupted anywhere.

Every effect has a place before and after it. At such a place a test can kill the call (`Killed`), lose an answer, or
let somebody else do something in between.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest
from canary_aws import HOOK, MACHINE, CloudWatch, Functions, Lattice, StepFunctions
from canary_cluster import NAMESPACE, ROUTE, Api, ApiServer
from canary_leases import KEY, VERSIONS
from run_tools import CLUSTER, MemoryLeases, batch_run, toolbox
from small_table import SmallTable

from trellis.canary.state import Lease, Phase
from trellis.clusters.api import KubernetesApi
from trellis.fleet.canaries import Canaries
from trellis.model import Mode, cluster_owner
from trellis.planning.service_state import ObservedServices
from trellis.planning.work import KindPlan
from trellis.resources import dns, network, services
from trellis.resources.read_memory import NoMemory
from trellis.runs import applying, planning
from trellis.runs.canary_commands import CommandRequest, command
from trellis.runs.canary_reaping import SWEEP, reap
from trellis.runs.reading import read
from trellis.runs.request import Run, RunRequest

BASELINE = (100, 0)
BAKE = 360

Act = Callable[[], object]


class Killed(BaseException):
    """A function's process is gone; nothing in it can catch that."""


def kill() -> None:
    raise Killed


def _nothing() -> None:
    """Nobody watches."""


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


class Working:
    """A DynamoDB client whose calls are effects. `watch` is called after each write."""

    def __init__(self, client: Any, effect: Callable[[str], None]) -> None:
        self._client = client
        self._effect = effect
        self.fails: list[Exception] = []
        self.watch: Act = _nothing

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)
        call = getattr(self._client, operation)
        if operation == "get_paginator":
            return self._paginator(call)
        if operation not in ("update_item", "transact_write_items"):
            return call

        def write(**asked: Any) -> Any:
            self._effect("before lease")
            if self.fails:
                raise self.fails.pop(0)
            answer = call(**asked)
            self.watch()
            self._effect("after lease")
            return answer

        return write

    def _paginator(self, call: Any) -> Any:
        def paginate(**asked: Any) -> list[Any]:
            pages = list(call("query").paginate(**asked))
            self._effect("after leases")
            return pages

        return lambda _: SimpleNamespace(paginate=paginate)


class ServiceLeases(MemoryLeases):
    """The leases of services; `watch` is called when a run has taken one."""

    def __init__(self) -> None:
        super().__init__()
        self.watch: Act = _nothing

    @contextmanager
    def held(self, resource: str, holder: str, *, read_at: int | None = None) -> Iterator[int]:
        with super().held(resource, holder) as epoch:
            self.watch()
            yield epoch


class World:
    """Use as `with world() as it`."""

    cluster = CLUSTER.name

    def __init__(self, dynamodb: Any = None) -> None:
        self.now = 1_000_000_020.0
        self.server = ApiServer(self.effect)
        self.lattice, self.cloudwatch, self.states = Lattice(self.effect), CloudWatch(), StepFunctions()
        self.functions = Functions(self.effect)
        self.leases = ServiceLeases()
        self.runs = 0
        self.table = Working(dynamodb or SmallTable(), self.effect)
        self.canaries = Canaries(cast(Any, self.table), "fleet")
        self.documents = Documents()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.messages: list[str] = []
        self.effects = 0
        self.place = ""
        self._interruption: tuple[str | int, Act] | None = None
        clients = SimpleNamespace(
            eks=None,
            route53=None,
            lattice=self.lattice,
            cloudwatch=self.cloudwatch,
            stepfunctions=self.states,
            functions=self.functions,
            events=SimpleNamespace(put_events=self._put_events),
            sns=SimpleNamespace(publish=self._publish),
        )
        self.tools = toolbox(
            documents=cast(Any, self.documents),
            clients=clients,
            canaries=self.canaries,
            leases=self.leases,
            now=self._clock,
            canary_machine=MACHINE,
            canary_hooks=(HOOK,),
        )

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

    @property
    def is_to_be_interrupted(self) -> bool:
        """Whether the place of an interruption has not been reached yet."""
        return self._interruption is not None

    def finish_interruption(self) -> None:
        """Forget an interruption whose place was never reached."""
        self._interruption = None

    def effect(self, place: str) -> None:
        """A place between two steps of work."""
        number, self.effects, self.place = self.effects, self.effects + 1, place
        if self._interruption and self._interruption[0] in (place, number):
            _, act = self._interruption
            self._interruption = None
            act()

    def read(self, scope: str = "cluster", lane: str = "schedule") -> dict[str, Any]:
        """A run reads the cluster."""
        self.runs += 1
        asked = {"cluster": CLUSTER.name, "scope": scope, "lane": lane, "run": f"run-{self.runs}"}
        return read(self.tools, RunRequest(**asked, mode=Mode.REMEDIATE))

    def plan(self, run: dict[str, Any] | None = None) -> dict[str, Any]:
        """The same run plans; what the machine knows then."""
        run = run or self.read()
        return {**run, **planning.plan(self.tools, Run(**run))}

    def apply(self, planned: dict[str, Any]) -> list[str]:
        """The same run brings VPC Lattice to its plan; the statuses of what it had to do."""
        batches = [batch for stage in planned["stages"] for batch in stage["batches"]]
        runs = [batch_run(planned["planKey"], *batch["names"], run=planned["run"]) for batch in batches]
        noted = [self.documents.get(applying.apply_service(self.tools, run)["outcomesKey"]) for run in runs]
        return [str(outcome["status"]) for each in noted for outcome in each["outcomes"]]

    def reconcile(self, scope: str = "cluster", lane: str = "schedule") -> list[str]:
        """A whole run."""
        return self.apply(self.plan(self.read(scope, lane)))

    def sweep(self) -> list[str]:
        """The sweep of a drift check: what was done."""
        return [line["did"] for line in reap(self.tools, SWEEP)["swept"]]

    def say(self, name: str, *, author: str = "bob", request: str = "r-1", **more: Any) -> dict[str, Any]:
        """An operator's command."""
        place = {"cluster": CLUSTER.name, "namespace": NAMESPACE, "name": ROUTE}
        asked = {**place, "command": name, "requestId": request, "author": author, **more}
        return command(self.tools, CommandRequest.model_validate(asked))

    def _clock(self) -> float:
        return self.now

    def _publish(self, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: N803
        self.messages.append(Message)

    def _put_events(self, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803 - as boto3 has it
        self.told += [(each["DetailType"].removeprefix("Canary."), json.loads(each["Detail"])) for each in Entries]
        return {"FailedEntryCount": 0}


class Stage:
    """Which world the product's functions are in."""

    world: World

    def of_cluster(self, *_: Any) -> Api:
        return Api(self.world.server)

    def observe(self, *_: Any) -> ObservedServices:
        return self.world.lattice.observed(cluster_owner(CLUSTER.account, CLUSTER.name))

    def reconcile_services(self, _: Any, tasks: Sequence[Any], __: Any) -> list[services.ServiceOutcome]:
        for task in tasks:
            self.world.lattice.program(task.desired)
        return [services.ServiceOutcome(task.name, services.ServiceStatus.PROGRAMMED) for task in tasks]


@contextmanager
def stage() -> Iterator[Stage]:
    """The product's functions, on whatever world is put there; runs have nothing to do but services."""
    made = Stage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KubernetesApi, "of_cluster", made.of_cluster)
        patch.setattr(services, "reconcile_services", made.reconcile_services)
        # A run that waits for another one says so each time, in thousands of sequences.
        patch.setattr(applying.logger, "warning", lambda *_, **__: None)
        patch.setattr(planning, "remembering", lambda *_: nullcontext(NoMemory()))
        patch.setattr(planning, "observe_services", made.observe)
        patch.setattr(planning, "_cluster_items", lambda *_: ())
        patch.setattr(planning, "auth_items", lambda *_, **__: ())
        patch.setattr(planning, "client_items", lambda *_, **__: [])
        patch.setattr(dns, "plan", lambda *_: KindPlan())
        patch.setattr(network, "names", lambda _: (CLUSTER.service_network,))
        yield made


@contextmanager
def world(dynamodb: Any = None) -> Iterator[World]:
    """A world whose route is served as its manifests say."""
    with stage() as made:
        made.world = World(dynamodb)
        made.world.reconcile()
        yield made.world


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
