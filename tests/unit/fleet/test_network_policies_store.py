"""The clusters' claims to the policy of a network, in the table."""

from typing import Any

from trellis.fleet.network_policies import NetworkPolicies
from trellis.planning.network_policies import Claim

CLAIM = Claim("IAMAuthPolicy apps/who", "{}")


def test_claims_are_kept_by_network_and_cluster(dynamodb: Any) -> None:
    store = NetworkPolicies(dynamodb, "fleet")
    store.note("net", "blue", CLAIM, {})
    store.note("other", "green", CLAIM, {})
    assert store.of("net") == {"blue": CLAIM}


def test_a_claim_that_is_given_up_is_gone(dynamodb: Any) -> None:
    store = NetworkPolicies(dynamodb, "fleet")
    store.note("net", "blue", CLAIM, {})
    store.note("net", "blue", None, store.of("net"))
    assert store.of("net") == {}


def test_what_is_known_is_not_written(dynamodb: Any) -> None:
    store = NetworkPolicies(dynamodb, "fleet")
    store.note("net", "blue", CLAIM, {"blue": CLAIM})
    assert store.of("net") == {}
