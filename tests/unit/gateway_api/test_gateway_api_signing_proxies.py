"""What Deployments get that ask for the SigV4 proxy."""

from typing import Any

import pytest

from trellis.gateway_api.clients import ClientIntent
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.signing_proxies import MANAGER, wanted_annotations, workload_of
from trellis.model import ClientIdentity

HOST = "datastore.lattice-test.io"
CLIENTS = (ClientIntent("apps", "frontend", ClientIdentity("apps", "frontend", (HOST,), "role")),)
PREFIX = "sidecar.aws.signing-proxy/"


def deployment(asks: str | None = None, *, account: str = "frontend", owned: tuple[str, ...] = (), **have: str) -> Any:
    fields = {"f:annotations": {f"f:{PREFIX}{name}": {} for name in owned}}
    entry = {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:metadata": fields}}}}
    return {
        "metadata": {
            "name": "web",
            "namespace": "apps",
            "annotations": {"trellis.dev/signing-proxy": asks} if asks is not None else None,
            "managedFields": [{"manager": "team", "operation": "Update"}, *([entry] if owned else [])],
        },
        "spec": {
            "template": {
                "metadata": {"annotations": {"other": "x", **{f"{PREFIX}{name}": have[name] for name in have}}},
                "spec": {"serviceAccountName": account, "containers": []},
            }
        },
    }


def wanted(*args: Any, **more: Any) -> Any:
    return wanted_annotations(workload_of(deployment(*args, **more)), CLIENTS, region="eu-west-1")


def test_a_deployment_gets_all_that_the_admission_controller_would_guess_wrongly() -> None:
    assert wanted(HOST) == {
        f"{PREFIX}inject": "true",
        f"{PREFIX}host": HOST,
        f"{PREFIX}name": "vpc-lattice-svcs",
        f"{PREFIX}region": "eu-west-1",
        f"{PREFIX}unsigned-payload": "true",
        f"{PREFIX}upstream-url-scheme": "http",
    }


@pytest.mark.parametrize(("asks", "scheme"), [(f" {HOST.upper()} ", "http"), (f"https://{HOST}", "https")])
def test_the_scheme_is_that_of_the_url(asks: str, scheme: str) -> None:
    found = wanted(asks)
    assert (found[f"{PREFIX}host"], found[f"{PREFIX}upstream-url-scheme"]) == (HOST, scheme)


def test_a_deployment_that_does_not_ask_gets_nothing() -> None:
    assert wanted() == {}
    assert workload_of(deployment(host="mine")).has({})


@pytest.mark.parametrize("asks", ["", "true", f"ftp://{HOST}", f"{HOST}:8080", f"http://{HOST}/path"])
def test_what_is_no_upstream_is_refused(asks: str) -> None:
    found = wanted(asks)
    assert isinstance(found, Finding)
    assert found.reason == "UnsupportedValue"


@pytest.mark.parametrize("case", [{"account": "other"}, {"asks": "shop.example.com"}])
def test_a_host_that_the_service_account_does_not_call_is_refused(case: dict[str, str]) -> None:
    found = wanted(**{"asks": HOST, **case})
    assert isinstance(found, Finding)
    assert found.reason == "NotCalled"


def test_pods_without_a_service_account_have_that_of_their_namespace() -> None:
    assert workload_of(deployment(account="")).service_account == "default"


def test_a_deployment_differs_by_another_value_and_by_what_trellis_alone_has_left_there() -> None:
    annotations = wanted(HOST)
    values = {name.removeprefix(PREFIX): value for name, value in annotations.items()}
    assert workload_of(deployment(HOST, **values)).has(annotations)
    assert not workload_of(deployment(HOST, **{**values, "region": "us-east-1"})).has(annotations)
    left = workload_of(deployment(owned=("host", "region"), host=HOST))
    assert left.owned == {f"{PREFIX}host", f"{PREFIX}region"}
    assert not left.has({})
