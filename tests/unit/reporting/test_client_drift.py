"""What of the identities of clients is drift."""

from typing import Any

import pytest

from trellis.model import ClientIdentity, Desired
from trellis.planning.client_identity import Binding, ClientRole, CreateRole, DeleteRole, Unbind
from trellis.reporting.drift import drifts

CLIENT = ClientIdentity("apps", "frontend", ("store.example",), "apps-frontend-1")
ROLE = ClientRole(CLIENT.role, "arn:role", {}, {}, "arn:boundary")
BINDING = Binding("a-1", "apps", "frontend", "arn:role", "owner")


def plan(*changes: Any, clients: tuple[ClientIdentity, ...] = ()) -> dict[str, Any]:
    described = [change.describe() for change in changes]
    item = {"kind": "provision_client_identity", "name": "blue", "plan": {"changes": described, "refusals": []}}
    desired = {name: [vars(found) for found in value] for name, value in vars(Desired(clients=clients)).items()}
    return {"items": [item], "desired": desired, "basis": {}}


@pytest.mark.parametrize("change", [DeleteRole(ROLE), Unbind(BINDING)])
def test_what_goes_with_its_annotation_is_no_drift(change: Any) -> None:
    assert drifts(plan(change), plan(clients=(CLIENT,))) == ()


def test_a_role_that_is_there_although_nobody_ever_asked_is_drift() -> None:
    (found,) = drifts(plan(DeleteRole(ROLE)), plan())
    assert found.resource == f"client role {ROLE.name}"


def test_a_role_that_is_gone_is_drift_and_one_that_is_newly_asked_for_is_none() -> None:
    wants = plan(CreateRole(CLIENT, ROLE), clients=(CLIENT,))
    assert [found.resource for found in drifts(wants, plan(clients=(CLIENT,)))] == ["client role of apps/frontend"]
    assert drifts(wants, plan()) == ()
