"""The network's policy is what all clusters that ask for one agree on, else the baseline."""

import json

from trellis.planning.network_policies import Claim, decide


def document(resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ONE, OTHER = Claim("IAMAuthPolicy a/x", document("*")), Claim("IAMAuthPolicy b/y", document("*/a"))


def test_without_anybody_who_asks_there_is_none() -> None:
    assert decide("net", {}, "") is None


def test_the_baseline_counts_where_no_gateway_has_a_policy() -> None:
    policy = decide("net", {}, document("*/base"))
    assert policy is not None
    assert (policy.holder, policy.source) == ("network/net", "NetworkBaselinePolicy")
    assert json.loads(policy.document) == json.loads(document("*/base"))


def test_the_policy_of_a_gateway_takes_the_place_of_the_baseline() -> None:
    policy = decide("net", {"blue": ONE}, document("*/base"))
    assert policy is not None
    assert (policy.document, policy.source) == (ONE.document, "IAMAuthPolicy a/x of blue")


def test_clusters_that_agree_in_other_words_agree() -> None:
    same = Claim("IAMAuthPolicy b/y", json.dumps(json.loads(ONE.document), indent=2))
    policy = decide("net", {"green": same, "blue": ONE}, "")
    assert policy is not None
    assert (policy.problem, policy.document, policy.source) == ("", ONE.document, "IAMAuthPolicy a/x of blue")


def test_clusters_that_disagree_change_nothing_and_are_both_named() -> None:
    policy = decide("net", {"blue": ONE, "green": OTHER}, document("*"))
    assert policy is not None
    assert (policy.document, policy.reason) == ("", "Conflicted")
    assert "a/x of blue" in policy.problem
    assert "b/y of green" in policy.problem


def test_a_baseline_that_is_not_sound_is_told_with_its_place() -> None:
    policy = decide("net", {}, '{"Statement": [{}]}')
    assert policy is not None
    assert policy.document == ""
    assert "NetworkBaselinePolicy: /Statement/0/Effect" in policy.problem
