"""Each event starts what it should: exactly one rule of the template matches it, or none."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from trellis_local.deploy.sam import transform
from trellis_local.events import patterns

_ROOT = Path(__file__).parents[2]
_EVENTS = _ROOT / "events"
_EXPECTED = {
    "acm/certificate_approaching_expiration": ["CertificateNews"],
    "acm/certificate_available": ["CertificateNews"],
    "acm/certificate_expired": ["CertificateNews"],
    "acm/certificate_renewal_action_required": ["CertificateNews"],
    "acm/certificate_revoked": ["CertificateNews"],
    "acm/certificate_rotated": ["CertificateNews"],
    "acm/delete_certificate": ["CertificateChanged"],
    "acm/import_certificate_again": ["CertificateChanged"],
    "ec2/authorize_security_group_ingress": ["SecurityGroupChanged"],
    "ec2/authorize_security_group_ingress_flat": ["SecurityGroupChanged"],
    "ec2/create_tags": ["SecurityGroupTagged"],
    "ec2/create_tags_of_an_instance": [],
    "ec2/delete_security_group": ["SecurityGroupChanged"],
    "ec2/delete_tags": ["SecurityGroupTagged"],
    "ec2/delete_vpc": ["SecurityGroupChanged"],
    "ec2/modify_security_group_rules": ["SecurityGroupChanged"],
    "ec2/modify_security_group_rules_several": ["SecurityGroupChanged"],
    "ec2/revoke_security_group_ingress": ["SecurityGroupChanged"],
    "ec2/revoke_security_group_ingress_by_source": ["SecurityGroupChanged"],
    "ec2/update_security_group_rule_descriptions_ingress": ["SecurityGroupChanged"],
    "eks/associate_access_policy": ["ClusterAccessChanged"],
    "eks/create_cluster": ["ClusterCreated"],
    "eks/create_cluster_failed": [],
    "eks/delete_access_entry": ["ClusterAccessChanged"],
    "eks/delete_cluster": ["ClusterDeleted"],
    "eks/delete_pod_identity_association": ["ClientIdentityChanged"],
    "eks/tag_resource": ["ClusterTagged"],
    "eks/tag_resource_by_trellis": [],
    "eks/untag_resource": ["ClusterUntagged"],
    "eks/update_cluster_config": ["ClusterAccessChanged"],
    "iam/delete_role_policy": ["RolesChanged"],
    "iam/detach_role_policy": ["OwnRolesChanged", "RolesChanged"],
    "ram/delete_resource_share": ["NetworkShareChanged"],
    "ram/disassociate_resource_share": ["NetworkShareChanged"],
    "ram/resource_sharing_state_change": ["SharingChanged"],
    "route53/change_resource_record_sets": ["NamesChanged"],
    "route53/change_tags_for_resource": ["NamesChanged"],
    "route53/delete_hosted_zone": ["NamesChanged"],
    "route53/disassociate_vpc_from_hosted_zone": ["NamesChanged"],
    "states/canary_aborted": ["CanaryEnded"],
    "states/canary_promoted": [],
    "states/onboarding_stopped": ["PreparationEnded"],
    "tag/managed_of_a_certificate": ["CertificateTagged"],
    "tag/name_of_a_service": [],
    "tag/network_of_a_cluster": ["ClusterTagsChanged"],
    "tag/owner_of_a_security_group_rule": ["TagsChanged"],
    "tag/owner_of_a_service": ["TagsChanged"],
    "vpc-lattice/delete_service_network_vpc_association": ["LatticeChanged"],
    "vpc-lattice/put_auth_policy": ["LatticeChanged"],
    "vpc-lattice/update_rule": ["LatticeChanged"],
}
_FUNCTION = re.compile(r"^(DispatchEvent|NoticeChange|GrantClusterAccess|ReapCanary|RotateCertificate)Function")
_MACHINES = "arn:aws:states:us-west-2:111122223333:stateMachine:"
_MACHINE_REFS = {"OnboardCluster": f"{_MACHINES}onboard-cluster", "OffboardCluster": f"{_MACHINES}offboard-cluster"}
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": "111122223333",
    "AWS::Region": "us-west-2",
    "AWS::StackName": "trellis",
}


@cache
def _rules(template: str = "template.yaml") -> dict[str, Mapping[str, Any]]:
    """The pattern of each rule, by the name of the event in the template."""
    resources = transform(_ROOT / template, {}, region="us-west-2").template["Resources"]
    return {
        _FUNCTION.sub("", name): _resolved(resource["Properties"]["EventPattern"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Events::Rule"
    }


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"Fn::Sub"}:
            text = str(value["Fn::Sub"])
            for name, text_of in _PSEUDO.items():
                text = text.replace(f"${{{name}}}", text_of)
            return text
        if set(value) == {"Ref"}:
            return _MACHINE_REFS[value["Ref"]]
        return {key: _resolved(member) for key, member in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text("utf-8"))
    return event


def _matching(event: Mapping[str, Any], template: str = "template.yaml") -> list[str]:
    return sorted(name for name, pattern in _rules(template).items() if patterns.matches(pattern, event))


def _is_call(name: str) -> bool:
    return "eventName" in _event(name)["detail"]


_CALLS = [name for name, rules in _EXPECTED.items() if rules and _is_call(name)]
_ELSEWHERE = [name for name in _EXPECTED if _event(name)["region"] == "us-east-1"]


def test_every_sample_event_is_tested() -> None:
    assert sorted(path.relative_to(_EVENTS).with_suffix("").as_posix() for path in _EVENTS.glob("*/*.json")) == sorted(
        _EXPECTED
    )


def test_every_rule_has_a_sample_event() -> None:
    assert set(_rules()) == {name for names in _EXPECTED.values() for name in names}


def test_aws_would_accept_every_pattern() -> None:
    for pattern in _rules().values():
        patterns.validate(pattern)


@pytest.mark.parametrize("name", _EXPECTED)
def test_an_event_matches_its_own_rule_only(name: str) -> None:
    assert _matching(_event(name)) == _EXPECTED[name]


@pytest.mark.parametrize("name", _CALLS)
def test_the_same_call_matches_no_rule_when_it_failed(name: str) -> None:
    event = _event(name)
    event["detail"]["errorCode"] = "AccessDeniedException"
    assert _matching(event) == []


@pytest.mark.parametrize("name", _CALLS)
def test_the_same_call_matches_no_rule_when_trellis_made_it(name: str) -> None:
    event = _event(name)
    event["detail"]["userIdentity"] = _event("eks/tag_resource_by_trellis")["detail"]["userIdentity"]
    assert _matching(event) == []


@pytest.mark.parametrize("name", _CALLS)
def test_the_same_call_matches_its_rule_when_another_role_made_it(name: str) -> None:
    event = _event(name)
    identity = _event("eks/tag_resource_by_trellis")["detail"]["userIdentity"]
    identity["sessionContext"]["sessionIssuer"]["arn"] = "arn:aws:iam::111122223333:role/platform-team"
    event["detail"]["userIdentity"] = identity
    assert _matching(event) == _EXPECTED[name]


@pytest.mark.parametrize("name", _ELSEWHERE)
def test_what_happens_in_us_east_1_is_forwarded(name: str) -> None:
    assert len(_matching(_event(name), "template-us-east-1.yaml")) == 1


@pytest.mark.parametrize("name", sorted({rule for found in _ELSEWHERE for rule in _EXPECTED[found]}))
def test_every_call_that_a_rule_wants_from_us_east_1_is_forwarded(name: str) -> None:
    detail = _rules()[name]["detail"]
    (source,) = detail["eventSource"]
    forwarded = next(
        rule["detail"]
        for rule in _rules("template-us-east-1.yaml").values()
        if rule["detail"]["eventSource"] == [source]
    )
    assert forwarded["eventName"] == detail["eventName"]


def test_a_message_about_an_own_role_is_not_sent_for_a_deployment() -> None:
    event = _event("iam/detach_role_policy")
    event["detail"]["sourceIPAddress"] = "cloudformation.amazonaws.com"
    assert _matching(event) == ["RolesChanged"]
