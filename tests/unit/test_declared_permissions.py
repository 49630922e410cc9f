"""Each kind of resource declares what its calls need beside their own actions; its function's role must have that."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from trellis.resources import auth_policies, client_identity, dns, network, security_group, services
from trellis_local.deploy.yaml_loading import load

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


def actions(function: dict[str, Any]) -> set[str]:
    granted: set[str] = set()
    for policy in function["Properties"]["Policies"]:
        for statement in policy["Statement"]:
            if "Fn::If" in statement:  # only with a parameter, so nothing may rely on it
                continue
            found = statement["Action"]
            granted |= {found} if isinstance(found, str) else set(found)
    return granted


@pytest.mark.parametrize("kind", [auth_policies, client_identity, dns, network, security_group, services])
def test_the_role_has_what_the_kind_declares(kind: ModuleType) -> None:
    function = "".join(word.title() for word in kind.KIND.split("_")) + "Function"
    assert set(kind.PERMISSIONS) <= actions(load(TEMPLATE)["Resources"][function])


def test_a_function_that_makes_paced_calls_may_reserve_them() -> None:
    functions = {
        name: found
        for name, found in load(TEMPLATE)["Resources"].items()
        if found["Type"] == "AWS::Serverless::Function"
        and any(action.startswith(PACED) for action in actions(found) if isinstance(action, str))
    }
    assert len(functions) >= 5
    assert [name for name, found in functions.items() if not may_reserve(found)] == []


PACED = ("vpc-lattice:", "ec2:", "route53:", "tag:")


def may_reserve(function: dict[str, Any]) -> bool:
    statements = [found for policy in function["Properties"]["Policies"] for found in policy.get("Statement", ())]
    for statement in statements:
        if "dynamodb:UpdateItem" in statement.get("Action", ()):
            condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            if "BUDGET*" in condition.get("dynamodb:LeadingKeys", ["BUDGET*"]):
                return True
    return False
