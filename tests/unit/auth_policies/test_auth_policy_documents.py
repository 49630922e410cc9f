"""What policies mean, what their placeholders stand for, and how reports show them."""

import json
from typing import Any

import pytest

from trellis.auth_policies import means_the_same, resolve, shown

BASE = {"Effect": "Allow", "Principal": "*", "Action": ["vpc-lattice-svcs:Invoke"], "Resource": "*"}


def document(*statements: dict[str, Any], **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


DENY = {**BASE, "Effect": "Deny", "Resource": ["*/b", "*/a"]}

SAME = [
    (document(BASE), json.dumps({"Statement": BASE, "Version": "2012-10-17"}, indent=2)),
    (document(BASE, DENY), document({**DENY, "Resource": ["*/a", "*/b"]}, BASE)),
    (document(BASE), document({**BASE, "Action": "VPC-Lattice-Svcs:invoke"})),
    (document(BASE), document({**BASE, "Principal": {"AWS": "*"}})),
    (document(BASE), document({**BASE, "Sid": "Everybody"}, Id="x")),
    (
        document({**BASE, "Principal": {"AWS": "111122223333"}}),
        document({**BASE, "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}),
    ),
    (
        document({**BASE, "Condition": {"Bool": {"aws:SecureTransport": True}}}),
        document({**BASE, "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}),
    ),
    (document(BASE), document({**BASE, "Condition": {}})),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_written_differently_can_mean_the_same(one: str, other: str) -> None:
    assert means_the_same(one, other)
    assert means_the_same(other, one)


DIFFERENT = [
    {**BASE, "Effect": "Deny"},
    {**BASE, "Resource": "*/a"},
    {**BASE, "Action": ["vpc-lattice-svcs:Invoke", "vpc-lattice-svcs:Connect"]},
    {**BASE, "Principal": {"AWS": "111122223333"}},
    {**BASE, "Principal": {"Service": "*"}},
    {**BASE, "Condition": {"StringEquals": {"vpc-lattice-svcs:SourceVpc": "vpc-1"}}},
    {"Effect": "Allow", "NotPrincipal": "*", "Action": BASE["Action"], "Resource": "*"},
]


@pytest.mark.parametrize("other", DIFFERENT)
def test_what_allows_something_else_means_something_else(other: dict[str, Any]) -> None:
    assert not means_the_same(document(BASE), document(other))
    assert not means_the_same(document(BASE), document(BASE, other))


@pytest.mark.parametrize("text", ["", "[]", "7", "no JSON", '{"Statement": [7]}', '{"Statement": {"Principal": 3}}'])
def test_what_is_no_policy_means_no_policy(text: str) -> None:
    assert not means_the_same(text, document(BASE))
    assert means_the_same(text, text)


def test_the_version_decides_what_variables_mean() -> None:
    assert not means_the_same(document(BASE), document(BASE, Version="2008-10-17"))


def test_placeholders_are_replaced_and_policy_variables_stay() -> None:
    text = '{"Resource":"${trellis:service-arn}/${aws:username}","x":"${trellis:vpc/A-1}"}'
    resolved = resolve(text, {"service-arn": "arn:aws:x", "vpc/A-1": "vpc-1"})
    assert (resolved.text, resolved.missing) == ('{"Resource":"arn:aws:x/${aws:username}","x":"vpc-1"}', ())


def test_what_stands_for_nothing_is_named_once() -> None:
    resolved = resolve("${trellis:vpc/gone} ${trellis:vpc/gone} ${trellis:account}", {"account": "1"})
    assert resolved.missing == ("vpc/gone",)


def test_reports_do_not_show_what_requests_must_carry() -> None:
    condition = {
        "StringEquals": {"vpc-lattice-svcs:RequestHeader/x-key": "hunter2", "vpc-lattice-svcs:SourceVpc": "vpc-1"},
        "StringLike": {"vpc-lattice-svcs:RequestQueryString/key": ["hunter3"]},
    }
    text = shown(document({**BASE, "Condition": condition}))
    assert "hunter" not in text
    assert '"vpc-lattice-svcs:SourceVpc":"vpc-1"' in text


def test_another_secret_is_shown_as_another_one() -> None:
    one, other = (
        shown(document({**BASE, "Condition": {"StringEquals": {"vpc-lattice-svcs:RequestHeader/k": value}}}))
        for value in ("a", "b")
    )
    assert one != other
