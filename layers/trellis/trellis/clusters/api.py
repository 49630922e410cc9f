"""A cluster's Kubernetes API through the low-level client of the `kubernetes` package.

Objects stay plain JSON. The typed API classes are not touched: building their models costs half a second at cold start.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from urllib3.exceptions import HTTPError

from trellis.clusters.token import bearer_token
from trellis.errors import AccessDeniedError, ClusterUnreadableError, RouteMovedError

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient

_CONNECT_SECONDS, _READ_SECONDS = 5, 20
_PAGE_SIZE = 250
_ERRORS, _FORBIDDEN, _NOT_FOUND = 400, 403, 404
_CONFLICT, _INVALID = 409, 422

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"


class KubernetesApi:
    """One cluster's API server, as the IAM role of this function."""

    def __init__(self, *, endpoint: str, ca_pem: bytes, token: str) -> None:
        configuration = Configuration()
        configuration.ca_cert_data = ca_pem.decode()
        # The state machine retries; urllib3's own retries would only lengthen a function's run.
        configuration.retries = False
        self._client = RESTClientObject(configuration)
        self._endpoint = endpoint
        self._token = token

    @classmethod
    def of_cluster(cls, eks: "EKSClient", name: str, region: str) -> "KubernetesApi":
        """Connect to a registered cluster; raises ClusterUnreadableError when EKS gives it no endpoint (yet)."""
        cluster = eks.describe_cluster(name=name)["cluster"]
        authority = cluster.get("certificateAuthority", {}).get("data")
        endpoint = cluster.get("endpoint")
        if not endpoint or not authority:
            raise ClusterUnreadableError(f"cluster {name} is {cluster.get('status')} and has no endpoint")
        return cls(endpoint=endpoint, ca_pem=base64.b64decode(authority), token=bearer_token(name, region))

    def list(self, path: str, *, name: str = "") -> Iterator[dict[str, Any]]:
        """All objects of a collection, or those of a name, page by page.

        A missing collection is an error: unknown is not empty.
        """
        token, selected = "", {"fieldSelector": f"metadata.name={name}"} if name else {}
        while True:
            query = {"limit": str(_PAGE_SIZE), **selected, **({"continue": token} if token else {})}
            page = self.get(f"{path}?{urlencode(query)}")
            if page is None:
                raise ClusterUnreadableError(f"the cluster does not know {path}: is its CRD installed?")
            yield from page["items"]
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return

    def get(self, path: str) -> dict[str, Any] | None:
        """One object, or None when it does not exist."""
        return self._call("GET", path, missing_ok=True)

    def apply(self, path: str, document: Mapping[str, Any], *, manager: str) -> None:
        """Server-side apply: create the object or take over the fields that the document sets."""
        query = urlencode({"fieldManager": manager, "force": "true"})
        self._call("PATCH", f"{path}?{query}", document, APPLY_PATCH)

    def merge(self, path: str, document: Mapping[str, Any]) -> None:
        """Merge patch; an object that is gone meanwhile needs none."""
        self._call("PATCH", path, document, MERGE_PATCH, missing_ok=True)

    def patch(self, path: str, operations: Sequence[Mapping[str, Any]], *, manager: str) -> dict[str, Any]:
        """JSON patch: all operations or none. Raises RouteMovedError when a `test` among them does not hold.

        An API server answers 422 to a failed test, and 409 to somebody else's write at the same moment.
        """
        query = urlencode({"fieldManager": manager})
        answer = self._call("PATCH", f"{path}?{query}", operations, JSON_PATCH, guarded=True)
        return answer or {}

    def delete(self, path: str) -> None:
        """Delete an object that may be gone already."""
        self._call("DELETE", path, missing_ok=True)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = "application/json",
        *,
        missing_ok: bool = False,
        guarded: bool = False,
    ) -> dict[str, Any] | None:
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token}",
            "Content-Type": content_type,
        }
        try:
            answer = self._client.request(
                method,
                self._endpoint + path,
                headers=headers,
                body=_plain(body),
                _request_timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            )
            text = answer.read()
        except HTTPError as error:
            raise ClusterUnreadableError(f"{method} {path}: {error}") from error
        if answer.status == _NOT_FOUND and missing_ok:
            return None
        if answer.status in (_CONFLICT, _INVALID) and guarded:
            raise RouteMovedError(f"{method} {path}: {answer.status}: {text.decode(errors='replace')[:300]}")
        if answer.status >= _ERRORS:
            raise _error(method, path, answer.status, text.decode(errors="replace"))
        document: dict[str, Any] = json.loads(text)
        return document


def _plain(body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> Any:
    """The client of the `kubernetes` package takes nothing but plain dictionaries and lists for JSON."""
    if body is None:
        return None
    return dict(body) if isinstance(body, Mapping) else [dict(item) for item in body]


def is_refusal(error: ClusterUnreadableError) -> bool:
    """Whether the cluster answered, if only to refuse the request, rather than not at all."""
    return not isinstance(error.__cause__, HTTPError)


def _error(method: str, path: str, status: int, text: str) -> Exception:
    reason = f"{method} {path}: {status}: {text[:300]}"
    if status == _FORBIDDEN:
        return AccessDeniedError(reason)
    # A new access entry takes seconds to be effective, hence 401 is worth another try as well.
    return ClusterUnreadableError(reason)
