"""The order of changes to auth type and policy: at no moment an answer that neither the old nor the new state gives."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trellis.model import AuthPolicy, service_holder
from trellis.planning.auth_policies import (
    AuthChange,
    ClaimAuth,
    DeleteAuthPolicy,
    ObservedAuth,
    PutAuthPolicy,
    SetAuthType,
    diff_auth,
)

HOLDER = service_holder("datastore")
ARN = "arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-0123456789abcdef0"
VALUES = {"service-arn": ARN, "account": "111122223333"}


def document(resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


P1, P2 = document("*/one"), document("*/two")
WANTED = AuthPolicy(HOLDER, "IAMAuthPolicy apps/who", P2)
OPEN = ObservedAuth("svc-0123456789abcdef0", ARN)
CLOSED = replace(OPEN, auth_type="AWS_IAM", policy=P1, claim=WANTED.source)

observations = st.builds(
    ObservedAuth,
    id=st.just(OPEN.id),
    arn=st.just(ARN),
    auth_type=st.sampled_from(["NONE", "AWS_IAM"]),
    policy=st.sampled_from(["", P1, P2]),
    claim=st.sampled_from(["", WANTED.source, "IAMAuthPolicy apps/older"]),
)
wishes = st.sampled_from([None, WANTED, AuthPolicy(HOLDER, "x", problem="no JSON")])


def after(observed: ObservedAuth, change: AuthChange) -> ObservedAuth:
    match change:
        case ClaimAuth(source=source):
            return replace(observed, claim=source)
        case PutAuthPolicy(document=text):
            return replace(observed, policy=text)
        case SetAuthType(auth_type=auth_type):
            return replace(observed, auth_type=auth_type)
        case DeleteAuthPolicy():
            return replace(observed, policy="")


def allowed(observed: ObservedAuth) -> frozenset[str]:
    """The paths that may be called, of two."""
    if observed.auth_type == "NONE":
        return frozenset({"one", "two"})
    return frozenset(path for path, text in (("one", P1), ("two", P2)) if observed.policy == text)


@settings(deadline=None)
@given(observations, wishes)
def test_every_moment_is_as_before_or_as_after(observed: ObservedAuth, wanted: AuthPolicy | None) -> None:
    states = [observed]
    for change in diff_auth(HOLDER, wanted, observed, VALUES).changes:
        states.append(after(states[-1], change))
    assert {allowed(state) for state in states} <= {allowed(states[0]), allowed(states[-1])}


@settings(deadline=None)
@given(observations, wishes)
def test_what_is_changed_is_then_as_wanted(observed: ObservedAuth, wanted: AuthPolicy | None) -> None:
    for change in diff_auth(HOLDER, wanted, observed, VALUES).changes:
        observed = after(observed, change)
    assert diff_auth(HOLDER, wanted, observed, VALUES).changes == ()


@settings(deadline=None)
@given(observations, st.sampled_from([None, WANTED]), st.integers(0, 3))
def test_a_run_that_ends_in_between_is_continued_by_the_next(
    observed: ObservedAuth, wanted: AuthPolicy | None, steps: int
) -> None:
    changes = diff_auth(HOLDER, wanted, observed, VALUES).changes
    whole = observed
    for change in changes:
        whole = after(whole, change)
    for change in changes[:steps]:
        observed = after(observed, change)
    for change in diff_auth(HOLDER, wanted, observed, VALUES).changes:
        observed = after(observed, change)
    assert observed == whole


def kinds(wanted: AuthPolicy | None, observed: ObservedAuth | None) -> list[str]:
    return [type(change).__name__ for change in diff_auth(HOLDER, wanted, observed, VALUES).changes]


def test_the_policy_is_put_before_the_auth_type_makes_it_count() -> None:
    assert kinds(WANTED, OPEN) == ["ClaimAuth", "PutAuthPolicy", "SetAuthType"]


def test_the_auth_type_is_taken_back_before_the_policy_is() -> None:
    assert kinds(None, CLOSED) == ["SetAuthType", "DeleteAuthPolicy", "ClaimAuth"]


def test_another_policy_is_one_call() -> None:
    assert kinds(WANTED, CLOSED) == ["PutAuthPolicy"]


def test_a_policy_that_says_the_same_in_other_words_is_no_drift() -> None:
    assert kinds(WANTED, replace(CLOSED, policy=json.dumps(json.loads(P2), indent=1))) == []


def test_a_service_that_is_still_to_be_made_lacks_the_policy_only() -> None:
    assert kinds(WANTED, None) == ["PutAuthPolicy"]
    assert kinds(None, None) == []


@pytest.mark.parametrize("observed", [OPEN, CLOSED])
def test_a_policy_that_is_not_sound_changes_nothing(observed: ObservedAuth) -> None:
    diff = diff_auth(HOLDER, AuthPolicy(HOLDER, "x", problem="no JSON"), observed, VALUES)
    assert (diff.changes, diff.refusals[0].reason) == ((), "Invalid")


def test_a_placeholder_that_stands_for_nothing_changes_nothing_and_is_named() -> None:
    wanted = replace(WANTED, document=document("${trellis:vpc/EKS-GONE}"))
    diff = diff_auth(HOLDER, wanted, CLOSED, VALUES)
    assert (diff.changes, diff.refusals[0].reason) == ((), "UnresolvedPlaceholder")
    assert "${trellis:vpc/EKS-GONE}" in diff.refusals[0].message


def test_a_policy_that_placeholders_make_too_long_changes_nothing() -> None:
    wanted = replace(WANTED, document=document("${trellis:service-arn}/*" * 300))
    diff = diff_auth(HOLDER, wanted, OPEN, VALUES)
    assert (diff.changes, diff.refusals[0].reason) == ((), "Invalid")
    assert "VPC Lattice takes 10240" in diff.refusals[0].message


def test_what_belongs_to_somebody_else_is_left_as_it_is() -> None:
    diff = diff_auth(HOLDER, WANTED, replace(CLOSED, owned=False), VALUES)
    assert (diff.changes, diff.refusals[0].reason) == ((), "NotOwned")


def test_what_somebody_has_closed_without_trellis_stays_closed() -> None:
    diff = diff_auth(HOLDER, None, replace(CLOSED, claim=""), VALUES)
    assert (diff.changes, diff.refusals[0].reason) == ((), "NotOwned")


def test_reports_name_the_fields() -> None:
    words = [change.describe() for change in diff_auth(HOLDER, WANTED, OPEN, VALUES).changes]
    assert [item["fields"] for item in words] == [["source"], ["policy"], ["auth_type"]]
    assert {item["resource"] for item in words} == {"auth policy of service datastore"}
