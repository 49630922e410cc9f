"""Questions a user asks about itself: who am I, and may I do this? Answered from the cluster's real rules."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.contract import UserInfo
from trellis_local.kubernetes.errors import bad_request
from trellis_local.kubernetes.rbac import Attributes, allowed
from trellis_local.kubernetes.store import Store

REVIEW_KINDS = (
    ("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
    ("authentication.k8s.io", "v1", "SelfSubjectReview"),
)


def is_review(group: str, version: str, plural: str) -> bool:
    """Whether a resource path is one of the reviews."""
    return any((group, version, plural) == (g, v, f"{kind.lower()}s") for g, v, kind in REVIEW_KINDS)


def answer(store: Store, user: UserInfo, plural: str, body: Any) -> dict[str, Any]:
    """The review with its status."""
    if not isinstance(body, dict) or not isinstance(body.get("spec", {}), dict):
        raise bad_request("a review and its spec must be objects")
    if plural == "selfsubjectreviews":
        info = {"username": user.username, "groups": list(user.groups)}
        return body | {"status": {"userInfo": info}}
    wanted = _attributes(body.get("spec") or {})
    granted = allowed(store, user, wanted)
    reason = "" if granted else "no RBAC rule allows it"
    return body | {"status": {"allowed": granted} | ({"reason": reason} if reason else {})}


def _attributes(spec: dict[str, Any]) -> Attributes:
    for key in ("nonResourceAttributes", "resourceAttributes"):
        if not isinstance(spec.get(key, {}), dict):
            raise bad_request(f"spec.{key} must be an object")
    if path := spec.get("nonResourceAttributes"):
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    asked = spec.get("resourceAttributes")
    if not asked:
        raise bad_request("spec: exactly one of nonResourceAttributes or resourceAttributes must be specified")
    return Attributes(
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
    )
