"""Tokens of service accounts, as kubelets request them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from embedded_kubernetes import Api, spec

from trellis_local.kubernetes.contract import ClusterSpec
from trellis_local.kubernetes.launcher import RunningApi

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def api(launch: Callable[[ClusterSpec], RunningApi]) -> Api:
    made = Api(launch(replace(spec(), sign=json.dumps)))
    made("POST", ACCOUNTS, {"metadata": {"name": "frontend"}})
    for name, account in (("own", "frontend"), ("other", "default")):
        pod = {"serviceAccountName": account, "containers": [{"name": "c", "image": "c"}]}
        assert made("POST", PODS, {"metadata": {"name": name}, "spec": pod})[0] == 201
    return made


def request(api: Any, account: str = "frontend", **members: Any) -> tuple[int, Any]:
    answer: tuple[int, Any] = api("POST", f"{ACCOUNTS}/{account}/token", {"spec": members})
    return answer


def test_a_token_is_about_its_account_and_pod_for_an_audience(api: Api) -> None:
    code, found = request(api, audiences=["them"], expirationSeconds=600, boundObjectRef={"kind": "Pod", "name": "own"})
    claims = json.loads(found["status"]["token"])
    assert (code, claims["aud"], claims["exp"] - claims["iat"]) == (201, ["them"], 600)
    assert claims["sub"] == "system:serviceaccount:default:frontend"
    assert claims["kubernetes.io"]["pod"]["name"] == "own"


def test_a_token_is_bound_to_pods_of_its_account_only(api: Api) -> None:
    assert request(api, boundObjectRef={"kind": "Pod", "name": "other"})[0] == 400
    assert request(api, boundObjectRef={"kind": "Pod", "name": "gone"})[0] == 404
    assert request(api, boundObjectRef={"kind": "Pod", "name": "own", "uid": "of another"})[0] == 404


def test_a_token_of_nobody_or_for_a_moment_is_refused(api: Api) -> None:
    assert request(api, account="nobody")[0] == 404
    assert request(api, expirationSeconds=60)[0] == 400


def test_clients_find_the_subresource(api: Api) -> None:
    resources = {entry["name"]: entry for entry in api("GET", "/api/v1")[1]["resources"]}
    assert (resources["serviceaccounts/token"]["kind"], resources["serviceaccounts/token"]["verbs"]) == (
        "TokenRequest",
        ["create"],
    )
