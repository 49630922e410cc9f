"""Namespaces get the hostnames that the platform team allows them, and no others."""

import pytest
from gateway_api_objects import CLUSTER, condition_of, document, everyone, route

from trellis.gateway_api import Intent, build_intent, parse_allowed_hostnames, parse_snapshot

RULES = "EKS-CLUSTER-B/apps: datastore.lattice-test.io *.apps.example.com; */shop: *.shop.example.com; other/*: *"


@pytest.mark.parametrize(
    ("cluster", "namespace", "hostname", "allowed"),
    [
        ("EKS-CLUSTER-B", "apps", "datastore.lattice-test.io", True),
        ("EKS-CLUSTER-B", "apps", "a.b.apps.example.com", True),
        ("EKS-CLUSTER-B", "apps", "apps.example.com", False),
        ("EKS-CLUSTER-B", "apps", "evilapps.example.com", False),
        ("EKS-CLUSTER-A", "apps", "datastore.lattice-test.io", False),
        ("EKS-CLUSTER-B", "mallory", "datastore.lattice-test.io", False),
        ("EKS-CLUSTER-A", "shop", "x.shop.example.com", True),
        ("other", "anybody", "datastore.lattice-test.io", True),
        ("EKS-CLUSTER-B", "mallory", None, True),
    ],
)
def test_a_rule_grants_its_hostnames_to_its_namespaces(
    cluster: str, namespace: str, hostname: str | None, *, allowed: bool
) -> None:
    assert parse_allowed_hostnames(RULES).allow(hostname, cluster=cluster, namespace=namespace) is allowed


def test_without_rules_everything_is_allowed() -> None:
    assert parse_allowed_hostnames("").allow("any.example", cluster="c", namespace="n")


@pytest.mark.parametrize("text", ["apps: a.b", "c/n a.b", "c/n:", "/n: a.b", "c/: a.b", "c/n: a.*.b", "c/n: *a.b"])
def test_what_is_not_a_rule_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        parse_allowed_hostnames(text)


def intent(*hostnames: str, namespace: str = "mallory") -> Intent:
    asking = route(name="theirs", namespace=namespace, created="2020-01-01", hostnames=list(hostnames))
    objects = document(Gateway=[everyone()], HTTPRoute=[asking, route()])
    return build_intent(parse_snapshot(objects), CLUSTER, allowed=parse_allowed_hostnames(RULES))


def test_an_older_route_of_a_namespace_that_may_not_have_the_hostname_takes_it_from_nobody() -> None:
    found = intent("datastore.lattice-test.io")
    assert condition_of(found, "Accepted", "theirs")[:2] == ("False", "HostnameNotAllowed")
    assert condition_of(found, "Accepted")[:2] == ("True", "Accepted")
    assert [item.namespace for item in found.services] == ["apps"]


def test_of_several_hostnames_those_that_are_allowed_are_served() -> None:
    found = intent("x.shop.example.com", "datastore.lattice-test.io", namespace="shop")
    assert condition_of(found, "Accepted", "theirs")[:2] == ("True", "Accepted")
    assert condition_of(found, "PartiallyInvalid", "theirs")[:2] == ("True", "UnsupportedValue")
    assert {(item.namespace, item.hostname) for item in found.services} == {
        ("shop", "x.shop.example.com"),
        ("apps", "datastore.lattice-test.io"),
    }
