"""Least privilege, looked back on after all other end-to-end tests: every permission is needed, and none is missing.

Each action of each role is taken away in thought: at least one call that was made must be refused then, by the same
evaluator that enforces policies on the local stack. And no call of Trellis was ever refused, so a permission that is
taken away in earnest fails these tests.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trellis_local.aws.call_log import ApiCall
from trellis_local.iam.evaluator import Verdict, evaluate, parse_policy
from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

# These have a stack of their own, or are run by a command of their own.
_APART = {
    "test_demo.py",
    "test_drift_table_events.py",
    "test_canary_rollback_time.py",
    "test_canary_stopped.py",
    "test_drift_under_faults.py",
}
_FILES = {file for file in Path(__file__).parent.glob("test_*.py") if file.name not in _APART}

_STOPPED = "stops the run when somebody stops its parent; tested with the role of check-drift, which has the same grant"
_DEAD_LETTERS = "EventBridge Scheduler's dead letters, when AWS refuses the start"
_LAMBDA = "dead letters of Lambda, as those of dispatch_event are tested"
_RULE = "EC2 may check the rule beside its group; the local stack checks the group, by another statement"
UNUSED: Mapping[tuple[str, str], str] = {
    ("CheckDriftScheduleRole", "sqs:SendMessage"): _DEAD_LETTERS,
    ("GrantClusterAccessFunctionSweepRole", "sqs:SendMessage"): _DEAD_LETTERS,
    ("OnboardClusterRole", "states:StopExecution"): _STOPPED,
    ("OpenGateFunctionRole", "states:SendTaskSuccess"): "a gate that was decided before its task began to wait",
    ("FinishCanaryFunctionRole", "cloudwatch:GetMetricData"): "whom a canary has reached whose rollback failed",
    ("ReapCanaryFunctionRole", "sqs:SendMessage"): _LAMBDA,
    ("GrantClusterAccessFunctionRole", "sqs:SendMessage"): _LAMBDA,
    ("RotateCertificateFunctionRole", "sqs:SendMessage"): _LAMBDA,
    ("PrepareCanaryFunctionRole", "dynamodb:DeleteItem"): "a promotion that Git has taken over, before a check saw it",
    ("OffboardClusterRole", "states:StopExecution"): _STOPPED,
    ("OpenSecurityGroupFunctionRole", "ec2:AuthorizeSecurityGroupIngress"): _RULE,
    ("OpenSecurityGroupFunctionRole", "ec2:RevokeSecurityGroupIngress"): _RULE,
    ("forwarding-ForwardingRole", "events:PutEvents"): "EventBridge forwards by itself, without a call in the log",
}
"""What no end-to-end test uses, by role and action, and why it is granted all the same."""

BY_THE_CLOCK: Mapping[tuple[str, str], str] = {
    ("ShiftCanaryRole", "states:StopExecution"): "a canary that is stopped just while it waits for a run",
    ("GrantClusterAccessFunctionSweepRole", "lambda:InvokeFunction"): "the sweep's schedule; tests call the function",
}
"""What is used in a session that takes long enough, or at the right moment."""


@dataclass(frozen=True)
class Grant:
    """One action of one statement in the inline policies of a role."""

    role: str
    policy: str
    statement: int
    action: str

    def __str__(self) -> str:
        return f"{self.role.rsplit('/', 1)[-1]}: {self.action} ({self.policy}, statement {self.statement})"


@pytest.fixture(scope="module")
def calls(request: pytest.FixtureRequest, stack: Stack, left: Walkthrough) -> Mapping[str, list[ApiCall]]:
    """The allowed calls of each role, after everything that the session's tests have done."""
    if not {item.path for item in request.session.items} >= _FILES:
        pytest.skip("looks back on all end-to-end tests: run the whole folder")
    by_role: dict[str, list[ApiCall]] = {}
    for call in stack.endpoint.calls.after():
        if call.role and call.denied_action is None:
            by_role.setdefault(call.role, []).append(call)
    return by_role


def test_every_permission_is_used(world: World, calls: Mapping[str, list[ApiCall]]) -> None:
    policies = dict(_inline_policies(world))
    unused = {
        grant
        for role, documents in policies.items()
        for grant in _grants(role, documents)
        if not _is_needed(grant, documents, calls.get(role, []))
    }
    unexplained = sorted(str(grant) for grant in unused if not _reason(grant))
    assert not unexplained, "\n".join(unexplained)
    assert {key for key in UNUSED if not any(_key_matches(key, grant) for grant in unused)} == set(), "used after all"


def test_no_call_of_trellis_was_refused(stack: Stack, calls: Mapping[str, list[ApiCall]]) -> None:
    refused = {
        (call.role, call.denied_action)
        for call in stack.endpoint.calls.after()
        if call.role in calls and call.denied_action
    }
    assert refused == set()


def _inline_policies(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """The roles of the deployed template; AWS' own AWSLambdaBasicExecutionRole is for the logs that Lambda writes."""
    iam = world.aws("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            if name.startswith("trellis-"):
                names = iam.list_role_policies(RoleName=name)["PolicyNames"]
                yield (
                    role["Arn"],
                    {
                        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                        for policy in names
                    },
                )


def _grants(role: str, documents: Mapping[str, Any]) -> Iterator[Grant]:
    for policy, document in documents.items():
        for index, statement in enumerate(document["Statement"]):
            for action in _actions(statement):
                yield Grant(role, policy, index, action)


def _is_needed(grant: Grant, documents: Mapping[str, Any], calls: list[ApiCall]) -> bool:
    """Whether a call that was made would be refused without the grant."""
    reduced = [_without(grant, policy, document) for policy, document in documents.items()]
    statements = [item for document in reduced for item in parse_policy(json.dumps(document))]
    asked = (access for call in calls for access in call.checked if access.action == grant.action)
    return any(evaluate(statements, access) is not Verdict.ALLOWED for access in asked)


def _without(grant: Grant, policy: str, document: Mapping[str, Any]) -> dict[str, Any]:
    statements = []
    for index, statement in enumerate(document["Statement"]):
        actions = _actions(statement)
        if (policy, index) == (grant.policy, grant.statement):
            actions = [action for action in actions if action != grant.action]
        if actions:
            statements.append({**statement, "Action": actions})
    return {**document, "Statement": statements}


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def _reason(grant: Grant) -> str | None:
    return next((reason for key, reason in {**UNUSED, **BY_THE_CLOCK}.items() if _key_matches(key, grant)), None)


def _key_matches(key: tuple[str, str], grant: Grant) -> bool:
    role, action = key
    return f"trellis-{role}-" in grant.role and action == grant.action
