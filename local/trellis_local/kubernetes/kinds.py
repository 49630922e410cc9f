"""What the server knows about one resource type: its names, scope, schema and subresources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trellis_local.kubernetes.schema import Schema

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class PrinterColumn:
    """One column of `kubectl get`; `priority` 0 is always shown."""

    name: str
    type: str
    json_path: str
    priority: int = 0


@dataclass(frozen=True)
class ResourceVersionSpec:
    """One served version of a resource type."""

    name: str
    schema: Schema
    columns: tuple[PrinterColumn, ...] = ()
    subresources: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ResourceType:
    """One resource type in all its served versions; objects are stored as `storage_version`."""

    group: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    storage_version: str
    versions: Mapping[str, ResourceVersionSpec]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    built_in: bool = False
    tracks_generation: bool = True
    verbs: tuple[str, ...] = VERBS

    @property
    def qualified_plural(self) -> str:
        """`httproutes.gateway.networking.k8s.io`, or `services` in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """`HTTPRoute.gateway.networking.k8s.io`, or `Service` in the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def api_version(self, version: str | None = None) -> str:
        """`group/version` as objects carry it; the storage version by default."""
        chosen = version or self.storage_version
        return f"{self.group}/{chosen}" if self.group else chosen

    @property
    def list_kind(self) -> str:
        """Kind of a list of these objects."""
        return f"{self.kind}List"
