"""Whether a role's trust policy lets somebody assume the role.

A trust policy that names the caller is enough by itself; one that names the caller's account leaves it to the caller's
own policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from trellis_local.iam.conditions import holds
from trellis_local.iam.evaluator import Statement
from trellis_local.iam.patterns import Context, matches


class Trust(Enum):
    """What a trust policy says about a caller."""

    NONE = "not trusted"
    ACCOUNT = "the account is trusted: the caller's policies decide"
    CALLER = "the caller is trusted"


@dataclass(frozen=True)
class Caller:
    """Who wants to assume a role: ARNs (session and role, or user) and account, or a service such as `lambda...com`."""

    arns: tuple[str, ...] = ()
    account: str = ""
    service: str = ""


def trust_of(statements: Sequence[Statement], caller: Caller, *, action: str, context: Context) -> Trust:
    """What the trust policy says; a Deny that matches wins."""
    best = Trust.NONE
    for statement in statements:
        trust = _statement_trust(statement, caller, action=action, context=context)
        if trust is Trust.NONE:
            continue
        if statement.effect == "Deny":
            return Trust.NONE
        best = Trust.CALLER if Trust.CALLER in (best, trust) else trust
    return best


def _statement_trust(statement: Statement, caller: Caller, *, action: str, context: Context) -> Trust:
    named = any(matches(pattern, action, ignore_case=True) for pattern in statement.actions) != statement.not_action
    if not named or not all(holds(item.operator, item.key, item.values, context) for item in statement.conditions):
        return Trust.NONE
    found = max(
        (_principal_trust(kind, name, caller) for kind, name in statement.principals), key=_rank, default=Trust.NONE
    )
    if statement.not_principal:
        return Trust.NONE if found is not Trust.NONE else Trust.CALLER
    return found


def _rank(trust: Trust) -> int:
    return list(Trust).index(trust)


def _principal_trust(kind: str, name: str, caller: Caller) -> Trust:
    if kind == "Service":
        return Trust.CALLER if caller.service and name == caller.service else Trust.NONE
    if kind != "AWS" or caller.service:
        return Trust.NONE
    if name == "*" or name in caller.arns:
        return Trust.CALLER
    if name in (caller.account, f"arn:aws:iam::{caller.account}:root"):
        return Trust.ACCOUNT
    return Trust.NONE
