"""What moto's EC2 answers wrongly about the rules of security groups.

A call with several rules takes effect as a whole or not at all, a prefix list must exist, an unknown rule id has an
error of its own, and a revocation says what it removed.
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


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [moto.replace(SecurityGroups, name, _checked(name, getattr(SecurityGroups, name))) for name in _OPERATIONS]

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


def _group(response: Any) -> Any | None:
    name_or_id = response._get_param("GroupName") or response._get_param("GroupId")
    return response.ec2_backend.get_security_group_by_name_or_id(name_or_id) if name_or_id else None


def _require_prefix_lists(response: Any) -> None:
    for permission in response._get_param("IpPermissions", []):
        for item in permission.get("PrefixListIds") or ():
            identifier = item["PrefixListId"]
            if identifier not in response.ec2_backend.managed_prefix_lists:
                raise EC2ClientError(
                    "InvalidPrefixListID.NotFound", f"The prefix list ID '{identifier}' does not exist"
                )


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
