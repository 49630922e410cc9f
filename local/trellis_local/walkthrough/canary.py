"""Canaries of the datastore's route: they are started, their ends are awaited, and a client meets both versions."""

import copy
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trellis_local.walkthrough.world import World, manifests, path_of

_SECONDS = 150  # real ones, for a whole canary on a busy machine
_PAUSE = 0.02  # real seconds between two requests
_OK = 200
_VERSIONS = _V1, _V2 = ("datastore-v1", "datastore-v2")
_ASKED = {
    "route": {"namespace": "apps", "name": "datastore"},
    "baseline": {"name": _V1},
    "canary": {"name": _V2},
    "strategy": {"steps": [{"percent": 50}, {"percent": 100}], "bakeSeconds": 360, "finalBakeSeconds": 360},
    "analysis": {"minRequests": 20},
    "requestedBy": "walkthrough",
}


class Client:
    """A client that sends one request after the other; `answers` has each one's version, or its status if not 200."""

    def __init__(self, world: World, vpc_id: str, url: str) -> None:
        self.answers: list[str] = []
        self._world, self._vpc_id, self._url = world, vpc_id, url
        self._stopped = threading.Event()

    def send(self) -> None:
        """Send until `stop`."""
        while not self._stopped.wait(_PAUSE):
            answer = self._world.get(self._vpc_id, self._url)
            served = answer.document.get("version") if answer.status == _OK else answer.status
            self.answers.append(str(served))

    def stop(self) -> None:
        """The request that is under way is the last one."""
        self._stopped.set()

    def next(self, count: int) -> Counter[str]:
        """The answers to the next requests, without the one that may be under way."""
        first = len(self.answers) + 1
        self._world.wait(f"{count} answers", lambda: len(self.answers) >= first + count)
        return Counter(self.answers[first : first + count])


class Canaries:
    """What a person does with the route; `folder` has the manifests of its cluster."""

    def __init__(self, world: World, *, cluster: str, folder: Path) -> None:
        self._world, self._cluster, self._folder = world, cluster, folder
        self._states = world.aws("stepfunctions")

    @contextmanager
    def client(self, vpc_id: str, url: str) -> Iterator[Client]:
        """A client in a VPC, for as long as the context lasts."""
        client = Client(self._world, vpc_id, url)
        thread = threading.Thread(target=client.send)
        thread.start()
        try:
            yield client
        finally:
            client.stop()
            thread.join()

    def declare(self, v1: int, v2: int) -> None:
        """Apply the route's manifest with these weights."""
        (document,) = (copy.deepcopy(found) for found in manifests(self._folder) if found["kind"] == "HTTPRoute")
        for rule in document["spec"]["rules"]:
            if [ref["name"] for ref in rule["backendRefs"]] == list(_VERSIONS):
                for ref, weight in zip(rule["backendRefs"], (v1, v2), strict=True):
                    ref["weight"] = weight
        self._world.kubernetes(self._cluster).apply(path_of(document), document, manager="walkthrough")

    def start(self) -> str:
        """Start a canary and return its execution's ARN."""
        machine = self._world.status()["stateMachines"]["shift-canary"]
        asked = json.dumps({"cluster": self._cluster, **_ASKED})
        return str(self._states.start_execution(stateMachineArn=machine, input=asked)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """The execution at its end, however it ended."""

        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = self._states.describe_execution(executionArn=execution)
            return None if described["status"] == "RUNNING" else described

        described: dict[str, Any] = self._world.wait("the end of the canary", found, seconds=_SECONDS)
        return described

    def report(self, ended: dict[str, Any]) -> dict[str, Any]:
        """The report that an execution's output or cause leads to."""
        s3, key = self._world.aws("s3"), json.loads(ended.get("output") or ended["cause"])["report"]
        bucket = next(found["Name"] for found in s3.list_buckets()["Buckets"] if "document" in found["Name"].lower())
        document: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return document

    def annotations(self) -> list[str]:
        """The names of those that a canary has put on the route."""
        path = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/datastore"
        route = self._world.kubernetes(self._cluster).get(path) or {}
        names = route["metadata"].get("annotations", {})
        return sorted(name for name in names if name.startswith("trellis.dev/canary-"))

    def answer(self, status: str | None) -> None:
        """From now on every pod of v2 answers with this status; None heals them."""
        metadata = {"annotations": {"local.trellis.dev/response-status": status}}
        path = f"/apis/apps/v1/namespaces/apps/deployments/{_V2}"
        self._world.kubernetes(self._cluster).merge(path, {"spec": {"template": {"metadata": metadata}}})

    def reach(self, service_id: str, v1: int, v2: int) -> None:
        """Wait until VPC Lattice carries these weights and no others."""
        what = f"weights {v1}:{v2}"
        self._world.wait(what, lambda: self.served(service_id) == {(v1, v2)}, seconds=_SECONDS)

    def served(self, service_id: str) -> set[tuple[int, ...]]:
        """The weights that VPC Lattice's rules for both versions carry, v1 before v2."""
        lattice = self._world.aws("vpc-lattice")
        found = set()
        for listener in lattice.list_listeners(serviceIdentifier=service_id)["items"]:
            place = {"serviceIdentifier": service_id, "listenerIdentifier": listener["id"]}
            for item in lattice.list_rules(**place)["items"]:
                action = lattice.get_rule(**place, ruleIdentifier=item["id"])["action"]
                groups = action.get("forward", {}).get("targetGroups", [])
                if len(groups) > 1:
                    named = sorted((self._name(group["targetGroupIdentifier"]), group["weight"]) for group in groups)
                    found.add(tuple(weight for _, weight in named))
        return found

    def _name(self, target_group: str) -> str:
        found = self._world.aws("vpc-lattice").get_target_group(targetGroupIdentifier=target_group)
        return str(found["name"])
