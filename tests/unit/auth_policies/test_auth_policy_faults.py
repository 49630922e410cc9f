"""What is wrong with a policy is said with its place, before anything is put; what is sound is let through."""

import json
from typing import Any

import pytest

from trellis.auth_policies import check_policy
from trellis.auth_policies.checking import MAX_BYTES

ROLE = "arn:aws:iam::111122223333:role/orders"


def statement(**elements: Any) -> dict[str, Any]:
    plain = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}
    return {name: value for name, value in {**plain, **elements}.items() if value is not None}


def policy(*statements: dict[str, Any], **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members}, indent=2)


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check_policy(text, arn="service-arn").faults]


def places(text: str) -> list[str]:
    return [fault.place for fault in check_policy(text, arn="service-arn").faults]


def condition(operator: str, key: str, value: Any = "x") -> dict[str, Any]:
    return statement(Condition={operator: {key: value}})


SOUND = [
    statement(),
    statement(Principal={"AWS": [ROLE, "444455556666", "arn:aws:iam::111122223333:root"]}),
    statement(Principal={"AWS": "arn:aws:iam::111122223333:role/teams/blue/orders"}),
    statement(Principal={"AWS": "arn:aws:sts::111122223333:assumed-role/orders/pod-1"}),
    statement(Principal={"AWS": "arn:aws-cn:iam::111122223333:user/ann"}),
    statement(Principal={"AWS": "arn:aws:iam::${trellis:account}:role/orders"}),
    statement(Principal={"Service": "lambda.amazonaws.com"}),
    statement(Principal=None, NotPrincipal={"AWS": ROLE}, Effect="Deny"),
    statement(Action="*"),
    statement(Action=["vpc-lattice-svcs:invoke", "vpc-lattice-svcs:Connect"]),
    statement(Action="vpc-lattice-svcs:*"),
    statement(Resource="*/rates"),
    statement(Resource="arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-0123456789abcdef0/*"),
    statement(Resource="arn:aws:vpc-lattice:us-west-2:111122223333:service/*"),
    statement(Resource="arn:aws:vpc-lattice:*"),
    statement(Resource=["${trellis:service-arn}/rates", "${trellis:service-arn}*"]),
    statement(Resource=None, NotResource="*/admin/*"),
    condition("StringEquals", "vpc-lattice-svcs:SourceVpc", "${trellis:vpc/EKS-CLUSTER-A}"),
    condition("StringLike", "vpc-lattice-svcs:RequestHeader/X-Team", ["a*", "b*"]),
    condition("ForAnyValue:StringEqualsIfExists", "vpc-lattice-svcs:RequestQueryString/q"),
    condition("NumericEquals", "vpc-lattice-svcs:Port", 443),
    condition("Null", "aws:PrincipalTag/kubernetes-namespace", value=False),
    condition("StringEquals", "aws:principalorgid", "o-123456"),
    condition("StringEquals", "aws:PrincipalTag/team", "${aws:PrincipalTag/team}"),
]


@pytest.mark.parametrize("found", SOUND, ids=json.dumps)
def test_what_is_sound_is_put_without_blanks_and_newlines(found: dict[str, Any]) -> None:
    checked = check_policy(policy(found, Id="orders"), arn="service-arn")
    assert checked.faults == ()
    assert json.loads(checked.document)["Statement"] == [found]
    assert "\n" not in checked.document


def test_one_statement_needs_no_list() -> None:
    text = json.dumps({"Statement": statement()})
    assert faults(text) == []


FAULTY = [
    (statement(Effect="allow"), "/Effect"),
    (statement(Effect=None), "/Effect"),
    (statement(Principal=None), ""),
    (statement(NotPrincipal="*"), ""),
    (statement(Principal="anybody"), "/Principal"),
    (statement(Principal={}), "/Principal"),
    (statement(Principal={"aws": ROLE}), "/Principal/aws"),
    (statement(Principal={"AWS": []}), "/Principal/AWS"),
    (statement(Principal={"AWS": [ROLE, "orders"]}), "/Principal/AWS/1"),
    (statement(Principal={"AWS": "arn:aws:iam::111122223333:role/*"}), "/Principal/AWS"),
    (statement(Principal={"AWS": "arn:aws:iam::1111:role/orders"}), "/Principal/AWS"),
    (statement(Principal={"AWS": "AROAEXAMPLEID"}), "/Principal/AWS"),
    (statement(Action=None), ""),
    (statement(Action="vpc-lattice:Invoke"), "/Action"),
    (statement(Action=["vpc-lattice-svcs:Invoke", "s3:GetObject"]), "/Action/1"),
    (statement(Action=7), "/Action"),
    (statement(Resource=None), ""),
    (statement(Resource="arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-0123456789abcdef0"), "/Resource"),
    (statement(Resource="arn:aws:vpc-lattice-svcs:us-west-2:111122223333:service/svc-1/*"), "/Resource"),
    (statement(Resource="arn:aws:vpc-lattice:us-west-2:111122223333:servicenetwork/sn-1/*"), "/Resource"),
    (statement(Resource="${trellis:service-arn}"), "/Resource"),
    (statement(Resource="/rates"), "/Resource"),
    (statement(Resource=["*", ""]), "/Resource"),
    (statement(Principals="*"), "/Principals"),
    (statement(Sid=7), "/Sid"),
    (statement(Condition=[]), "/Condition"),
    (statement(Condition={"StringEquals": {}}), "/Condition/StringEquals"),
    (condition("StringEqual", "aws:username"), "/Condition/StringEqual"),
    (condition("NullIfExists", "aws:username"), "/Condition/NullIfExists"),
    (condition("StringEquals", "vpc-lattice-svcs:requestmethod"),
     "/Condition/StringEquals/vpc-lattice-svcs:requestmethod"),
    (condition("StringEquals", "vpc-lattice-svcs:RequestHeader"),
     "/Condition/StringEquals/vpc-lattice-svcs:RequestHeader"),
    (condition("StringEquals", "aws:PrincipalTags/team"), "/Condition/StringEquals/aws:PrincipalTags~1team"),
    (condition("StringEquals", "ec2:Vpc"), "/Condition/StringEquals/ec2:Vpc"),
    (condition("StringEquals", "aws:username", {"a": "b"}), "/Condition/StringEquals/aws:username"),
    (condition("StringEquals", "aws:username", []), "/Condition/StringEquals/aws:username"),
    (condition("StringEquals", "vpc-lattice-svcs:SourceVpc", "${trellis:vpc}"),
     "/Condition/StringEquals/vpc-lattice-svcs:SourceVpc"),
    (condition("StringEquals", "vpc-lattice-svcs:SourceVpc", "${trellis:vpc/A"),
     "/Condition/StringEquals/vpc-lattice-svcs:SourceVpc"),
    (condition("StringEquals", "aws:PrincipalTag/${trellis:account}"),
     "/Condition/StringEquals/aws:PrincipalTag~1${trellis:account}"),
    (statement(Resource="${trellis:service-network-arn}/*"), "/Resource"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "place"), FAULTY, ids=[place or "statement" for _, place in FAULTY])
def test_a_fault_is_told_with_its_place(found: dict[str, Any], place: str) -> None:
    assert f"/Statement/1{place}" in places(policy(statement(), found))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1: no JSON: Expecting value"),
        ('{\n  "Statement": [,]\n}', "line 2, column 17: no JSON: Expecting value"),
        ("[]", "/: must be a JSON object"),
        ("{}", "/Statement: must be a statement or a list of some"),
        (policy(), "/Statement: must be a statement or a list of some"),
        (policy("x"), "/Statement/0: must be a JSON object"),  # type: ignore[arg-type]
        (policy(statement(), Version="2012"), "/Version: must be 2012-10-17"),
        (policy(statement(), version="2012-10-17"), "/version: is not a member of policies"),
        ('{"Statement": [], "Statement": []}', "/: has an object with two members 'Statement'"),
        ('{"Statement": NaN}', "/: has NaN, which is no JSON"),
        ('{"Id": "\\ud800", "Statement": []}', "/: has half of a surrogate pair, which is no character"),
        ("[" * 50_000, "/: is nested too deeply"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_policy_at_all_is_told(text: str, told: str) -> None:
    assert any(fault.startswith(told) for fault in faults(text)), faults(text)


def test_all_faults_are_told_at_once() -> None:
    text = policy(statement(Effect="Maybe", Action="s3:GetObject"), statement(Resource="/"))
    assert places(text) == ["/Statement/0/Effect", "/Statement/0/Action", "/Statement/1/Resource"]


def test_a_key_in_the_wrong_case_is_told_how_it_is_written() -> None:
    (fault,) = faults(policy(condition("StringEquals", "vpc-lattice-svcs:requestheader/x-team")))
    assert "vpc-lattice-svcs:RequestHeader/ is, with regard to case" in fault


@pytest.mark.parametrize(("length", "is_sound"), [(0, True), (1, False)])
def test_the_quota_counts_bytes_without_blanks(length: int, *, is_sound: bool) -> None:
    room = MAX_BYTES - len(check_policy(policy(statement(), Id=""), arn="service-arn").document)
    text = policy(statement(), Id="x" * (room + length))
    assert (faults(text) == []) == is_sound


def test_text_that_is_far_too_long_is_not_even_read() -> None:
    assert faults(" " * 200_000)[0].startswith("/: has 200000 characters")


def test_values_that_may_be_secrets_are_not_told() -> None:
    found = condition("StringEquals", "vpc-lattice-svcs:RequestHeader/x-key", {"secret": "hunter2"})
    assert "hunter2" not in "".join(faults(policy(found)))
