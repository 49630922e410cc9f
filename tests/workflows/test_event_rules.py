"""Each event about a cluster starts what it should: exactly one rule of the template matches it, or none."""

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
    "ec2/modify_security_group_rules": ["SecurityGroupChanged"],
    "ec2/revoke_security_group_ingress": ["SecurityGroupChanged"],
    "eks/create_cluster": ["ClusterCreated"],
    "eks/create_cluster_failed": [],
    "eks/delete_cluster": ["ClusterDeleted"],
    "eks/tag_resource": ["ClusterTagged"],
    "eks/tag_resource_by_trellis": [],
    "eks/untag_resource": ["ClusterUntagged"],
    "route53/change_resource_record_sets": ["NamesChanged"],
    "states/onboarding_stopped": ["PreparationEnded"],
    "vpc-lattice/delete_service_network_vpc_association": ["LatticeChanged"],
    "vpc-lattice/update_rule": ["LatticeChanged"],
}
# CloudTrail's records of calls; Step Functions tells of executions, which have no error code.
_CALLS = [name for name, rules in _EXPECTED.items() if rules and not name.startswith("states/")]
_FUNCTION = re.compile(r"^(DispatchEvent|NoticeChange|GrantClusterAccess)Function")
_MACHINES = "arn:aws:states:us-west-2:111122223333:stateMachine:"
_MACHINE_REFS = {"OnboardCluster": f"{_MACHINES}onboard-cluster", "OffboardCluster": f"{_MACHINES}offboard-cluster"}
_PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": "111122223333", "AWS::Region": "us-west-2"}


@cache
def _rules() -> dict[str, Mapping[str, Any]]:
    """The pattern of each rule, by the name of the event in the template."""
    resources = transform(_ROOT / "template.yaml", {}, region="us-west-2").template["Resources"]
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


def _matching(event: Mapping[str, Any]) -> list[str]:
    return [name for name, pattern in _rules().items() if patterns.matches(pattern, event)]


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
