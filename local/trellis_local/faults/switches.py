"""What is switched on at `/_local/faults`, and how each kind takes effect and is taken back.

Call faults act on the endpoint, outages on a cluster, the rest on the VPC Lattice of this process. Whoever stops the
stack calls `clear`.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from trellis_local.aws import LocalRequest
from trellis_local.aws.call_faults import CallFault, CallFaults, Calls, Latency, Refusal
from trellis_local.chance import Chance
from trellis_local.faults.documents import (
    AnyFault,
    ClusterOutage,
    Duration,
    LatencyOfCalls,
    OfCalls,
    Quota,
    RefusedDocumentError,
    ServerError,
    StaleRead,
    StateFailure,
    Throttle,
    WithChance,
    read_document,
)
from trellis_local.faults.overrides import Overrides
from trellis_local.kubernetes.contract import RunningCluster
from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault, StaleReads
from trellis_local.lattice.past import order_stale_reads


@dataclass(frozen=True)
class _Switch:
    id: str
    document: AnyFault
    chance: Chance | None
    take_back: Callable[[], None]

    def as_json(self) -> dict[str, Any]:
        members = {"id": self.id, **self.document.model_dump(exclude_none=True)}
        return members if self.chance is None else {**members, **_progress(self.chance)}


class Switches:
    """The switches of one stack; `on` and `off` are for Python, `route` for HTTP."""

    def __init__(self, calls: CallFaults, clusters: Mapping[str, RunningCluster]) -> None:
        self._calls = calls
        self._clusters = clusters
        self._reachable: Overrides[str, bool] = Overrides(
            read=lambda name: clusters[name].reachable, write=self._let_reach
        )
        self._durations: Overrides[tuple[str, str], float] = Overrides(
            read=lambda key: configuration.current().durations[key],
            write=lambda key, value: configuration.reconfigure(durations={key: value}),
        )
        self._quotas: Overrides[str, int] = Overrides(
            read=lambda key: configuration.current().quotas[key],
            write=lambda key, value: configuration.reconfigure(quotas={key: value}),
        )
        self._switches: dict[str, _Switch] = {}
        self._ids = count(1)
        self._lock = threading.Lock()

    def on(self, document: AnyFault) -> dict[str, Any]:
        """Switch on what the document says; gives it back with its id. Raises RefusedDocumentError."""
        chance = document.chance() if isinstance(document, WithChance) else None
        with self._lock:
            switch = _Switch(f"fault-{next(self._ids)}", document, chance, self._order(document, chance))
            self._switches[switch.id] = switch
        return switch.as_json()

    def off(self, identifier: str) -> bool:
        """Switch off; False when there is no such switch."""
        with self._lock:
            switch = self._switches.pop(identifier, None)
            if switch is not None:
                switch.take_back()
        return switch is not None

    def clear(self) -> int:
        """Switch everything off; gives the number of what was on."""
        with self._lock:
            switches = list(self._switches.values())
            self._switches.clear()
            for switch in reversed(switches):
                switch.take_back()
        return len(switches)

    def as_json(self) -> list[dict[str, Any]]:
        """What is on, in the order in which it was switched on."""
        with self._lock:
            return [switch.as_json() for switch in self._switches.values()]

    def route(self, request: LocalRequest) -> tuple[int, object]:
        """The handler of `/_local/faults`."""
        answers: dict[str, Callable[[LocalRequest], tuple[int, object]]] = {
            "GET": lambda _: (200, {"faults": self.as_json()}),
            "POST": self._post,
            "DELETE": self._delete,
        }
        answer = answers.get(request.method)
        return answer(request) if answer else (405, {"message": f"allowed: {', '.join(answers)}"})

    def _post(self, request: LocalRequest) -> tuple[int, object]:
        try:
            return 201, self.on(read_document(request.body))
        except RefusedDocumentError as error:
            fields = [{"name": name, "message": message} for name, message in error.fields]
            return 400, {"message": str(error), "fields": fields}

    def _delete(self, request: LocalRequest) -> tuple[int, object]:
        unknown = sorted(set(request.query) - {"id"})
        if unknown:
            return 400, {"message": f"{unknown[0]} is unknown; allowed: id"}
        if "id" not in request.query:
            return 200, {"removed": self.clear()}
        if self.off(request.query["id"]):
            return 200, {"removed": 1}
        return 404, {"message": f"there is no fault {request.query['id']}"}

    def _order(self, document: AnyFault, chance: Chance | None) -> Callable[[], None]:
        if isinstance(document, OfCalls):
            return self._calls.order(_call_fault(document), chance)
        if isinstance(document, Duration):
            return self._durations.put((document.resource, document.during), document.seconds)
        if isinstance(document, Quota):
            return self._quotas.put(document.code, document.value)
        if isinstance(document, StaleRead):
            return order_stale_reads(StaleReads(document.lagSeconds, document.operation), chance)
        if isinstance(document, ClusterOutage):
            return self._reachable.put(self._known(document.cluster), value=False)
        return configuration.current().faults.inject(_state_fault(document), chance)

    def _known(self, name: str) -> str:
        if name not in self._clusters:
            known = ", ".join(sorted(self._clusters)) or "none yet"
            raise RefusedDocumentError([("cluster", f"{name} is unknown; allowed: {known}")])
        return name

    def _let_reach(self, name: str, reachable: bool) -> None:
        if name in self._clusters:  # it may have been deleted meanwhile
            self._clusters[name].reachable = reachable


def _call_fault(document: OfCalls) -> CallFault:
    calls = Calls(document.service, document.operation, document.caller)
    if isinstance(document, LatencyOfCalls):
        return Latency(document.milliseconds / 1000, calls)
    if isinstance(document, Throttle | ServerError):
        return Refusal(document.kind, calls, document.retryAfterSeconds)
    raise TypeError(f"{type(document).__name__} is no fault of calls")


def _state_fault(document: StateFailure) -> Fault:
    return Fault(document.resource, document.during, document.code, document.message, document.name)


def _progress(chance: Chance) -> dict[str, Any]:
    return {"hits": chance.hits, "remaining": chance.remaining}
