"""Which refusals about auth policies are drift: what somebody did, and not what a team asked for."""

from dataclasses import asdict
from typing import Any

import pytest

from trellis.model import AuthPolicy, Desired
from trellis.reporting.drift import drifts

SERVICE, NETWORK = "service/store-1a2b", "network/net"
SOUND = AuthPolicy(SERVICE, "IAMAuthPolicy apps/who", '{"Statement":[]}')
FAULTY = AuthPolicy(SERVICE, "IAMAuthPolicy apps/who", problem="no JSON")
OTHER = AuthPolicy(SERVICE, "IAMAuthPolicy apps/who", '{"Statement":{}}')


def plan(*policies: AuthPolicy, refused: str = "", holder: str = SERVICE, network: str = "net") -> dict[str, Any]:
    resource = f"auth policy of {holder.replace('/', ' ')}"
    refusals = [{"resource": resource, "reason": refused, "message": "because"}] if refused else []
    item = {"kind": "attach_auth_policy", "name": holder, "plan": {"changes": [], "refusals": refusals}}
    return {"items": [item], "desired": asdict(Desired(auth_policies=policies)), "basis": {"network": network}}


def told(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    return [found.field for found in drifts(now, before)]


@pytest.mark.parametrize("holder", [SERVICE, NETWORK])
def test_what_somebody_closes_of_which_nobody_wants_a_policy_is_drift_once(holder: str) -> None:
    closed = plan(refused="NotOwned", holder=holder)
    assert told(closed, plan(holder=holder)) == ["NotOwned"]
    assert told(closed, closed) == []


def test_a_policy_that_somebody_asks_for_and_cannot_have_is_no_drift() -> None:
    assert told(plan(FAULTY, refused="Invalid"), plan()) == []
    assert told(plan(FAULTY, refused="Invalid"), plan(SOUND)) == []
    assert told(plan(OTHER, refused="NotOwned"), plan(SOUND)) == []


def test_a_policy_that_cannot_be_had_any_more_is_drift() -> None:
    assert told(plan(SOUND, refused="NotOwned"), plan(SOUND)) == ["NotOwned"]


def test_a_cluster_that_moves_to_a_closed_network_has_not_drifted() -> None:
    moved = plan(refused="NotOwned", holder="network/other", network="other")
    assert told(moved, plan(holder=NETWORK)) == []
