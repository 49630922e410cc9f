"""From an HTTP request to an answer: authentication, authorisation, dispatch to the verbs, and the audit log."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from trellis_local.kubernetes import discovery, errors, listing, openapi, reviews, scale, tables
from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import AuditEntry, UserInfo
from trellis_local.kubernetes.errors import ApiError
from trellis_local.kubernetes.rbac import GROUP, Attributes, allowed, check_escalation, forbidden
from trellis_local.kubernetes.requests import (
    ResourcePath,
    Target,
    WriteOptions,
    find_target,
    parse_path,
    query_of,
    verb_of,
    write_options,
)

_APPLY = "application/apply-patch+yaml"
_BODY_TYPES = ("application/json", "application/yaml", "")
_AUTHENTICATED = "system:authenticated"
_HEALTH = ("/healthz", "/livez", "/readyz")


@dataclass(frozen=True)
class HttpRequest:
    """One request as it came over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Content type without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()


@dataclass(frozen=True)
class HttpAnswer:
    """A JSON (or plain text) body, or a stream of watch events."""

    code: int
    body: Any = None
    stream: Iterator[dict[str, Any]] | None = None
    warnings: list[str] = field(default_factory=list)


class RequestHandler:
    """Answers the requests to one cluster; `audit` grows by one entry for each."""

    def __init__(self, cluster: Cluster, *, admin_token: str) -> None:
        self.cluster = cluster
        self.audit: list[AuditEntry] = []
        self._admin_token = admin_token
        self._sequence = itertools.count(1)

    def handle(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request; refusals are answers too."""
        user: UserInfo | None = None
        try:
            user = self._authenticate(request)
            answer = self._route(request, user)
        except ApiError as error:
            answer = HttpAnswer(error.code, error.status())
        self._record(request, user, answer.code)
        return answer

    def _authenticate(self, request: HttpRequest) -> UserInfo:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = None
        if scheme.lower() == "bearer" and token:
            if token == self._admin_token:
                user = UserInfo("kubernetes-admin", ("system:masters",))
            else:
                user = self.cluster.spec.authenticate(token)
        if user is None:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        groups = tuple(dict.fromkeys((*user.groups, _AUTHENTICATED)))
        return UserInfo(user.username, groups, user.rules)

    def _record(self, request: HttpRequest, user: UserInfo | None, code: int) -> None:
        path_text, query = query_of(request.url)
        path = parse_path(path_text)
        if path is None:
            return
        verb = verb_of(request.method, named=bool(path.name), watch=_watches(query)) if code != 405 else request.method
        name = user.username if user else ""
        entry = AuditEntry(next(self._sequence), name, verb, path.audit_resource, path.namespace, path.name, code)
        self.audit.append(entry)

    def _route(self, request: HttpRequest, user: UserInfo) -> HttpAnswer:
        path_text, query = query_of(request.url)
        path = parse_path(path_text)
        if path is None:
            return self._non_resource(request, user, path_text)
        verb = verb_of(request.method, named=bool(path.name), watch=_watches(query))
        wanted = Attributes(verb, path.group, path.plural, path.subresource, _namespace(path), path.name)
        if not allowed(self.cluster.store, user, wanted):
            raise forbidden(user, wanted)
        if reviews.is_review(path.group, path.version, path.plural):
            if verb != "create":
                raise errors.method_not_allowed()
            review = reviews.answer(self.cluster.store, user, path.plural, _parsed_body(request))
            return HttpAnswer(201, review)
        return _ResourceRequest(self.cluster, request, user, query).answer(verb, find_target(path, self.cluster.catalog))

    def _non_resource(self, request: HttpRequest, user: UserInfo, path: str) -> HttpAnswer:
        wanted = Attributes(request.method.lower(), path=path)
        if not allowed(self.cluster.store, user, wanted):
            raise forbidden(user, wanted)
        catalog = self.cluster.catalog
        if request.method != "GET":
            raise errors.method_not_allowed()
        if path == "/version":
            return HttpAnswer(200, discovery.VERSION)
        if path in _HEALTH:
            return HttpAnswer(200, "ok")
        if path == "/openapi/v3":
            return HttpAnswer(200, openapi.index(catalog))
        if path.startswith("/openapi/v3/"):
            return HttpAnswer(200, openapi.document(path.removeprefix("/openapi/v3/"), catalog))
        if path.split("/")[1] in ("api", "apis"):
            return HttpAnswer(200, discovery.document(path, catalog))
        raise errors.no_such_path()


class _ResourceRequest:
    """One authorised request on a resource path."""

    def __init__(self, cluster: Cluster, request: HttpRequest, user: UserInfo, query: dict[str, str]) -> None:
        self._cluster = cluster
        self._request = request
        self._user = user
        self._query = query
        self._table = "as=Table" in request.headers.get("Accept", "").replace(" ", "")

    def answer(self, verb: str, target: Target) -> HttpAnswer:
        """Do what the verb says."""
        if target.subresource == "scale":
            return self._scale(verb, target)
        match verb:
            case "get":
                return self._show(target, self._cluster.api.get(target))
            case "list":
                return self._list(target)
            case "watch":
                return self._watch(target)
            case "create":
                return self._create(target)
            case "delete":
                return self._delete(target)
            case "deletecollection":
                return self._delete_collection(target)
            case _:
                return self._change(verb, target)

    def _show(self, target: Target, obj: Any, code: int = 200, warnings: list[str] | None = None) -> HttpAnswer:
        if self._table:
            return HttpAnswer(code, tables.table(target, [obj], {}), warnings=warnings or [])
        return HttpAnswer(code, obj, warnings=warnings or [])

    def _list(self, target: Target) -> HttpAnswer:
        items, meta = listing.page(self._cluster.store, target, self._query)
        if self._table:
            return HttpAnswer(200, tables.table(target, items, meta))
        kind = {"kind": target.resource.list_kind, "apiVersion": target.api_version}
        return HttpAnswer(200, kind | {"metadata": meta, "items": items})

    def _watch(self, target: Target) -> HttpAnswer:
        events = listing.watch(self._cluster.store, target, self._query)
        if self._table:
            events = (tables.table_event(target, event) for event in events)
        return HttpAnswer(200, stream=events)

    def _create(self, target: Target) -> HttpAnswer:
        if target.name:
            raise errors.method_not_allowed()
        if target.resource.namespaced and not target.namespace:
            raise errors.method_not_allowed()
        body = _parsed_body(self._request)
        self._check_escalation(target, body)
        options = self._options({})
        return self._show(target, self._cluster.api.create(target, body, options), 201, options.warnings)

    def _change(self, verb: str, target: Target) -> HttpAnswer:
        if not target.name:
            raise errors.method_not_allowed()
        options = self._options({})
        api = self._cluster.api
        if verb == "update":
            body = _parsed_body(self._request)
            self._check_escalation(target, body)
            return self._show(target, api.update(target, body, options), warnings=options.warnings)
        if self._request.media_type == _APPLY:
            return self._apply(target, options)
        patch = _parse(self._request.body)
        if target.resource.group == GROUP:
            dry = WriteOptions(manager=options.manager, dry_run=True)
            preview = api.patch(target, patch, dry, media_type=self._request.media_type)
            self._check_escalation(target, preview)
        changed = api.patch(target, patch, options, media_type=self._request.media_type)
        return self._show(target, changed, warnings=options.warnings)

    def _apply(self, target: Target, options: WriteOptions) -> HttpAnswer:
        if not self._query.get("fieldManager"):
            raise errors.bad_request("PatchOptions: fieldManager is required for apply patch")
        body = _parse(self._request.body)
        self._check_escalation(target, body)
        existed = self._cluster.store.get(target.type_key, target.key) is not None
        applied = self._cluster.api.apply(target, body, options)
        return self._show(target, applied, 200 if existed else 201, options.warnings)

    def _delete(self, target: Target) -> HttpAnswer:
        body = self._delete_options()
        options = self._options(body)
        gone = self._cluster.api.delete(target, options, body.get("preconditions"))
        meta = gone["metadata"]
        if meta.get("finalizers") or target.resource.plural == "namespaces":
            return HttpAnswer(200, gone)
        details = {"name": meta["name"], "group": target.resource.group, "kind": target.resource.plural}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return HttpAnswer(200, status | {"details": details | {"uid": meta["uid"]}})

    def _delete_collection(self, target: Target) -> HttpAnswer:
        options = self._options(self._delete_options())
        items, meta = listing.page(self._cluster.store, target, self._query)
        for item in items:
            namespace = item["metadata"].get("namespace", "")
            one = Target(target.resource, target.version, namespace, item["metadata"]["name"])
            self._cluster.api.delete(one, options)
        kind = {"kind": target.resource.list_kind, "apiVersion": target.api_version}
        return HttpAnswer(200, kind | {"metadata": meta, "items": items})

    def _scale(self, verb: str, target: Target) -> HttpAnswer:
        base = Target(target.resource, target.version, target.namespace, target.name)
        current = self._cluster.api.get(base)
        if verb == "get":
            return HttpAnswer(200, scale.of(current))
        sent = _parse(self._request.body)
        wanted = scale.changed(current, sent, media_type="" if verb == "update" else self._request.media_type)
        return HttpAnswer(200, scale.of(self._cluster.api.update(base, wanted, self._options({}))))

    def _check_escalation(self, target: Target, body: Any) -> None:
        if target.resource.group != GROUP or not isinstance(body, dict):
            return
        verb = "bind" if target.resource.plural.endswith("bindings") else "escalate"
        plural = "clusterroles" if target.resource.plural.startswith("cluster") else "roles"
        held = Attributes(verb, GROUP, plural, namespace=target.namespace, name=target.name)
        check_escalation(self._cluster.store, self._user, body, namespace=target.namespace, bind=held)

    def _options(self, body_options: dict[str, Any]) -> WriteOptions:
        agent = self._request.headers.get("User-Agent", "")
        return write_options(self._query, user_agent=agent, body_options=body_options)

    def _delete_options(self) -> dict[str, Any]:
        if not self._request.body:
            return {}
        body = _parsed_body(self._request)
        if not isinstance(body, dict):
            raise errors.bad_request("DeleteOptions must be an object")
        return body


def _watches(query: dict[str, str]) -> bool:
    return query.get("watch") in ("true", "1", "True")


def _namespace(path: ResourcePath) -> str:
    """A request on one namespace is authorised within it."""
    return path.name if path.plural == "namespaces" and not path.group else path.namespace


def _parsed_body(request: HttpRequest) -> Any:
    if request.media_type not in _BODY_TYPES:
        raise errors.unsupported_media_type(request.media_type, "application/json, application/yaml")
    return _parse(request.body)


def _parse(body: bytes) -> Any:
    """JSON, or YAML where it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return yaml.load(body, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        raise errors.bad_request(f"error decoding body: {error}") from error


class _PlainLoader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a date is a string."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
