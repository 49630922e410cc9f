"""What a drift check costs as a cluster grows: API calls, seconds, state transitions and Lambda time.

One registered cluster on a local stack at speed 1, each of its routes with two listeners, three rules and two backends.
Every call of Trellis' roles to AWS takes 50 ms longer. Measured are a check that finds nothing, one that finds a
changed rule (first as a report, then with its repair), and one after all services and target groups have gone.

    python bench/drift.py [--routes 10,100,1000] [--gone-up-to 100]

Exit status 1 if a target is missed.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from prices import Check, monthly

from trellis_local.aws.call_log import ApiCall
from trellis_local.lattice.quotas import SERVICE_ASSOCIATIONS_PER_NETWORK, TARGET_GROUPS
from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough.infrastructure import Infrastructure
from trellis_local.walkthrough.world import World, path_of

ROOT = Path(__file__).parents[1]
MANIFESTS = ROOT / "examples" / "walkthrough" / "cluster-b"
NETWORK, CLUSTER, OTHER = "eks-lattice-network", "BENCH-B", "BENCH-A"
LATENCY_MILLISECONDS = 50
SETTLED_SECONDS = 12
PER_ROUTE, MORE_FOR_A_RULE, SECONDS = 6, 10, 60
PAGES = {"ListServices", "ListTargetGroups", "ListServiceNetworks", "GetResources", "ListResourceRecordSets"}
DETAILS = {"GetService", "GetListener", "GetRule", "GetTargetGroup", "GetServiceNetwork", "GetAuthPolicy"}
RUNNING = {("lambda", "Invoke"), ("states", "StartExecution")}
MEMORY_GB = {"PlanCluster": 1.0, "Verify": 1.0}


@dataclass(frozen=True)
class Cost:
    """Of one execution. `billed` are the seconds of Lambda functions by state, as the state machine sees them.

    `endpoint` is what the emulated AWS took of a processor, in seconds: no part of what AWS would take.
    """

    seconds: float
    calls: Sequence[ApiCall]
    transitions: int
    billed: Mapping[str, float]
    kubernetes: int
    status: str
    invocations: int
    endpoint: float

    @property
    def reads(self) -> list[ApiCall]:
        """Reading calls to AWS."""
        return [call for call in self.calls if call.read_only]

    @property
    def writes(self) -> list[ApiCall]:
        """Writing calls to AWS, but for reservations of the call budget."""
        return [call for call in self.calls if not call.read_only and not is_reservation(call)]

    @property
    def pages(self) -> int:
        """Calls that read pages of lists of everything there is."""
        return sum(call.operation in PAGES for call in self.calls)

    @property
    def apart_from_due(self) -> int:
        """Calls of VPC Lattice but for those about services that were due to be read in full.

        Only such a service's listeners are read, both of them, with itself, its six rules and its two target groups.
        """
        operations = [call.operation for call in self.calls if call.service == "vpc-lattice"]
        return len(operations) - 11 * (operations.count("GetListener") // 2)

    @property
    def gb_seconds(self) -> float:
        """What Lambda functions are paid for."""
        return sum(seconds * MEMORY_GB.get(state, 0.5) for state, seconds in self.billed.items())

    def by_service(self) -> dict[str, int]:
        """All calls by service and operation."""
        return dict(Counter(f"{call.service}:{call.operation}" for call in self.calls).most_common())

    def check(self, sizes: Mapping[str, int]) -> Check:
        """What has a price; `sizes` are bytes in the table by the beginning of their partition keys."""
        count = Counter((call.service, call.operation) for call in self.calls)
        known = sizes.get("FINGERPRINTS", 0) / 8192 + sizes.get("INVENTORY", 0) / 4096
        return Check(
            transitions=self.transitions,
            invocations=self.invocations,
            gb_seconds=self.gb_seconds,
            # One unit for each small item; the large ones by size, half a unit for 4 KB where consistency is not asked.
            read_units=count["dynamodb", "GetItem"] + count["dynamodb", "Query"] + known,
            write_units=sum(call.service == "dynamodb" and not call.read_only for call in self.calls),
            s3_gets=count["s3", "GetObject"] + count["s3", "HeadObject"],
            s3_puts=count["s3", "PutObject"],
        )

    def row(self, routes: int, what: str) -> str:
        """A line of the table."""
        reservations = len(self.calls) - len(self.reads) - len(self.writes)
        return (
            f"{routes:>6}  {what:<18}{self.status:<12}{len(self.reads):>7}{self.pages:>7}{len(self.writes):>8}"
            f"{reservations:>9}{self.kubernetes:>6}{self.seconds:>9.1f}{self.endpoint:>10.1f}{self.transitions:>13}{self.gb_seconds:>9.1f}"
        )


HEAD = (
    f"{'routes':>6}  {'check':<18}{'status':<12}{'reads':>7}{'pages':>7}{'writes':>8}"
    f"{'budget':>9}{'k8s':>6}{'seconds':>9}{'endpoint':>10}{'transitions':>13}{'GB-s':>9}"
)


def is_reservation(call: ApiCall) -> bool:
    """Whether the call took calls out of the budget: it is no write of what Trellis manages or remembers."""
    keys = [key for access in call.checked for key in access.context.get("dynamodb:leadingkeys", ())]
    return bool(keys) and all(key.startswith("BUDGET#") for key in keys)


@dataclass
class Bench:
    """One stack with one onboarded cluster, to which routes are added."""

    stack: Stack
    world: World
    lattice: Any = field(init=False)

    def __post_init__(self) -> None:
        config = Config(max_pool_connections=20)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-west-2")
        self.lattice = session.client("vpc-lattice", endpoint_url=self.world.url, config=config)

    def onboard(self) -> None:
        """Create the clusters, wait until they are onboarded, and start the pods."""
        for code, value in ((TARGET_GROUPS, 4000), (SERVICE_ASSOCIATIONS_PER_NETWORK, 2000)):
            self._fault({"kind": "quota", "code": code, "value": value})
        infrastructure = Infrastructure(self.world, OTHER, CLUSTER, NETWORK)
        infrastructure.create()
        infrastructure.create_clusters()
        machine = self.world.status()["stateMachines"]["onboard-cluster"]
        self.world.wait("both clusters onboarded", lambda: self._succeeded(machine) == 2, seconds=300)
        for rule in self.world.aws("events").list_rules()["Rules"]:
            if "NoticeChange" in rule["Name"]:
                self.world.aws("events").disable_rule(Name=rule["Name"])  # the checks are to find it, no event
        for name in ("datastore.yaml", "gateway.yaml"):
            for document in yaml.safe_load_all((MANIFESTS / name).read_text()):
                if document["kind"] == "Gateway":
                    listeners = document["spec"]["listeners"]
                    listeners.append({**listeners[0], "name": "http-alt", "port": 8080})
                self.world.kubernetes(CLUSTER).apply(path_of(document), document, manager="bench")

    def grow(self, routes: int, start: int) -> None:
        """Bring the number of routes from `start` to `routes`, and everything to what they ask for."""
        document = yaml.safe_load((MANIFESTS / "route.yaml").read_text())
        parent, rule = document["spec"]["parentRefs"][0], document["spec"]["rules"][1]
        document["spec"]["parentRefs"] = [{"name": parent["name"]}]
        document["spec"]["rules"] = [
            {**rule, "matches": [{"path": {"type": "Exact", "value": path}}]}
            for path in ("/popular", "/summary", "/all")
        ]
        api = self.world.kubernetes(CLUSTER)
        for number in range(start, routes):
            document["metadata"]["name"] = f"datastore-{number}"
            document["spec"]["hostnames"] = [f"datastore-{number}.lattice-test.io"]
            api.apply(path_of(document), document, manager="bench")
        for _ in range(5):
            if self.check({"lane": "schedule"}, seconds=3600).status == "CONVERGED":
                return
        raise RuntimeError("the cluster does not converge")

    def measure(self, routes: int, *, gone: bool) -> Iterator[tuple[str, Cost]]:
        """The checks, each with what it is about."""
        scheduled = {"lane": "schedule"}
        time.sleep(SETTLED_SECONDS)
        self.check(scheduled)
        with self._slow():
            yield "nothing to do", self.check(scheduled)
            self._change_a_rule()
            yield "a rule, reported", self.check({**scheduled, "mode": "plan"})
            yield "a rule, repaired", self.check(scheduled)
        if gone:
            self._delete_everything()
            with self._slow():
                yield "everything gone", self.check(scheduled, seconds=3600)

    def check(self, members: Mapping[str, Any], *, seconds: float = 1800) -> Cost:
        """Run reconcile-cluster and count."""
        states = self.world.aws("stepfunctions")
        arn = self.world.status()["stateMachines"]["reconcile-cluster"]
        cluster = self.stack.clusters[CLUSTER]
        processor = time.process_time()
        seq, audited = self.stack.endpoint.calls.last_seq, len(cluster.audit)
        document = json.dumps({"cluster": CLUSTER, **members})
        execution = states.start_execution(stateMachineArn=arn, input=document)["executionArn"]
        # Asked for more often, this costs a fifth of the processor that the endpoint needs for the run.
        found = self.world.wait("the end of a run", lambda: self._ended(execution), seconds=seconds, every=1)
        processor = time.process_time() - processor
        calls = [call for call in self.stack.endpoint.calls.after(seq) if ":role/trellis/" in (call.role or "")]
        own = [call for call in calls if (call.service, call.operation) not in RUNNING]
        pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        output = json.loads(found.get("output") or "{}")
        return Cost(
            seconds=(found["stopDate"] - found["startDate"]).total_seconds(),
            calls=own,
            transitions=sum(event["type"].endswith("StateEntered") for event in events),
            billed=_billed(events),
            endpoint=processor,
            invocations=sum(event["type"] == "TaskScheduled" for event in events),
            kubernetes=len(cluster.audit) - audited,
            status=output.get("status", found["status"]),
        )

    def sizes(self) -> dict[str, int]:
        """Bytes in the table by what their partition keys begin with."""
        found: Counter[str] = Counter()
        (table,) = self.world.aws("dynamodb").list_tables()["TableNames"]
        for page in self.world.aws("dynamodb").get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                values = [value for attribute in item.values() for value in attribute.values()]
                found[item["pk"]["S"].split("#")[0]] += sum(len(value) for value in values if hasattr(value, "__len__"))
        return dict(found)

    def _ended(self, execution: str) -> Any:
        found = self.world.aws("stepfunctions").describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    def _change_a_rule(self) -> None:
        service = self.lattice.list_services()["items"][0]["id"]
        listener = self.lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
        where = {"serviceIdentifier": service, "listenerIdentifier": listener}
        rule = next(rule for rule in self.lattice.list_rules(**where)["items"] if not rule["isDefault"])
        fixed = {"fixedResponse": {"statusCode": 404}}
        self.lattice.update_rule(**where, ruleIdentifier=rule["id"], action=fixed)

    def _delete_everything(self) -> None:
        """Delete the services with all that is below them and the target groups, as a careless script would."""
        lattice = self.lattice
        for service in self._all("list_services"):
            found = lattice.list_service_network_service_associations(serviceIdentifier=service["id"])
            for item in found["items"]:
                lattice.delete_service_network_service_association(
                    serviceNetworkServiceAssociationIdentifier=item["id"]
                )
        self._until_gone("list_services", lambda id_: lattice.delete_service(serviceIdentifier=id_))
        for group in self._all("list_target_groups"):
            targets = lattice.list_targets(targetGroupIdentifier=group["id"])["items"]
            members = [{"id": item["id"], "port": item["port"]} for item in targets]
            lattice.deregister_targets(targetGroupIdentifier=group["id"], targets=members)
        self._until_gone("list_target_groups", lambda id_: lattice.delete_target_group(targetGroupIdentifier=id_))

    def _until_gone(self, operation: str, delete: Callable[[str], object]) -> None:
        """Delete what is listed; what AWS is at work on is asked for again."""
        while left := self._all(operation):
            for item in left:
                try:
                    delete(item["id"])
                except ClientError as error:
                    if error.response["Error"]["Code"] not in ("ConflictException", "ResourceNotFoundException"):
                        raise
            time.sleep(5)

    def _all(self, operation: str) -> list[dict[str, Any]]:
        return [item for page in self.lattice.get_paginator(operation).paginate() for item in page["items"]]

    def _slow(self) -> "_Latency":
        return _Latency(self)

    def _fault(self, document: Mapping[str, Any]) -> str:
        request = urllib.request.Request(f"{self.world.url}/_local/faults", json.dumps(document).encode())
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["id"])

    def withdraw(self, fault: str) -> None:
        """Take a switch of the local stack back."""
        url = f"{self.world.url}/_local/faults?id={fault}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()

    def _succeeded(self, machine: str) -> int:
        found = self.world.aws("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")
        return len({execution["name"] for execution in found["executions"]})


class _Latency:
    """While it is on, each call of Trellis' functions takes longer."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._id = ""

    def __enter__(self) -> None:
        caller = "arn:aws:iam::*:role/trellis/*Function*"
        document = {"kind": "latency", "milliseconds": LATENCY_MILLISECONDS, "caller": caller}
        self._id = self._bench._fault(document)

    def __exit__(self, *_: object) -> None:
        self._bench.withdraw(self._id)


def _billed(events: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds of the tasks of each state, from their starts to their ends in the history."""
    by_id = {event["id"]: event for event in events}
    found: Counter[str] = Counter()
    for event in events:
        if event["type"] in ("TaskSucceeded", "TaskFailed", "TaskTimedOut"):
            before = by_id[event["previousEventId"]]
            entered = before
            while not entered["type"].endswith("StateEntered"):
                entered = by_id[entered["previousEventId"]]
            state = entered["stateEnteredEventDetails"]["name"]
            found[state] += (event["timestamp"] - before["timestamp"]).total_seconds()
    return dict(found)


def missed(routes: int, costs: Mapping[str, Cost]) -> Iterator[str]:
    """The targets that the checks have missed."""
    nothing, rule = costs["nothing to do"], costs["a rule, reported"]
    lattice = [call for call in nothing.calls if call.service == "vpc-lattice" and call.operation not in PAGES]
    # That a service was read in full is written down.
    due = [call for call in lattice if call.operation in DETAILS]
    lattice = [call for call in lattice if call.operation not in DETAILS]
    writes = [call for call in nothing.writes if not (due and call.operation == "BatchWriteItem")]
    if len(lattice) > PER_ROUTE * routes + 10:
        yield f"{len(lattice) / routes:.2f} calls of VPC Lattice for each route"
    if writes:
        yield f"writes without a change: {nothing.by_service()}"
    if nothing.seconds > SECONDS:
        yield f"{nothing.seconds:.0f} s"
    more = rule.apart_from_due - nothing.apart_from_due
    if more > MORE_FOR_A_RULE:
        yield f"{more} calls more for one changed rule"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--routes", default="10,100,1000")
    parser.add_argument("--gone-up-to", type=int, default=100)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.routes.split(",")]
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        parameters = {"DriftCheckSchedule": "rate(7 days)", "MaxDeletions": "100000"}
        stack = Stack(StackOptions(template=ROOT / "template.yaml", home=Path(home), parameters=parameters)).start()
        try:
            bench = Bench(stack, World(stack.endpoint.url))
            bench.onboard()
            print(HEAD, flush=True)
            for start, routes in zip([0, *sizes], sizes, strict=False):
                begun = time.monotonic()
                bench.grow(routes, start)
                print(f"{routes:>6}  set up in {time.monotonic() - begun:.0f} s", flush=True)
                costs: dict[str, Cost] = {}
                for what, cost in bench.measure(routes, gone=routes <= arguments.gone_up_to):
                    costs[what] = cost
                    print(cost.row(routes, what), flush=True)
                    print(f"        {cost.by_service()}", flush=True)
                    states = ", ".join(f"{state} {seconds:.1f}" for state, seconds in cost.billed.items())
                    print(f"        seconds: {states}", flush=True)
                stored = bench.sizes()
                check = costs["nothing to do"].check(stored)
                dollars = monthly(check)
                print(f"        {check}\n        bytes in the table: {stored}")
                each = ", ".join(f"{name} {value:.2f}" for name, value in dollars.items())
                print(
                    f"        US dollars a month for 100 such clusters: {sum(dollars.values()):.2f} ({each})",
                    flush=True,
                )
                failures += [f"{routes} routes: {found}" for found in missed(routes, costs)]
        finally:
            stack.stop()
    print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
