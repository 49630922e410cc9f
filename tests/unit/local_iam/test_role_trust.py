import json
from typing import Any

import pytest

from trellis_local.iam.evaluator import parse_policy
from trellis_local.iam.trust import Caller, Trust, trust_of

ROLE = "arn:aws:iam::111122223333:role/a"
LAMBDA = Caller(service="lambda.amazonaws.com")
ANN = Caller(arns=(ROLE,), account="111122223333")


def trust(principal: Any, caller: Caller, **elements: Any) -> Trust:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **elements}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return trust_of(parse_policy(document), caller, action="sts:AssumeRole", context={})


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ({"Service": "lambda.amazonaws.com"}, LAMBDA, Trust.CALLER),
        ({"Service": ["states.amazonaws.com", "lambda.amazonaws.com"]}, LAMBDA, Trust.CALLER),
        ({"Service": "states.amazonaws.com"}, LAMBDA, Trust.NONE),
        ({"AWS": "*"}, LAMBDA, Trust.NONE),
        ({"AWS": ROLE}, ANN, Trust.CALLER),
        ({"AWS": "arn:aws:iam::111122223333:root"}, ANN, Trust.ACCOUNT),
        ({"AWS": "111122223333"}, ANN, Trust.ACCOUNT),
        ({"AWS": "444455556666"}, ANN, Trust.NONE),
        ({"Federated": "accounts.google.com"}, ANN, Trust.NONE),
    ],
)
def test_who_a_trust_policy_lets_in(principal: Any, caller: Caller, expected: Trust) -> None:
    assert trust(principal, caller) is expected


def test_another_action_is_not_trusted() -> None:
    assert trust({"AWS": ROLE}, ANN, Action="sts:TagSession") is Trust.NONE


def test_a_condition_of_the_trust_policy_counts() -> None:
    assert trust({"AWS": ROLE}, ANN, Condition={"StringEquals": {"sts:ExternalId": "x"}}) is Trust.NONE
