"""VPC Lattice, CloudWatch, Step Functions and Lambda as the parts of a canary see them."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from trellis.model import Forward, Service
from trellis.planning.service_state import ObservedGroup, ObservedService, ObservedServices

MACHINE = "arn:aws:states:us-west-2:111122223333:stateMachine:shift-canary"
HOOK = "arn:aws:lambda:us-west-2:111122223333:function:may-it-go-on"
EXECUTIONS = MACHINE.replace("stateMachine", "execution")


ACTIVE = "ACTIVE"


class Lattice:
    """Carries what was programmed last; `lagging` listeners do not follow. `watch` is called after each change."""

    def __init__(self, effect: Callable[[str], None]) -> None:
        self._effect = effect
        self.watch: Callable[[], None] = lambda: None
        self.services: dict[str, Service] = {}
        self.lagging: set[str] = set()
        self.unhealthy: set[str] = set()
        self.gone: set[str] = set()

    def program(self, service: Service) -> None:
        """Bring one service to what is wanted."""
        self._effect("before VPC Lattice")
        former = self.services.get(service.name)
        old = {listener.name: listener for listener in former.listeners} if former else {}
        listeners = tuple(
            old.get(listener.name, listener) if listener.name in self.lagging else listener
            for listener in service.listeners
        )
        self.services[service.name] = replace(service, listeners=listeners)
        self.watch()
        self._effect("after VPC Lattice")

    def deregister(self) -> None:
        """Somebody takes the targets of all target groups away."""
        for name, service in self.services.items():
            groups = tuple(replace(group, targets=()) for group in service.target_groups)
            self.services[name] = replace(service, target_groups=groups)

    def observed(self, owner: str) -> ObservedServices:
        """Everything as a run reads it."""
        return ObservedServices(owner, tuple(_observed(service, owner) for service in self.services.values()))

    def shares(self) -> set[tuple[int, ...]]:
        """The weights of all rules of all listeners."""
        return {
            tuple(share.weight for share in rule.action.target_groups)
            for service in self.services.values()
            for listener in service.listeners
            for rule in listener.rules
            if isinstance(rule.action, Forward)
        }

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **asked: [{"items": getattr(self, f"_{operation}")(**asked)}])

    def get_rule(self, serviceIdentifier: str, listenerIdentifier: str, ruleIdentifier: str) -> Any:  # noqa: N803
        (rule,) = (rule for rule in self._rules(serviceIdentifier, listenerIdentifier) if rule.name == ruleIdentifier)
        groups: list[Any] = []
        if isinstance(rule.action, Forward):
            groups = [
                {"targetGroupIdentifier": f"tg-{share.target_group}", "weight": share.weight}
                for share in rule.action.target_groups
                if f"tg-{share.target_group}" not in self.gone
            ]
        return {"name": rule.name, "action": {"forward": {"targetGroups": groups}}}

    def _rules(self, service: str, listener: str) -> Any:
        listeners = self.services[service.removeprefix("svc-")].listeners
        return next(found.rules for found in listeners if found.name == listener)

    def _list_target_groups(self) -> list[Any]:
        names = {group.name for service in self.services.values() for group in service.target_groups}
        return [{"name": name, "id": f"tg-{name}"} for name in sorted(names)]

    def _list_services(self) -> list[Any]:
        return [{"name": name, "id": f"svc-{name}"} for name in self.services]

    def _list_listeners(self, serviceIdentifier: str) -> list[Any]:  # noqa: N803
        listeners = self.services[serviceIdentifier.removeprefix("svc-")].listeners
        return [{"id": listener.name, "name": listener.name} for listener in listeners]

    def _list_rules(self, serviceIdentifier: str, listenerIdentifier: str) -> list[Any]:  # noqa: N803
        rules = self._rules(serviceIdentifier, listenerIdentifier)
        return [{"id": rule.name, "isDefault": False} for rule in rules]

    def _list_targets(self, targetGroupIdentifier: str) -> list[Any]:  # noqa: N803
        unhealthy = any(name in targetGroupIdentifier for name in self.unhealthy)
        return [{"id": "10.0.0.1", "status": "UNHEALTHY" if unhealthy else "HEALTHY"}]


def _observed(service: Service, owner: str) -> ObservedService:
    networks = tuple((network, ACTIVE) for network in service.service_networks)
    arn = f"arn:{service.name}"
    found = replace(service, arn=arn, status=ACTIVE, owner=owner, association_status=networks)
    groups = (replace(group, status=ACTIVE, owner=owner) for group in service.target_groups)
    used = tuple(ObservedGroup(group, service.name, used_by=(arn,)) for group in groups)
    return ObservedService(service.name, owner, found, used)


class CloudWatch:
    """The same traffic on both versions in each minute; `failing` parts of a group's name have errors.

    Minutes after `until` are not known yet; with `fails` nothing can be read.
    """

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.until: float | None = None
        self.fails: Exception | None = None
        self.empty = False
        self.measured: list[tuple[str, str, tuple[str, ...], float]] = []

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        """Metrics of canaries' own: namespace, name, names of the dimensions, and value."""
        for datum in MetricData:
            dimensions = tuple(found["Name"] for found in datum.get("Dimensions", ()))
            self.measured.append((Namespace, datum["MetricName"], dimensions, datum["Value"]))

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        return {"MetricAlarms": [], "CompositeAlarms": []}

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        if self.fails:
            raise self.fails
        since, until = asked["StartTime"].timestamp(), asked["EndTime"].timestamp()
        until = until if self.until is None else min(until, self.until)
        minutes = range(0) if self.empty else range(int(since // 60) * 60, int(until), 60)
        times = [datetime.fromtimestamp(minute, UTC) for minute in minutes]
        return {"MetricDataResults": [self._result(query, times) for query in asked["MetricDataQueries"]]}

    def _result(self, query: Mapping[str, Any], times: list[datetime]) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        group, name = metric["Dimensions"][0]["Value"], metric["MetricName"]
        fails = any(part in group for part in self.failing)
        errors = 500.0 if fails else 0.0
        values = {"TotalRequestCount": 1000.0, "HTTPCode_5XX_Count": errors, "HTTPCode_2XX_Count": 1000.0 - errors}
        value = 10.0 if name == "RequestTime" else values.get(name, 0.0)
        return {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": [value] * len(times)}


class GoneError(Exception):
    pass


class StepFunctions:
    """Executions by ARN, and the messages to waiting tasks."""

    exceptions = SimpleNamespace(ExecutionDoesNotExist=GoneError, TaskTimedOut=GoneError, TaskDoesNotExist=GoneError)

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.waiting: set[str] = set()
        self.sent: list[tuple[str, dict[str, str]]] = []

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        if executionArn not in self.statuses:
            raise GoneError
        return {"status": self.statuses[executionArn]}

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn == MACHINE
        self.statuses[f"{EXECUTIONS}:{name}"] = "RUNNING"
        self.started.append((name, json.loads(input)))

    def send_task_success(self, **sent: str) -> None:
        self._send("success", sent)

    def send_task_failure(self, **sent: str) -> None:
        self._send("failure", sent)

    def _send(self, kind: str, sent: dict[str, str]) -> None:
        if sent["taskToken"] not in self.waiting:
            raise GoneError
        self.waiting.remove(sent["taskToken"])
        self.sent.append((kind, sent))


class Functions:
    """The one function that is a hook: it answers by the hook's name, and notes what it was asked."""

    def __init__(self, effect: Callable[[str], None]) -> None:
        self._effect = effect
        self.answers: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []

    @property
    def names_asked(self) -> list[tuple[str, float]]:
        """Each question's hook and percent."""
        return [(question["hook"], question["percent"]) for question in self.asked]

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == HOOK
        question = json.loads(Payload)
        self.asked.append(question)
        self._effect("after hook")
        answer = self.answers.get(question["hook"], {"passed": True})
        if isinstance(answer, Exception):
            raise answer
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}
