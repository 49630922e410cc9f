"""A cluster whose API is cut off answers nobody, and has forgotten nothing afterwards."""

import ssl

import pytest
from embedded_kubernetes import Api

NAMESPACE = "/api/v1/namespaces/shop"


def test_a_cluster_that_is_not_reachable_breaks_every_connection_until_it_is_again(api: Api) -> None:
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    api.cluster.reachable = False
    with pytest.raises((ConnectionError, ssl.SSLError)):
        api("GET", NAMESPACE)
    api.cluster.reachable = True
    assert api("GET", NAMESPACE)[0] == 200
