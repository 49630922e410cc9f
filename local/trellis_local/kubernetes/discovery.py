"""Discovery documents: which groups, versions and resources the cluster serves."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.catalog import Catalog
from trellis_local.kubernetes.errors import no_such_path
from trellis_local.kubernetes.kinds import ResourceType
from trellis_local.kubernetes.reviews import REVIEW_KINDS

VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-trellis-local",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2025-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}


def document(path: str, catalog: Catalog) -> dict[str, Any]:
    """The document at a discovery path; 404 for a group or version that is not served."""
    parts = path.strip("/").split("/")
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["apis"]:
        groups = [_group(name, versions) for name, versions in _groups(catalog).items() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in _groups(catalog):
        return {"apiVersion": "v1"} | _group(parts[1], _groups(catalog)[parts[1]])
    group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[-1])
    if version not in _groups(catalog).get(group, []) or len(parts) > 3:
        raise no_such_path()
    return _resources(catalog, group, version)


def _groups(catalog: Catalog) -> dict[str, list[str]]:
    reviews = {group: [version] for group, version, _ in REVIEW_KINDS}
    return reviews | catalog.groups()


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"kind": "APIGroup", "name": name, "versions": listed, "preferredVersion": listed[0]}


def _resources(catalog: Catalog, group: str, version: str) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    for resource in catalog.in_version(group, version):
        resources += _resource(resource, version)
    for review_group, review_version, kind in REVIEW_KINDS:
        if (group, version) == (review_group, review_version):
            names = {"name": f"{kind.lower()}s", "singularName": kind.lower()}
            resources.append(names | {"namespaced": False, "kind": kind, "verbs": ["create"]})
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


_OTHER_KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "scale": ("Scale", {"group": "autoscaling", "version": "v1"}),
    "token": ("TokenRequest", {"group": "authentication.k8s.io", "version": "v1"}),
}


def _resource(resource: ResourceType, version: str) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {"name": resource.plural, "singularName": resource.singular}
    entry |= {"namespaced": resource.namespaced, "kind": resource.kind, "verbs": list(resource.verbs)}
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    entries = [entry]
    for subresource in sorted(resource.versions[version].subresources):
        kind, own = _OTHER_KINDS.get(subresource, (resource.kind, {}))
        sub = {"name": f"{resource.plural}/{subresource}", "singularName": "", "namespaced": resource.namespaced}
        verbs = ["create"] if subresource == "token" else ["get", "patch", "update"]
        entries.append(sub | {"kind": kind, "verbs": verbs} | own)
    return entries
