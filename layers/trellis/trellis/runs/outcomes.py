"""What became of the work items of a run, in documents: a state machine carries 256 KiB, and a run many items.

Each call of a function notes the outcomes of its batch together with those of the batch's earlier calls, so that the
last key leads to all. A call that runs twice notes the same again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.planning.work import Status
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

Outcome = Mapping[str, Any]
"""`kind`, `name`, `phase`, `status`, `done`, `refusals`, `waitingFor`, and a service's `domain`."""

FAILED = "FAILED"


class EndedBatch(BaseModel):
    """How a batch ended, as the state machine knows it; `names` are those that were left when a call failed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    phase: str
    outcomesKey: str = ""  # noqa: N815 - state machines write members in camel case
    names: tuple[str, ...] = ()
    error: str = ""
    cause: str = ""


def note(tools: Toolbox, run: BatchRun, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Store the outcomes of a call; returns their key, and the names that another call should go on with."""
    known = _noted(tools, run.outcomesKey)
    for outcome in outcomes:
        before = known.get(outcome["name"], {}).get("done", [])
        known[outcome["name"]] = {**outcome, "done": [*before, *outcome["done"]]}
    key = tools.documents.put("outcomes", run.cluster, {"run": run.run, "outcomes": list(known.values())})
    left = [outcome["name"] for outcome in outcomes if outcome["status"] == Status.IN_PROGRESS]
    return {"outcomesKey": key, "left": left}


def read(tools: Toolbox, batches: Sequence[EndedBatch]) -> list[dict[str, Any]]:
    """The outcomes of all items. What is still in progress when its batch has ended has failed in this run."""
    return [outcome for batch in batches for outcome in _of_batch(tools, batch)]


def _of_batch(tools: Toolbox, batch: EndedBatch) -> Iterator[dict[str, Any]]:
    known = _noted(tools, batch.outcomesKey)
    identity = {"kind": batch.kind, "phase": batch.phase}
    for name in batch.names:
        refusal = {"resource": name, "reason": batch.error, "message": batch.cause}
        before = known.get(name, {"done": []})
        known[name] = {**identity, "name": name, "status": FAILED, "done": before["done"], "refusals": [refusal]}
    for outcome in known.values():
        yield {**outcome, "status": FAILED} if outcome["status"] == Status.IN_PROGRESS else outcome


def _noted(tools: Toolbox, key: str) -> dict[str, dict[str, Any]]:
    outcomes = tools.documents.get(key)["outcomes"] if key else []
    return {outcome["name"]: outcome for outcome in outcomes}
