"""The walk-through's cluster B as somebody else may change it, and the runs that events start for that."""

from typing import Any

from observing import CLUSTER_B, reports

from trellis_local.walkthrough import World

SECONDS = 30  # real seconds, on a stack that runs twenty times as fast


class Drift:
    """The walk-through's cluster B as somebody else may change it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lattice, self.ec2 = world.aws("vpc-lattice"), world.aws("ec2")

    def where(self) -> dict[str, str]:
        """The listener of the datastore."""
        services = self.lattice.list_services()["items"]
        service = next(item["id"] for item in services if item.get("customDomainName") == "datastore.lattice-test.io")
        listener = self.lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
        return {"serviceIdentifier": service, "listenerIdentifier": listener}

    def weights(self) -> dict[str, list[int]]:
        """The weights of each rule."""
        where = self.where()
        items = self.lattice.list_rules(**where)["items"]
        rules = [self.lattice.get_rule(**where, ruleIdentifier=item["id"]) for item in items if not item["isDefault"]]
        return {rule["id"]: [group["weight"] for group in rule["action"]["forward"]["targetGroups"]] for rule in rules}

    def rule(self, rule_id: str) -> dict[str, Any]:
        """One rule."""
        found: dict[str, Any] = self.lattice.get_rule(**self.where(), ruleIdentifier=rule_id)
        return found

    def runs(self) -> list[dict[str, Any]]:
        """The runs that events have started."""
        arn = self.world.status()["stateMachines"]["reconcile-cluster"]
        states = self.world.aws("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn)
        return [item for page in pages for item in page["executions"] if item["name"].startswith("event-")]

    def settle(self) -> None:
        """Wait until no run that events have started is under way."""
        self.world.wait(
            "the end of all runs", lambda: all(run["status"] != "RUNNING" for run in self.runs()), seconds=SECONDS
        )

    def causes(self, kind: str) -> list[dict[str, Any]]:
        """Who made changes of this kind necessary, in the reports of runs that events have started."""
        found = [report for report in reports(self.world, CLUSTER_B) if report["lane"] == "event"]
        return [
            cause
            for report in found
            for change in [*report["planned"], *report["done"]]
            if change["kind"] == kind
            for cause in change["causes"]
        ]
