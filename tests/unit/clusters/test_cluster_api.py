"""The client of a cluster's Kubernetes API against a server that answers what a test tells it to."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from urllib3.exceptions import NewConnectionError

from trellis.clusters import api as cluster_api
from trellis.clusters.api import KubernetesApi
from trellis.errors import AccessDeniedError, ClusterUnreadableError


class Server:
    """Answers in order: a status with a document, or an exception."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    def request(self, method: str, url: str, **_: Any) -> Any:
        self.asked.append((method, url))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status=answer[0], read=lambda: json.dumps(answer[1]).encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    found = Server()
    monkeypatch.setattr(cluster_api, "RESTClientObject", lambda configuration: found)
    return found


def client() -> KubernetesApi:
    return KubernetesApi(endpoint="https://cluster", ca_pem=b"", token="t")


def test_a_list_is_read_page_by_page(server: Server) -> None:
    first = {"items": [{"n": 1}], "metadata": {"continue": "more"}}
    server.answers += [(200, first), (200, {"items": [{"n": 2}], "metadata": {}})]
    assert list(client().list("/api/v1/services")) == [{"n": 1}, {"n": 2}]
    assert [url.partition("?")[2] for _, url in server.asked] == ["limit=250", "limit=250&continue=more"]


def test_a_collection_that_is_not_there_is_not_an_empty_one(server: Server) -> None:
    server.answers.append((404, {}))
    with pytest.raises(ClusterUnreadableError, match="is its CRD installed"):
        list(client().list("/apis/gateway.networking.k8s.io/v1/httproutes"))


def test_a_list_that_breaks_off_is_no_list(server: Server) -> None:
    server.answers += [(200, {"items": [{}], "metadata": {"continue": "more"}}), (410, {"reason": "Expired"})]
    with pytest.raises(ClusterUnreadableError, match="410"):
        list(client().list("/api/v1/services"))


def test_an_object_that_is_not_there_is_none(server: Server) -> None:
    server.answers.append((404, {}))
    assert client().get("/api/v1/namespaces/apps") is None


def test_a_missing_right_is_told_from_a_cluster_that_cannot_be_read(server: Server) -> None:
    server.answers += [(403, {"message": "forbidden"}), (401, {}), (500, {})]
    with pytest.raises(AccessDeniedError, match="GET /x: 403"):
        client().get("/x")
    for status in (401, 500):
        with pytest.raises(ClusterUnreadableError, match=f"GET /x: {status}"):
            client().get("/x")


def test_no_connection_makes_a_cluster_unreadable(server: Server) -> None:
    server.answers.append(NewConnectionError(cast(Any, None), "refused"))
    with pytest.raises(ClusterUnreadableError, match="GET /x: "):
        client().get("/x")


def test_patching_and_deleting_what_is_gone_is_no_error(server: Server) -> None:
    server.answers += [(404, {}), (404, {})]
    client().merge("/x", {})
    client().delete("/x")
    assert [method for method, _ in server.asked] == ["PATCH", "DELETE"]


def test_a_cluster_without_an_endpoint_cannot_be_read() -> None:
    eks = SimpleNamespace(describe_cluster=lambda name: {"cluster": {"status": "CREATING"}})
    with pytest.raises(ClusterUnreadableError, match="blue is CREATING"):
        KubernetesApi.of_cluster(cast(Any, eks), "blue", "us-west-2")
