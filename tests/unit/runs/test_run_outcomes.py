"""Outcomes of batches: noted by each call, read at the end of the run."""

from typing import Any

from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.model import Mode
from trellis.runs.outcomes import EndedBatch, note, read
from trellis.runs.request import Batch, BatchRun
from trellis.runs.toolbox import Toolbox

REFUSAL = {"resource": "service store", "reason": "NotOwned", "message": "is left as it is"}


def outcome(name: str, status: str, *done: str, refusals: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {"kind": "apply_service", "name": name, "status": status, "done": list(done), "refusals": list(refusals)}


def run(tools: Toolbox, key: str, *outcomes: dict[str, Any]) -> dict[str, Any]:
    names = tuple(found["name"] for found in outcomes)
    batch = Batch(kind="apply_service", phase="apply", names=names)
    known: dict[str, Any] = {"scope": "cluster", "mode": Mode.REMEDIATE, "lane": "manual", "run": "r-1"}
    more = {"snapshotKey": "s", "planKey": "p", "outcomesKey": key}
    return note(tools, BatchRun(cluster=CLUSTER.name, batch=batch, **known, **more), outcomes)


def ended(key: str, *names: str, **more: str) -> EndedBatch:
    return EndedBatch(kind="apply_service", phase="apply", outcomesKey=key, names=names, **more)


def test_a_later_call_adds_to_what_the_earlier_ones_have_done() -> None:
    tools = toolbox(documents=MemoryDocuments())
    first = run(tools, "", outcome("store", "IN_PROGRESS", "created"), outcome("cart", "PROGRAMMED", "changed"))
    assert first["left"] == ["store"]
    second = run(tools, first["outcomesKey"], outcome("store", "PROGRAMMED", "associated"))
    assert second["left"] == []
    found = {line["name"]: (line["status"], line["done"]) for line in read(tools, [ended(second["outcomesKey"])])}
    assert found == {"store": ("PROGRAMMED", ["created", "associated"]), "cart": ("PROGRAMMED", ["changed"])}


def test_what_is_left_when_its_batch_has_ended_has_failed() -> None:
    tools = toolbox(documents=MemoryDocuments())
    key = run(tools, "", outcome("store", "IN_PROGRESS", "created", refusals=(REFUSAL,)))["outcomesKey"]
    (found,) = read(tools, [ended(key)])
    assert (found["status"], found["done"], found["refusals"]) == ("FAILED", ["created"], [REFUSAL])


def test_the_items_of_a_call_that_failed_have_failed_with_its_error_and_keep_what_was_done() -> None:
    tools = toolbox(documents=MemoryDocuments())
    key = run(tools, "", outcome("store", "IN_PROGRESS", "created"), outcome("cart", "PROGRAMMED"))["outcomesKey"]
    found = {line["name"]: line for line in read(tools, [ended(key, "store", error="States.Timeout", cause="120 s")])}
    assert found["cart"]["status"] == "PROGRAMMED"
    assert (found["store"]["status"], found["store"]["done"]) == ("FAILED", ["created"])
    assert found["store"]["refusals"] == [{"resource": "store", "reason": "States.Timeout", "message": "120 s"}]


def test_items_whose_first_call_failed_are_not_forgotten() -> None:
    found = read(toolbox(documents=MemoryDocuments()), [ended("", "store", "cart", error="Runtime.ExitError")])
    assert [(line["name"], line["status"], line["phase"]) for line in found] == [
        ("store", "FAILED", "apply"),
        ("cart", "FAILED", "apply"),
    ]
