"""Plays the state machines' part: the same functions in the same order with the same payloads.

What comes next is taken from the functions' answers alone, as in the definitions under statemachines/.
"""

from typing import Any

from botocore.exceptions import ClientError
from flow_lab import FlowLab

from trellis.errors import TrellisError

_APPLY_ATTEMPTS = 90


class ExecutionFailedError(AssertionError):
    """The execution would have ended in a Fail state."""


def onboard(lab: FlowLab, cluster: str, run: str) -> dict[str, Any]:
    """onboard-cluster, with the reconciliation at its end."""
    while lab.aws("eks").describe_cluster(name=cluster)["cluster"]["status"] == "CREATING":
        lab.clock.move(15)
    registration = lab.invoke("register_cluster", {"action": "register", "cluster": cluster, "repair": False})
    if not registration["prepared"]:
        lab.invoke("grant_cluster_access", {"action": "grant", "cluster": cluster, "run": run})
        version = lab.invoke("prepare_cluster", {"action": "install", "cluster": cluster})["version"]
        lab.invoke("grant_cluster_access", {"action": "lower", "cluster": cluster, "run": run})
        lab.invoke("register_cluster", {"action": "prepared", "cluster": cluster, "version": version})
    return reconcile(lab, cluster, run, lane="onboard")


def offboard(lab: FlowLab, cluster: str, run: str) -> None:
    """offboard-cluster of a cluster that exists."""
    if not lab.invoke("register_cluster", {"action": "leave", "cluster": cluster})["registered"]:
        return
    reconcile(lab, cluster, run, lane="onboard", mode="remediate")
    if _is_active(lab, cluster):
        lab.invoke("grant_cluster_access", {"action": "elevate", "cluster": cluster, "run": run})
        lab.invoke("prepare_cluster", {"action": "remove", "cluster": cluster})
        lab.invoke("grant_cluster_access", {"action": "revoke", "cluster": cluster, "run": run})
    lab.invoke("register_cluster", {"action": "forget", "cluster": cluster})


def reconcile(lab: FlowLab, cluster: str, run: str, **members: str) -> dict[str, Any]:
    """reconcile-cluster; its report's outline. Raises ExecutionFailedError."""
    return conclude(lab, lab.invoke("read_cluster", {"cluster": cluster, "run": run, **members}))


def conclude(lab: FlowLab, state: dict[str, Any]) -> dict[str, Any]:
    """The rest of reconcile-cluster, after the cluster has been read."""
    plan = lab.invoke("plan_cluster", state)
    batches: list[dict[str, Any]] = []
    if plan["verdict"] == "APPLY":
        for stage in plan["stages"]:
            for batch in stage["batches"]:
                batches.append(_apply(lab, {**state, "planKey": plan["planKey"]}, batch))
    verifying = {**state, "verifies": plan["planKey"]}
    latest = lab.invoke("plan_cluster", verifying) if plan["verdict"] == "APPLY" else plan
    results = {**state, "planKey": latest["planKey"], "batches": batches}
    if plan["verdict"] == "APPLY" or (plan["verdict"] in ("CONVERGED", "REPORT_ONLY") and state["mode"] == "remediate"):
        batches += lab.invoke("write_status", results)["batches"]
    keys = {"planKey": plan["planKey"], "verifiedKey": latest["planKey"]}
    report: dict[str, Any] = lab.invoke("publish_report", {**results, **keys})
    if report["status"] in ("FAILED", "STOPPED_BY_GUARD"):
        raise ExecutionFailedError(f"{report} {batches}")
    return report


def _apply(lab: FlowLab, payload: dict[str, Any], batch: dict[str, Any]) -> dict[str, Any]:
    """The loop of one batch: call, wait for AWS, call again."""
    key = ""
    for attempt in range(1, _APPLY_ATTEMPTS + 1):
        try:
            answer = lab.invoke(batch["kind"], {**payload, "batch": batch, "outcomesKey": key})
        except TrellisError as error:
            return {**batch, "outcomesKey": key, "error": type(error).__name__, "cause": str(error)}
        batch, key = {**batch, "names": answer["left"]}, answer["outcomesKey"]
        if not answer["left"]:
            break
        lab.clock.move(2 if attempt < 3 else 5 if attempt < 8 else 20)
    return {"kind": batch["kind"], "phase": batch["phase"], "outcomesKey": key}


def _is_active(lab: FlowLab, cluster: str) -> bool:
    try:
        status = lab.aws("eks").describe_cluster(name=cluster)["cluster"]["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False
    return status in ("ACTIVE", "UPDATING")
