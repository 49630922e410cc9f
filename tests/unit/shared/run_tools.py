"""A toolbox without AWS: documents and registry in memory."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from trellis.canary.state import Lease
from trellis.config import Settings
from trellis.errors import LeaseHeldError
from trellis.fleet.hints import Hint
from trellis.fleet.requests import Requested
from trellis.model import Cluster, Mode
from trellis.planning.contest import Repair
from trellis.planning.network_policies import Claim
from trellis.resources import services
from trellis.runs.request import Batch, BatchRun
from trellis.runs.toolbox import Toolbox

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")


@dataclass
class MemoryDocuments:
    """Documents by key."""

    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)

    def put(self, kind: str, cluster: str, document: dict[str, Any]) -> str:
        key = f"{kind}/{cluster}/{len(self.stored)}.json"
        self.stored[key] = document
        return key

    def get(self, key: str) -> dict[str, Any]:
        return self.stored[key]

    def find(self, key: str) -> dict[str, Any] | None:
        return self.stored.get(key)

    def put_page(self, key: str, page: str) -> None:
        self.pages[key] = page


def noted(documents: MemoryDocuments, *outcomes: dict[str, Any]) -> list[dict[str, str]]:
    """These outcomes as the state machine hands them on: by the document in which they are noted."""
    key = documents.put("outcomes", CLUSTER.name, {"outcomes": list(outcomes)})
    return [{"kind": "any", "phase": "apply", "outcomesKey": key}] if outcomes else []


class MemoryRegistry:
    """The registry of these clusters."""

    def __init__(self, *clusters: Cluster) -> None:
        self._clusters = clusters
        self._converged: dict[str, str] = {}

    def get(self, name: str) -> Cluster:
        return next(cluster for cluster in self._clusters if cluster.name == name)

    def find(self, name: str) -> Cluster | None:
        return next((cluster for cluster in self._clusters if cluster.name == name), None)

    def list(self) -> tuple[Cluster, ...]:
        return self._clusters

    def converged(self, name: str) -> str:
        return self._converged.get(name, "")

    def set_converged(self, name: str, plan_key: str, *, read_at: int = 0) -> None:
        self._converged[name] = plan_key


@dataclass
class MemoryInventory:
    """The inventory of these clusters."""

    noted: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, cluster: str, owned: Mapping[str, str], *, looked_at: Collection[str] | None = None) -> None:
        known = self.noted.get(cluster, {})
        others = {name: item for name, item in known.items() if looked_at is not None and item not in looked_at}
        self.noted[cluster] = {**others, **owned}

    def of(self, cluster: str) -> Collection[str]:
        return self.noted.get(cluster, {}).keys()

    def forget(self, cluster: str) -> None:
        self.noted.pop(cluster, None)

    def owners(self, resources: Collection[str]) -> dict[str, set[str]]:
        return {
            cluster: found
            for cluster, owned in self.noted.items()
            if (found := {item for name, items in owned.items() if name in resources for item in items.split()})
        }


@dataclass
class MemoryChecks:
    """Requests by cluster; whoever asks first, or under the same name again, starts a run."""

    waiting: dict[str, tuple[str, set[str]]] = field(default_factory=dict)

    def request(self, cluster: str, items: Collection[str], *, run: str) -> Requested:
        leader, asked = self.waiting.setdefault(cluster, (run, set()))
        asked.update(items)
        return Requested(starts=leader == run)

    def take_if_any(self, cluster: str) -> frozenset[str]:
        _, asked = self.waiting.pop(cluster, ("", set()))
        return frozenset(asked)


@dataclass
class MemoryHints:
    """Hints of one cluster."""

    kept: list[Hint] = field(default_factory=list)

    def add(self, cluster: str, hint: Hint) -> None:
        self.kept.append(hint)

    def about(self, cluster: str, items: Collection[str]) -> tuple[Hint, ...]:
        return tuple(hint for hint in self.kept if hint.items & set(items))

    def mark_repaired(self, cluster: str, hint: Hint, run: str) -> None:
        self.kept[self.kept.index(hint)] = replace(hint, repaired_by=run)


@dataclass
class MemoryRepairs:
    """Repairs of one cluster."""

    kept: list[Repair] = field(default_factory=list)
    reads: int = 0

    def note(self, cluster: str, run: str, repairs: Collection[Repair]) -> None:
        self.kept += repairs

    def of(self, cluster: str) -> tuple[Repair, ...]:
        self.reads += 1
        return tuple(self.kept)


@dataclass
class MemoryCanaries:
    """The leases of canaries, released or not."""

    leases: list[Lease] = field(default_factory=list)

    def of_cluster(self, cluster: str) -> tuple[Lease, ...]:
        return tuple(lease for lease in self.leases if lease.key.cluster == cluster)


@dataclass
class MemoryLeases:
    """Who works on which resource; nobody's time is ever over."""

    holders: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def held(self, resource: str, holder: str, *, read_at: int | None = None) -> Iterator[int]:
        if self.holders.get(resource, holder) != holder:
            raise LeaseHeldError(resource)
        self.holders[resource] = holder
        try:
            yield 1
        finally:
            self.holders.pop(resource, None)


@dataclass
class MemoryNetworkPolicies:
    """What clusters ask of the policy of one network."""

    claims: dict[str, Claim] = field(default_factory=dict)
    writes: int = 0

    def of(self, network: str) -> dict[str, Claim]:
        return dict(self.claims)

    def note(self, network: str, cluster: str, claim: Claim | None, known: Mapping[str, Claim]) -> None:
        if known.get(cluster) == claim:
            return
        self.writes += 1
        self.claims.pop(cluster, None)
        if claim:
            self.claims[cluster] = claim


def batch_run(plan: str, *names: str, run: str = "run-1", phase: Any = "apply") -> BatchRun:
    """A run at the work items of services."""
    batch = Batch(kind=services.KIND, phase=phase, names=names)
    run_ = {"cluster": CLUSTER.name, "scope": "cluster", "mode": Mode.REMEDIATE, "lane": "schedule", "run": run}
    return BatchRun(**run_, snapshotKey="s", planKey=plan, batch=batch)


def toolbox(cluster: Cluster = CLUSTER, documents: MemoryDocuments | None = None, **more: Any) -> Toolbox:
    """What a run works with; `more` are settings, and `clients`."""
    clients = more.pop("clients", SimpleNamespace(route53=None, lattice=None, ec2=None))
    tools = SimpleNamespace(
        documents=documents or MemoryDocuments(),
        registry=MemoryRegistry(cluster),
        inventory=more.pop("inventory", MemoryInventory()),
        hints=more.pop("hints", MemoryHints()),
        repairs=more.pop("repairs", MemoryRepairs()),
        canaries=more.pop("canaries", MemoryCanaries()),
        leases=more.pop("leases", MemoryLeases()),
        network_policies=more.pop("network_policies", MemoryNetworkPolicies()),
        checks=more.pop("checks", MemoryChecks()),
        now=more.pop("now", lambda: 1000.0),
        settings=Settings(table="fleet", bucket="documents", **more),
        clients=clients,
    )
    return cast(Toolbox, tools)
