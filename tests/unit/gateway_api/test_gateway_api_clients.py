"""What ServiceAccounts ask for by their annotations."""

import pytest
from gateway_api_objects import CLUSTER, Raw, desired_of, intent_of, service_account

from trellis.gateway_api import trim_service_account
from trellis.gateway_api.names import client_role_name
from trellis.model import ClientIdentity

HOSTNAME = "datastore.lattice-test.io"


def test_an_annotation_asks_for_a_role_that_calls_its_hostnames() -> None:
    role = client_role_name(CLUSTER, namespace="apps", service_account="frontend")
    found = desired_of(ServiceAccount=[service_account("frontend", f" Shop.Example.com, {HOSTNAME},,")])
    assert found.clients == (ClientIdentity("apps", "frontend", (HOSTNAME, "shop.example.com"), role),)
    assert role.startswith("apps-frontend-")


def test_irsa_is_asked_for_by_an_annotation() -> None:
    (client,) = desired_of(ServiceAccount=[service_account("frontend", HOSTNAME, identity="irsa")]).clients
    assert client.binding == "irsa"


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (service_account("frontend", " , "), "names no hostname"),
        (service_account("frontend", f"{HOSTNAME}, *.example.com"), "cannot be a wildcard"),
        (service_account("frontend", f"{HOSTNAME}, bad_name.example"), "not a DNS name"),
        (service_account("frontend", f"{HOSTNAME}."), "not a DNS name"),
        (service_account("frontend", HOSTNAME, identity="root"), "neither pod-identity nor irsa"),
        (service_account("frontend", ",".join(f"a{n}.example.com" for n in range(51))), "50 at most"),
    ],
)
def test_an_annotation_that_asks_for_what_cannot_be_had_gets_nothing(account: Raw, message: str) -> None:
    (found,) = intent_of(ServiceAccount=[account]).clients
    assert found.identity is None
    assert found.refusal is not None
    assert message in found.refusal.message


def test_names_of_roles_are_short_and_tell_clusters_namespaces_and_accounts_apart() -> None:
    pairs = [("a" * 63, "b" * 253), ("a-b", "c"), ("a", "b-c")]
    names = {client_role_name(CLUSTER, namespace=first, service_account=second) for first, second in pairs}
    assert len(names) == 3
    assert all(len(name) <= 64 for name in names)


def test_a_snapshot_keeps_no_service_account_without_the_annotation_and_no_secret_of_the_others() -> None:
    assert trim_service_account({"metadata": {"name": "default", "annotations": {"other": "x"}}}) is None
    kept = trim_service_account({**service_account("frontend", HOSTNAME), "secrets": [{"name": "token"}]})
    assert kept is not None
    assert set(kept) == {"metadata"}
