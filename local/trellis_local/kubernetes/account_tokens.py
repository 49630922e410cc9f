"""Tokens of service accounts, as kubelets request them for pods: the `token` subresource.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from trellis_local.kubernetes.errors import bad_request, no_such_path, not_found
from trellis_local.kubernetes.objects import Object
from trellis_local.kubernetes.store import Store

Sign = Callable[[Mapping[str, Any]], str]

_DEFAULT_SECONDS, _LEAST_SECONDS = 3600, 600


def issue(store: Store, account: Object, request: Any, sign: Sign | None) -> Object:
    """The TokenRequest with its status; times are real, since those who look at tokens know no other."""
    if sign is None:
        raise no_such_path()
    spec = (request.get("spec") if isinstance(request, dict) else None) or {}
    audiences, seconds = spec.get("audiences") or [], spec.get("expirationSeconds") or _DEFAULT_SECONDS
    if not isinstance(seconds, int) or seconds < _LEAST_SECONDS:
        raise bad_request(f"spec.expirationSeconds: may not specify a duration less than {_LEAST_SECONDS} seconds")
    now = int(time.time())
    metadata = account["metadata"]
    claims = {
        "aud": audiences or ["https://kubernetes.default.svc"],
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "jti": str(uuid.uuid4()),
        "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        "kubernetes.io": {
            "namespace": metadata["namespace"],
            "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
            **_bound(store, account, spec.get("boundObjectRef")),
        },
    }
    expires = datetime.fromtimestamp(now + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": {**spec, "audiences": claims["aud"], "expirationSeconds": seconds},
        "status": {"token": sign(claims), "expirationTimestamp": expires},
    }


def _bound(store: Store, account: Object, reference: Any) -> dict[str, Any]:
    """The pod that the token is for; it must run with the account."""
    if not reference:
        return {}
    if reference.get("kind") != "Pod":
        raise bad_request(
            f"cannot bind token to object of type {reference.get('kind')}: the local stack knows pods only"
        )
    metadata, name = account["metadata"], str(reference.get("name", ""))
    pod = store.get(("", "pods"), (metadata["namespace"], name))
    if pod is None or reference.get("uid") not in (None, "", pod["metadata"]["uid"]):
        raise not_found("pods", name)
    if pod["spec"].get("serviceAccountName") != metadata["name"]:
        bound = f'cannot bind token for serviceaccount "{metadata["name"]}" to pod running with'
        raise bad_request(f"{bound} different serviceaccount name.")
    return {"pod": {"name": name, "uid": pod["metadata"]["uid"]}}
