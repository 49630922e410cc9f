"""Events about other people's calls, from the recorded samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from trellis.errors import InvalidEventError
from trellis.foreign_calls import parse_foreign_call
from trellis.model import NETWORKS_OF_OTHERS

GROUP, RULE, ZONE = "sg-0123456789abcdef0", "sgr-0123456789abcdef0", "Z0123456789ABCDEFGHIJ"
EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


@pytest.mark.parametrize(
    ("name", "touched"),
    [
        (
            "vpc-lattice/update_rule",
            {"svc-0e3c1a5b7d9f2e4a6", "listener-0a1b2c3d4e5f60718", "rule-0f1e2d3c4b5a69788", "tg-01234567890abcdef"},
        ),
        ("vpc-lattice/delete_service_network_vpc_association", {"snva-0123456789abcdef0"}),
        ("vpc-lattice/put_auth_policy", {"svc-0e3c1a5b7d9f2e4a6/auth"}),
        ("ec2/revoke_security_group_ingress", {GROUP, RULE}),
        ("ec2/revoke_security_group_ingress_by_source", {GROUP, RULE}),
        ("ec2/authorize_security_group_ingress", {GROUP, RULE}),
        ("ec2/authorize_security_group_ingress_flat", {GROUP}),
        ("ec2/modify_security_group_rules", {GROUP, RULE}),
        ("ec2/modify_security_group_rules_several", {GROUP, RULE, "sgr-0fedcba9876543210"}),
        ("ec2/update_security_group_rule_descriptions_ingress", {GROUP, RULE}),
        ("ec2/delete_security_group", {GROUP}),
        ("ec2/create_tags", {GROUP}),
        ("ec2/delete_tags", {RULE}),
        ("ec2/delete_vpc", {"vpc-0123456789abcdef0"}),
        ("route53/change_resource_record_sets", {"name/datastore.lattice-test.io"}),
        ("route53/change_tags_for_resource", {ZONE}),
        ("route53/delete_hosted_zone", {ZONE}),
        ("route53/disassociate_vpc_from_hosted_zone", {ZONE, "vpc-0123456789abcdef0"}),
        ("iam/delete_role_policy", {"frontend-client"}),
        (
            "eks/delete_pod_identity_association",
            {"a-abcdefghijklmnop1", "frontend", "arn:aws:iam::111122223333:role/trellis/frontend"},
        ),
        ("ram/disassociate_resource_share", {"sn-0123456789abcdef0"}),
        ("ram/delete_resource_share", {NETWORKS_OF_OTHERS}),
    ],
)
def test_a_call_names_what_it_touched_wherever_the_api_puts_it(name: str, touched: set[str]) -> None:
    assert parse_foreign_call(event(name)).touched == touched


def records_changed(*names: Any) -> dict[str, Any]:
    changed = event("route53/change_resource_record_sets")
    changes = [{"action": "DELETE", "resourceRecordSet": {"name": name, "type": "TXT"}} for name in names]
    changed["detail"]["requestParameters"]["changeBatch"] = {"changes": changes}
    return changed


@pytest.mark.parametrize(
    ("name", "touched"),
    [
        ("_trellis.Store.example.org.", {"name/store.example.org"}),
        (
            "_trellis-vpc.vpc-0123456789abcdef0.example.org",
            {"name/_trellis-vpc.vpc-0123456789abcdef0.example.org", "vpc-0123456789abcdef0"},
        ),
        (["no name"], {ZONE}),
    ],
)
def test_a_change_of_records_touches_names(name: Any, touched: set[str]) -> None:
    assert parse_foreign_call(records_changed(name)).touched == touched


def test_a_change_of_very_many_records_touches_their_zone() -> None:
    names = [f"a{number}.example.org" for number in range(51)]
    assert parse_foreign_call(records_changed(*names)).touched == {ZONE}
    assert len(parse_foreign_call(records_changed(*names[:50])).touched) == 50


def test_a_call_that_may_be_about_auth_touches_the_service_and_its_auth() -> None:
    updated = event("vpc-lattice/put_auth_policy")
    updated["detail"]["eventName"] = "UpdateService"
    updated["detail"]["requestParameters"] = {"serviceIdentifier": "svc-0e3c1a5b7d9f2e4a6", "authType": "NONE"}
    updated["detail"]["responseElements"] = None
    assert parse_foreign_call(updated).touched == {"svc-0e3c1a5b7d9f2e4a6", "svc-0e3c1a5b7d9f2e4a6/auth"}


@pytest.mark.parametrize(
    ("call", "parameters", "is_about_auth"),
    [
        ("UpdateService", {"certificateArn": ""}, False),
        ("UpdateService", {"authType": "AWS_IAM"}, True),
        ("TagResource", {"tags": {"team": "blue"}}, False),
        ("TagResource", {"tags": {"trellis:auth-policy": "nobody"}}, True),
        ("TagResource", {"tags": "HIDDEN_DUE_TO_SECURITY_REASONS"}, True),
        ("UntagResource", {"tagKeys": ["team"]}, False),
        ("UntagResource", {"tagKeys": ["trellis:auth-policy"]}, True),
    ],
)
def test_a_call_is_about_auth_where_it_says_so(call: str, parameters: dict[str, object], is_about_auth: bool) -> None:
    updated = event("vpc-lattice/put_auth_policy")
    updated["detail"]["eventName"] = call
    updated["detail"]["requestParameters"] = {"serviceIdentifier": "svc-0e3c1a5b7d9f2e4a6", **parameters}
    assert ("svc-0e3c1a5b7d9f2e4a6/auth" in parse_foreign_call(updated).touched) == is_about_auth


def test_a_call_says_who_did_what_and_when() -> None:
    call = parse_foreign_call(event("ec2/revoke_security_group_ingress"))
    assert call.call == "ec2:RevokeSecurityGroupIngress"
    assert call.actor.startswith("arn:aws:")
    assert call.detail.eventTime == event("ec2/revoke_security_group_ingress")["detail"]["eventTime"]


def test_a_call_by_an_aws_service_names_the_service() -> None:
    by_service = event("vpc-lattice/update_rule")
    by_service["detail"]["userIdentity"] = {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}
    assert parse_foreign_call(by_service).actor == "cloudformation.amazonaws.com"


def test_what_only_looks_like_an_id_touches_nothing() -> None:
    call = event("vpc-lattice/update_rule")
    call["detail"]["requestParameters"] = {"name": "my-svc-0e3c1a5b7d9f2e4a6b", "text": "vpc-12345", "count": 7}
    call["detail"]["responseElements"] = None
    assert parse_foreign_call(call).touched == frozenset()


def test_a_role_in_a_path_is_found_as_cloudtrail_writes_it_there() -> None:
    call = event("eks/delete_pod_identity_association")
    call["detail"]["requestParameters"] = {
        "principalArn": "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Ftrellis%2Freader"
    }
    call["detail"]["responseElements"] = None
    assert parse_foreign_call(call).touched == {"reader", "arn:aws:iam::111122223333:role/trellis/reader"}


@pytest.mark.parametrize("broken", [{}, {"id": "1", "detail": "text"}, {"id": "1", "detail": {"eventSource": "s3"}}])
def test_an_event_that_cannot_be_parsed_says_where(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"detail|id"):
        parse_foreign_call(broken)
