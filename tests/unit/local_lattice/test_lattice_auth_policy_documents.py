"""What PutAuthPolicy accepts: the grammar of resource-based policies in the IAM User Guide."""

import json

import pytest

STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}
REQUIRED = ("Effect", "Principal", "Action")
LACKS = [{key: value for key, value in STATEMENT.items() if key != name} for name in REQUIRED]


@pytest.mark.parametrize(
    "statement",
    [
        STATEMENT,
        [STATEMENT, STATEMENT | {"Sid": "two", "Effect": "Deny"}],
        STATEMENT | {"Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:role/a"]}},
        STATEMENT | {"Action": ["vpc-lattice-svcs:Invoke", "vpc-lattice-svcs:Connect"], "Resource": ["*/a", "*/b"]},
        STATEMENT | {"Condition": {"StringEquals": {"vpc-lattice-svcs:RequestMethod": ["GET", "HEAD"]}}},
        {"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "NotAction": "a:B", "NotResource": "*"},
    ],
)
def test_what_the_grammar_allows_is_accepted(client, network_id, statement):
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert client.put_auth_policy(resourceIdentifier=network_id, policy=text)["state"] == "Inactive"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Statement": "*"},
        {"Statement": ["*"]},
        {"Statement": STATEMENT, "Statements": []},
        {"Statement": STATEMENT, "Version": "2023-01-01"},
        *({"Statement": statement} for statement in LACKS),
        {"Statement": STATEMENT | {"Conditions": {}}},
        {"Statement": STATEMENT | {"Effect": "allow"}},
        {"Statement": STATEMENT | {"NotAction": "a:B"}},
        {"Statement": STATEMENT | {"Action": []}},
        {"Statement": STATEMENT | {"Resource": {"Arn": "*"}}},
        {"Statement": STATEMENT | {"Principal": "111122223333"}},
        {"Statement": STATEMENT | {"Principal": {"Role": "*"}}},
        {"Statement": STATEMENT | {"Principal": {}}},
        {"Statement": STATEMENT | {"Condition": {"StringEquals": "a"}}},
        {"Statement": STATEMENT | {"Condition": []}},
    ],
)
def test_what_the_grammar_does_not_have_is_refused(client, network_id, error_of, document):
    error = error_of(client.put_auth_policy, resourceIdentifier=network_id, policy=json.dumps(document))
    assert (error["status"], error["code"]) == (400, "ValidationException")
