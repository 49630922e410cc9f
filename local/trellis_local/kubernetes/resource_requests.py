"""One authorised request on a resource path: from its verb to the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trellis_local.kubernetes import account_tokens, errors, listing, scale, tables
from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import UserInfo
from trellis_local.kubernetes.http_messages import HttpAnswer, HttpRequest, parse, parsed_body
from trellis_local.kubernetes.rbac import GROUP, Attributes, check_escalation
from trellis_local.kubernetes.requests import Target, WriteOptions, write_options

_APPLY = "application/apply-patch+yaml"


class ResourceRequest:
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
        if target.subresource == "token":
            return self._token(verb, target)
        verbs: dict[str, Callable[[Target], HttpAnswer]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        return verbs[verb](target)

    def _get(self, target: Target) -> HttpAnswer:
        return self._show(target, self._cluster.api.get(target))

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
        body = parsed_body(self._request)
        self._check_escalation(target, body)
        options = self._options({})
        return self._show(target, self._cluster.api.create(target, body, options), 201, options.warnings)

    def _update(self, target: Target) -> HttpAnswer:
        _require_name(target)
        options = self._options({})
        body = parsed_body(self._request)
        self._check_escalation(target, body)
        return self._show(target, self._cluster.api.update(target, body, options), warnings=options.warnings)

    def _patch(self, target: Target) -> HttpAnswer:
        _require_name(target)
        options = self._options({})
        if self._request.media_type == _APPLY:
            return self._apply(target, options)
        patch, media_type, api = parse(self._request.body), self._request.media_type, self._cluster.api
        if target.resource.group == GROUP:
            dry = WriteOptions(manager=options.manager, dry_run=True)
            self._check_escalation(target, api.patch(target, patch, dry, media_type=media_type))
        return self._show(target, api.patch(target, patch, options, media_type=media_type), warnings=options.warnings)

    def _apply(self, target: Target, options: WriteOptions) -> HttpAnswer:
        if not self._query.get("fieldManager"):
            raise errors.bad_request("PatchOptions: fieldManager is required for apply patch")
        body = parse(self._request.body)
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
        sent = parse(self._request.body)
        wanted = scale.changed(current, sent, media_type="" if verb == "update" else self._request.media_type)
        return HttpAnswer(200, scale.of(self._cluster.api.update(base, wanted, self._options({}))))

    def _token(self, verb: str, target: Target) -> HttpAnswer:
        if verb != "create":
            raise errors.method_not_allowed()
        account = self._cluster.api.get(Target(target.resource, target.version, target.namespace, target.name))
        sign, request = self._cluster.spec.sign, parsed_body(self._request)
        return HttpAnswer(201, account_tokens.issue(self._cluster.store, account, request, sign))

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
        body = parsed_body(self._request)
        if not isinstance(body, dict):
            raise errors.bad_request("DeleteOptions must be an object")
        return body


def _require_name(target: Target) -> None:
    if not target.name:
        raise errors.method_not_allowed()
