"""What a run costs: API calls of the first run, of one that finds nothing to do, and of one after a small change.

Counts from the call log of a local stack; no seconds, which say nothing of AWS. Exit status 1 if the last kind writes.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from drift import is_reservation

from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough.infrastructure import Infrastructure
from trellis_local.walkthrough.world import World, path_of

ROOT = Path(__file__).parents[1]
ROUTES = (1, 5, 10)
SPEED = 20.0
CLUSTERS = ("BENCH-A", "BENCH-B")
NETWORK = "eks-lattice-network"


@dataclass(frozen=True)
class Cost:
    """Calls of Trellis' roles; `kubernetes` are requests to the cluster, of whatever verb."""

    reads: int
    writes: int
    kubernetes: int

    def __str__(self) -> str:
        return f"{self.reads:>7}{self.writes:>8}{self.kubernetes:>12}"


class Bench:
    """One stack with one onboarded cluster, to which routes are added."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._world = World(stack.endpoint.url, speed=SPEED)
        self._manifests = ROOT / "examples" / "walkthrough" / "cluster-b"

    def onboard(self) -> None:
        """Create the clusters, wait until they are onboarded, and start the pods."""
        infrastructure = Infrastructure(self._world, *CLUSTERS, NETWORK)
        infrastructure.create()
        infrastructure.create_clusters()
        machine = self._world.status()["stateMachines"]["onboard-cluster"]
        self._world.wait("both clusters onboarded", lambda: self._succeeded(machine) == len(CLUSTERS), seconds=120)
        api = self._world.kubernetes(CLUSTERS[0])
        for name in ("datastore.yaml", "gateway.yaml"):
            for document in yaml.safe_load_all((self._manifests / name).read_text()):
                api.apply(path_of(document), document, manager="bench")

    def add_routes(self, count: int) -> None:
        """Bring the number of routes to `count`; each has a hostname, and so a service, of its own."""
        document = yaml.safe_load((self._manifests / "route.yaml").read_text())
        api = self._world.kubernetes(CLUSTERS[0])
        for number in range(count):
            document["metadata"]["name"] = f"datastore-{number}"
            document["spec"]["hostnames"] = [f"datastore-{number}.lattice-test.io"]
            api.apply(path_of(document), document, manager="bench")

    def run(self) -> Cost:
        """Reconcile, and count."""
        return self._counted(lambda: self._world.run("reconcile-cluster", {"cluster": CLUSTERS[0]}))

    def scale(self, replicas: int) -> None:
        """Change the pods of one Deployment, which changes targets of every route."""
        deployment = "/apis/apps/v1/namespaces/apps/deployments/datastore-v2"
        self._world.kubernetes(CLUSTERS[0]).merge(deployment, {"spec": {"replicas": replicas}})

    def _counted(self, act: Callable[[], object]) -> Cost:
        cluster = self._stack.clusters[CLUSTERS[0]]
        seq, before = self._stack.endpoint.calls.last_seq, len(cluster.audit)
        act()
        calls = [call for call in self._stack.endpoint.calls.after(seq) if ":role/trellis/" in (call.role or "")]
        own = [call for call in calls if call.service not in ("lambda", "states")]
        reads = sum(call.read_only for call in own)
        writes = sum(not call.read_only and not is_reservation(call) for call in own)
        return Cost(reads, writes, len(cluster.audit) - before)

    def _succeeded(self, machine: str) -> int:
        found = self._world.aws("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")
        return len({execution["name"] for execution in found["executions"]})


def main() -> int:
    """Print the table; exit status 1 if a run that finds nothing to do writes something."""
    wrote = 0
    with tempfile.TemporaryDirectory() as home:
        options = StackOptions(
            template=ROOT / "template.yaml",
            home=Path(home),
            speed=SPEED,
            parameters={"DriftCheckSchedule": "rate(7 days)"},
        )
        stack = Stack(options).start()
        try:
            bench = Bench(stack)
            bench.onboard()
            print(f"{'routes':>6}  {'run':<16}{'reads':>7}{'writes':>8}{'kubernetes':>12}")
            for place, routes in enumerate(ROUTES):
                bench.add_routes(routes)
                print(f"{routes:>6}  {'first' if place == 0 else 'more routes':<16}{bench.run()}")
                bench.scale(3 + place)
                print(f"{routes:>6}  {'one more pod':<16}{bench.run()}")
                print(f"{routes:>6}  {'the next':<16}{bench.run()}")
                cost = bench.run()
                wrote += cost.writes
                print(f"{routes:>6}  {'nothing to do':<16}{cost}", flush=True)
        finally:
            stack.stop()
    return 1 if wrote else 0


if __name__ == "__main__":
    sys.exit(main())
