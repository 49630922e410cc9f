"""What moto's EC2 answers wrongly about the rules of security groups.

A call with several rules takes effect as a whole or not at all, a prefix list must exist, an unknown rule id has an
error of its own, a revocation says what it removed, and a modified rule has another source of the same type only.
"""

import threading
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.security_groups import SecurityGroups

from trellis_local.aws import moto_seam as moto

_LOCK = threading.RLock()
_OPERATIONS = (
    "authorize_security_group_ingress",
    "authorize_security_group_egress",
    "revoke_security_group_ingress",
    "revoke_security_group_egress",
)
_MODIFY = "modify_security_group_rules"
# EC2 API Reference, SecurityGroupRuleRequest: exactly one of these, and a rule's type cannot be changed.
_SOURCES: dict[str, Callable[[Any], Any]] = {
    "CidrIpv4": lambda rule: rule.cidr_ipv4,
    "CidrIpv6": lambda rule: rule.cidr_ipv6,
    "PrefixListId": lambda rule: rule.prefix_list_id,
    "ReferencedGroupId": lambda rule: rule.source_group.get("GroupId"),
}


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [moto.replace(SecurityGroups, name, _checked(name, getattr(SecurityGroups, name))) for name in _OPERATIONS]
    undo.append(moto.replace(SecurityGroups, _MODIFY, _modifying(getattr(SecurityGroups, _MODIFY))))

    def uninstall() -> None:
        while undo:
            undo.pop()()

    return uninstall


def _checked(name: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    attribute = "egress_rules" if name.endswith("egress") else "ingress_rules"
    revokes = name.startswith("revoke")

    def operation(self: Any) -> Any:
        with _LOCK:
            group = _group(self)
            before = list(getattr(group, attribute)) if group is not None else []
            if not revokes:
                _require_prefix_lists(self)
            elif group is not None:
                _require_rule_ids(self, before)
            try:
                answer = original(self)
            except moto.ServiceException:
                if group is not None:
                    setattr(group, attribute, before)
                raise
            return _revoked(before, getattr(group, attribute)) if revokes and group is not None else answer

    return operation


def _modifying(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def operation(self: Any) -> Any:
        with _LOCK:
            group = self.ec2_backend.get_security_group_by_name_or_id(self._get_param("GroupId"))
            rules = {rule.id: rule for rule in (*group.ingress_rules, *group.egress_rules)} if group else {}
            updates = [(rules.get(item["SecurityGroupRuleId"]), item) for item in self._get_param("SecurityGroupRules")]
            for rule, item in updates:
                if rule is not None:
                    _require_same_type(self, rule, item["SecurityGroupRule"])
            answer = original(self)
            for rule, item in updates:
                _set_source(rule, item["SecurityGroupRule"])
            return answer

    return operation


def _require_same_type(response: Any, rule: Any, wanted: dict[str, Any]) -> None:
    kind = next(name for name, read in _SOURCES.items() if read(rule))
    for name in _SOURCES:
        if wanted.get(name) and name != kind:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Invalid rule type for security group rule '{rule.id}'. You may not specify {name} for an existing"
                f" {kind} rule.",
            )
    _require_prefix_list(response, wanted.get("PrefixListId"))


def _set_source(rule: Any, wanted: dict[str, Any]) -> None:
    if wanted.get("PrefixListId"):
        rule.prefix_list_id = wanted["PrefixListId"]
    elif wanted.get("CidrIpv6"):
        rule.ip_range["CidrIpv6"] = wanted["CidrIpv6"]
    elif wanted.get("ReferencedGroupId"):
        rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}


def _group(response: Any) -> Any | None:
    name_or_id = response._get_param("GroupName") or response._get_param("GroupId")
    return response.ec2_backend.get_security_group_by_name_or_id(name_or_id) if name_or_id else None


def _require_prefix_lists(response: Any) -> None:
    for permission in response._get_param("IpPermissions", []):
        for item in permission.get("PrefixListIds") or ():
            _require_prefix_list(response, item["PrefixListId"])


def _require_prefix_list(response: Any, identifier: str | None) -> None:
    if identifier and identifier not in response.ec2_backend.managed_prefix_lists:
        raise EC2ClientError("InvalidPrefixListID.NotFound", f"The prefix list ID '{identifier}' does not exist")


def _require_rule_ids(response: Any, rules: list[Any]) -> None:
    known = {rule.id for rule in rules}
    for identifier in response._get_param("SecurityGroupRuleIds", []):
        if identifier not in known:
            raise EC2ClientError(
                "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{identifier}' does not exist"
            )


def _revoked(before: list[Any], after: list[Any]) -> Any:
    left = {rule.id for rule in after}
    removed = [
        {
            "SecurityGroupRuleId": rule.id,
            "GroupId": rule.group_id,
            "IsEgress": rule.is_egress,
            "IpProtocol": rule.ip_protocol,
            "FromPort": -1 if rule.from_port is None else rule.from_port,
            "ToPort": -1 if rule.to_port is None else rule.to_port,
            "CidrIpv4": rule.cidr_ipv4,
            "CidrIpv6": rule.cidr_ipv6,
            "PrefixListId": rule.prefix_list_id,
            "ReferencedGroupId": (rule.source_group or {}).get("GroupId"),
            "Description": rule.description,
        }
        for rule in before
        if rule.id not in left
    ]
    return moto.ActionResult({"Return": True, "RevokedSecurityGroupRules": removed})
