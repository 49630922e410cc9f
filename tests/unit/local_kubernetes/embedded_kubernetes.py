"""A small JSON client for a running cluster, and what the tests of the embedded Kubernetes API start it with."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import trellis.clusters
from trellis_local.kubernetes.contract import ClusterSpec, UserInfo
from trellis_local.kubernetes.launcher import RunningApi

CRDS = Path(next(iter(trellis.clusters.__path__))) / "crds"


@dataclass(frozen=True)
class Api:
    """Sends requests to one cluster and returns code and body."""

    cluster: RunningApi

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        content_type: str = "application/json",
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        with self._respond(method, path, data, token=token, content_type=content_type) as response:
            text = response.read().decode()
        return response.status, json.loads(text) if text.startswith("{") else text

    def watch(self, path: str, count: int) -> list[dict[str, Any]]:
        """The first `count` events of a watch."""
        with self._respond("GET", path, None, token="", content_type="") as response:
            return [json.loads(response.readline()) for _ in range(count)]

    @contextmanager
    def _respond(
        self, method: str, path: str, data: Any, *, token: str, content_type: str
    ) -> Iterator[http.client.HTTPResponse]:
        context = ssl.create_default_context(cadata=self.cluster.ca_pem)
        host = self.cluster.endpoint.removeprefix("https://")
        headers = {"Authorization": f"Bearer {token or self.cluster.admin_token}", "Content-Type": content_type}
        with closing(http.client.HTTPSConnection(host, context=context, timeout=10)) as connection:
            connection.request(method, path, data, headers)
            with connection.getresponse() as response:
                yield response


def spec(name: str = "alpha", *, vpc_id: str = "vpc-1", users: dict[str, UserInfo] | None = None) -> ClusterSpec:
    known = users or {}
    return ClusterSpec(
        name=name,
        arn=f"arn:aws:eks:us-west-2:111122223333:cluster/{name}",
        account="111122223333",
        region="us-west-2",
        vpc_id=vpc_id,
        cidr_blocks=("10.0.0.0/16",),
        authenticate=known.get,
    )


def install_gateway_api(api: Api) -> Api:
    """Install the Gateway API's definitions and create a namespace `shop`."""
    for path in sorted(CRDS.glob("*.yaml")):
        definition = yaml.safe_load(path.read_text())
        code, body = api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        assert code == 201, body
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    return api
