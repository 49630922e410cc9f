"""What a request asks for: its verb and target from method and path, and its options from the query."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from trellis_local.kubernetes.catalog import Catalog
from trellis_local.kubernetes.errors import bad_request, no_such_path
from trellis_local.kubernetes.kinds import ResourceType, ResourceVersionSpec

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Target:
    """A resource type in one version, and the namespace, name and subresource asked for; empty where absent."""

    resource: ResourceType
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def served(self) -> ResourceVersionSpec:
        """The served version asked for."""
        return self.resource.versions[self.version]

    @property
    def api_version(self) -> str:
        """`group/version` asked for."""
        return self.resource.api_version(self.version)

    @property
    def type_key(self) -> tuple[str, str]:
        """The store's key of the type."""
        return (self.resource.group, self.resource.plural)

    @property
    def key(self) -> tuple[str, str]:
        """The store's key of the object."""
        return (self.namespace, self.name)


@dataclass(frozen=True)
class WriteOptions:
    """How to write; `warnings` collects what the answer's Warning headers say."""

    manager: str = "unknown"
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool = False
    propagation: str = "Background"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ResourcePath:
    """A resource path, before it is known whether the type is served."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def audit_resource(self) -> str:
        """`group/resource[/subresource]`."""
        parts = [self.group, self.plural] + ([self.subresource] if self.subresource else [])
        return "/".join(parts)


def parse_path(path: str) -> ResourcePath | None:
    """The resource path of a URL path, None for any other."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    padded = [*rest, "", ""]
    return ResourcePath(group, version, padded[0], namespace, padded[1], "/".join(rest[2:]))


def query_of(url: str) -> tuple[str, dict[str, str]]:
    """URL path and query; of repeated parameters the last counts."""
    parts = urlsplit(url)
    return parts.path, {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}


def verb_of(method: str, *, named: bool, watch: bool) -> str:
    """The Kubernetes verb of a request on a resource path."""
    if method == "GET" and not named:
        return "watch" if watch else "list"
    if method == "GET" and watch:
        return "watch"
    if method == "DELETE" and not named:
        return "deletecollection"
    if method not in _VERBS:
        raise bad_request(f"unsupported method {method}")
    return _VERBS[method]


def find_target(path: ResourcePath, catalog: Catalog) -> Target:
    """The target of a resource path; 404 when the API does not serve it."""
    resource = catalog.find(path.group, path.version, path.plural)
    if resource is None or (path.namespace and not resource.namespaced):
        raise no_such_path()
    if path.name and resource.namespaced and not path.namespace:
        raise no_such_path()
    if path.subresource and path.subresource not in resource.versions[path.version].subresources:
        raise no_such_path()
    return Target(resource, path.version, path.namespace, path.name, path.subresource)


def write_options(query: dict[str, str], *, user_agent: str, body_options: dict[str, object]) -> WriteOptions:
    """Write options of a request; `body_options` are the DeleteOptions of its body."""
    dry_run = query.get("dryRun") or _first(body_options.get("dryRun"))
    if dry_run not in ("", "All"):
        raise bad_request(f"invalid dryRun value: {dry_run}")
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        raise bad_request(f"invalid fieldValidation value: {validation}")
    propagation = query.get("propagationPolicy") or str(body_options.get("propagationPolicy") or "Background")
    return WriteOptions(
        manager=query.get("fieldManager") or user_agent.partition("/")[0] or "unknown",
        dry_run=dry_run == "All",
        field_validation=validation,
        force=query.get("force", "") in ("true", "1"),
        propagation=propagation,
    )


def _first(value: object) -> str:
    return str(value[0]) if isinstance(value, list) and value else ""
