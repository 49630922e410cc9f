"""A toolbox without AWS: documents and registry in memory."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from trellis.config import Settings
from trellis.model import Cluster
from trellis.runs.toolbox import Toolbox

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")


@dataclass
class MemoryDocuments:
    """Documents by key."""

    stored: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, kind: str, cluster: str, document: dict[str, Any]) -> str:
        key = f"{kind}/{cluster}/{len(self.stored)}.json"
        self.stored[key] = document
        return key

    def get(self, key: str) -> dict[str, Any]:
        return self.stored[key]


class MemoryRegistry:
    """The registry of these clusters."""

    def __init__(self, *clusters: Cluster) -> None:
        self._clusters = clusters

    def get(self, name: str) -> Cluster:
        return next(cluster for cluster in self._clusters if cluster.name == name)

    def list(self) -> tuple[Cluster, ...]:
        return self._clusters


def toolbox(cluster: Cluster = CLUSTER, documents: MemoryDocuments | None = None, **more: Any) -> Toolbox:
    """What a run works with; `more` are settings, and `clients`."""
    clients = more.pop("clients", SimpleNamespace(route53=None, lattice=None, ec2=None))
    tools = SimpleNamespace(
        documents=documents or MemoryDocuments(),
        registry=MemoryRegistry(cluster),
        settings=Settings(table="fleet", bucket="documents", **more),
        clients=clients,
    )
    return cast(Toolbox, tools)
