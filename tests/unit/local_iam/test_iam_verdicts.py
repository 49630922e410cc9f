import json
from typing import Any

import pytest

from trellis_local.iam.evaluator import (
    Access,
    InvalidPolicyError,
    Verdict,
    evaluate,
    evaluate_with_boundary,
    parse_policy,
)

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/fleet"
ALLOWED, NOT_ALLOWED, DENIED = Verdict.ALLOWED, Verdict.NOT_ALLOWED, Verdict.DENIED


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def verdict(
    *statements: dict[str, Any], action: str = "dynamodb:GetItem", resource: str = TABLE, **context: str
) -> Verdict:
    keys = {key.replace("__", ":").replace("_", "/").lower(): (value,) for key, value in context.items()}
    return evaluate(parse_policy(policy(*statements)), Access(action, resource, keys))


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return statement(Condition={operator: {key: value}})


def conditional(operator: str, key: str, wanted: Any, *values: str) -> Verdict:
    return evaluate(parse_policy(policy(when(operator, key, wanted))), Access("a:B", "*", {key.lower(): values}))


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "dynamodb:GetItem", "Resource": TABLE}, ALLOWED),
        ({"Action": "DynamoDB:getitem"}, ALLOWED),
        ({"Action": "dynamodb:Get*"}, ALLOWED),
        ({"Action": "dynamodb:GetIte?"}, ALLOWED),
        ({"Action": "dynamodb:GetItem?"}, NOT_ALLOWED),
        ({"Action": ["s3:*", "dynamodb:*"]}, ALLOWED),
        ({"Action": "dynamodb:PutItem"}, NOT_ALLOWED),
        ({"Resource": TABLE.upper()}, NOT_ALLOWED),
        ({"Resource": TABLE.replace("fleet", "flee?")}, ALLOWED),
        ({"Resource": "arn:aws:dynamodb:*:*:table/f*"}, ALLOWED),
        ({"Resource": TABLE + "/index/*"}, NOT_ALLOWED),
        ({"Effect": "Deny"}, DENIED),
    ],
)
def test_action_and_resource_decide(elements: dict[str, Any], expected: Verdict) -> None:
    assert verdict(statement(**elements)) is expected


def test_an_explicit_deny_wins_over_an_allow() -> None:
    assert verdict(statement(), statement(Effect="Deny", Action="dynamodb:*")) is DENIED


def test_not_action_allows_everything_else() -> None:
    allow = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert verdict(allow) is ALLOWED
    assert verdict(allow, action="iam:CreateRole") is NOT_ALLOWED


def test_not_resource_allows_everything_else() -> None:
    allow = {"Effect": "Allow", "Action": "*", "NotResource": TABLE}
    assert verdict(allow) is NOT_ALLOWED
    assert verdict(allow, resource=TABLE + "2") is ALLOWED


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "expected"),
    [
        ("StringEquals", "a", ("a",), ALLOWED),
        ("StringEquals", "a", ("A",), NOT_ALLOWED),
        ("StringEquals", ["a", "b"], ("b",), ALLOWED),
        ("StringEquals", "a", (), NOT_ALLOWED),
        ("StringEqualsIfExists", "a", (), ALLOWED),
        ("StringEqualsIgnoreCase", "a", ("A",), ALLOWED),
        ("StringNotEquals", "a", ("b",), ALLOWED),
        ("StringNotEquals", "a", (), ALLOWED),
        ("StringNotEquals", ["a", "b"], ("b",), NOT_ALLOWED),
        ("StringLike", "a*c?", ("abcd",), ALLOWED),
        ("StringNotLike", "a*", ("abc",), NOT_ALLOWED),
        ("ArnLike", "arn:aws:iam::*:role/x*", ("arn:aws:iam::1:role/xy",), ALLOWED),
        ("ArnLike", "arn:aws:*:role/x", ("arn:aws:iam::1:role/x",), NOT_ALLOWED),
        ("ArnNotEquals", "arn:aws:iam::1:role/x", ("arn:aws:iam::1:role/y",), ALLOWED),
        ("Bool", "false", ("false",), ALLOWED),
        ("Bool", True, ("false",), NOT_ALLOWED),
        ("NumericLessThan", "10", ("9",), ALLOWED),
        ("NumericGreaterThanEquals", 10, ("9",), NOT_ALLOWED),
        ("NumericEquals", "x", ("9",), NOT_ALLOWED),
        ("DateLessThan", "2030-01-01T00:00:00Z", ("2026-01-01T00:00:00Z",), ALLOWED),
        ("Null", "true", (), ALLOWED),
        ("Null", "false", (), NOT_ALLOWED),
        ("Null", "false", ("x",), ALLOWED),
        ("IpAddress", "10.0.0.0/8", ("10.1.2.3",), ALLOWED),
        ("NotIpAddress", "10.0.0.0/8", ("10.1.2.3",), NOT_ALLOWED),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), ALLOWED),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), NOT_ALLOWED),
        ("ForAllValues:StringEquals", ["a"], (), ALLOWED),
        ("ForAnyValue:StringEquals", ["a"], ("a", "b"), ALLOWED),
        ("ForAnyValue:StringEquals", ["c"], ("a", "b"), NOT_ALLOWED),
        ("ForAnyValue:StringLike", ["a*"], (), NOT_ALLOWED),
    ],
)
def test_conditions(operator: str, wanted: Any, values: tuple[str, ...], expected: Verdict) -> None:
    assert conditional(operator, "aws:Something", wanted, *values) is expected


def test_a_policy_variable_takes_the_value_of_the_request() -> None:
    own = statement(Resource="arn:aws:s3:::home/${aws:username}/*")
    assert verdict(own, resource="arn:aws:s3:::home/ann/x", aws__username="ann") is ALLOWED
    assert verdict(own, resource="arn:aws:s3:::home/bob/x", aws__username="ann") is NOT_ALLOWED


def test_the_value_of_a_policy_variable_is_no_pattern() -> None:
    own = statement(Resource="arn:aws:s3:::home/${aws:username}")
    assert verdict(own, resource="arn:aws:s3:::home/ann", aws__username="*") is NOT_ALLOWED


def test_a_policy_variable_without_value_matches_nothing_unless_it_has_a_default() -> None:
    assert verdict(statement(Resource="${aws:username}"), resource="x") is NOT_ALLOWED
    assert verdict(statement(Resource="${aws:username, 'x'}"), resource="x") is ALLOWED


def test_a_permissions_boundary_limits_what_policies_allow() -> None:
    wide, narrow = parse_policy(policy(statement())), parse_policy(policy(statement(Action="s3:*")))
    access = Access("dynamodb:GetItem", TABLE, {})
    assert evaluate_with_boundary(wide, narrow, access) is Verdict.NOT_ALLOWED_BY_BOUNDARY
    assert evaluate_with_boundary(wide, wide, access) is ALLOWED


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        "{}",
        policy({"Effect": "Maybe", "Action": "*", "Resource": "*"}),
        policy({"Effect": "Allow", "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}),
        policy(when("StringResembles", "a", "b")),
        policy(statement(Principal="111122223333")),
        policy(statement(Condition=["a"])),
        policy(statement(Condition={"StringEquals": "a"})),
        '{"Statement": ["Allow"]}',
        policy(when("ForSomeValues:StringEquals", "a", "b")),
    ],
)
def test_a_policy_that_iam_would_not_take_is_an_error(document: str) -> None:
    with pytest.raises(InvalidPolicyError):
        parse_policy(document)
