"""From an HTTP request to an answer: authentication, authorisation, dispatch to the verbs, and the audit log."""

from __future__ import annotations

import itertools
from typing import Any

from trellis_local.kubernetes import discovery, errors, openapi, reviews
from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import AuditEntry, UserInfo
from trellis_local.kubernetes.errors import ApiError
from trellis_local.kubernetes.http_messages import HttpAnswer, HttpRequest, parsed_body
from trellis_local.kubernetes.rbac import Attributes, allowed, forbidden
from trellis_local.kubernetes.requests import ResourcePath, find_target, parse_path, query_of, verb_of
from trellis_local.kubernetes.resource_requests import ResourceRequest
from trellis_local.kubernetes.selectors import selected_name

_AUTHENTICATED = "system:authenticated"
_HEALTH = ("/healthz", "/livez", "/readyz")


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
        verb = verb_of(request.method, named=bool(path.name), watch=_watches(query))
        name = user.username if user else ""
        entry = AuditEntry(next(self._sequence), name, verb, path.audit_resource, path.namespace, path.name, code)
        self.audit.append(entry)

    def _route(self, request: HttpRequest, user: UserInfo) -> HttpAnswer:
        path_text, query = query_of(request.url)
        path = parse_path(path_text)
        if path is None:
            return self._non_resource(request, user, path_text)
        verb = verb_of(request.method, named=bool(path.name), watch=_watches(query))
        name = path.name or (selected_name(query.get("fieldSelector", "")) if verb in ("list", "watch") else "")
        wanted = Attributes(verb, path.group, path.plural, path.subresource, _namespace(path), name)
        if not allowed(self.cluster.store, user, wanted):
            raise forbidden(user, wanted)
        if reviews.is_review(path.group, path.version, path.plural):
            if verb != "create":
                raise errors.method_not_allowed()
            review = reviews.answer(self.cluster.store, user, path.plural, parsed_body(request))
            return HttpAnswer(201, review)
        target = find_target(path, self.cluster.catalog)
        return ResourceRequest(self.cluster, request, user, query).answer(verb, target)

    def _non_resource(self, request: HttpRequest, user: UserInfo, path: str) -> HttpAnswer:
        wanted = Attributes(request.method.lower(), path=path)
        if not allowed(self.cluster.store, user, wanted):
            raise forbidden(user, wanted)
        if request.method != "GET":
            raise errors.method_not_allowed()
        if path in _HEALTH:
            return HttpAnswer(200, "ok")
        return HttpAnswer(200, self._document(path))

    def _document(self, path: str) -> dict[str, Any]:
        catalog = self.cluster.catalog
        if path == "/version":
            return discovery.VERSION
        if path == "/openapi/v3":
            return openapi.index(catalog)
        if path.startswith("/openapi/v3/"):
            return openapi.document(path.removeprefix("/openapi/v3/"), catalog)
        if path.split("/")[1] in ("api", "apis"):
            return discovery.document(path, catalog)
        raise errors.no_such_path()


def _watches(query: dict[str, str]) -> bool:
    return query.get("watch") in ("true", "1", "True")


def _namespace(path: ResourcePath) -> str:
    """A request on one namespace is authorised within it."""
    return path.name if path.plural == "namespaces" and not path.group else path.namespace
