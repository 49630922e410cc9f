"""What is wanted while a canary has a route: the weights of its lease, whatever somebody has applied."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from trellis.canary.overlay import mark, marks, overlaid
from trellis.canary.request_parts import Backend
from trellis.canary.rules import Pair
from trellis.canary.state import CanaryKey, Lease, Phase, Progress

RULE = "PathPrefix:/"


def weights(v1: int, v2: int) -> dict[str, dict[str, int]]:
    return {RULE: {"v1:80": v1, "v2:80": v2}}


def route(v1: int, v2: int, uid: str = "uid-1", **ref: Any) -> dict[str, Any]:
    refs = [{"name": "v1", "port": 80, "weight": v1, **ref}, {"name": "v2", "port": 80, "weight": v2}]
    return {"metadata": {"name": "orders", "uid": uid}, "spec": {"rules": [{"backendRefs": refs}]}}


def snapshot(*routes: Any) -> dict[str, Any]:
    return {"cluster": "blue", "objects": {"HTTPRoute": list(routes), "Gateway": []}}


def lease(v1: int = 50, v2: int = 50) -> Lease:
    progress = Progress(
        canary="first",
        request="canaries/blue/1.json",
        route_uid="uid-1",
        pair=Pair("shop", Backend(name="v1"), Backend(name="v2")),
        started_at=0.0,
        deadline_at=9.0,
        baseline=weights(100, 0),
        expected=weights(v1, v2),
        generation=1,
    )
    return Lease(CanaryKey("blue", "shop", "orders"), "arn:first", 1, 1, Phase.BAKING, ("orders-1a2b",), progress)


def test_a_route_that_was_put_back_is_wanted_as_the_lease_says() -> None:
    assert overlaid(snapshot(route(100, 0)), [lease()]) == snapshot(route(50, 50))


def test_nothing_but_weights_of_that_route_is_changed_and_the_snapshot_stays() -> None:
    given = snapshot(route(100, 0, filters=[{"type": "X"}]), route(1, 1, uid="uid-2"), "malformed", {"metadata": 7})
    before = deepcopy(given)
    wanted = snapshot(route(50, 50, filters=[{"type": "X"}]), route(1, 1, uid="uid-2"), "malformed", {"metadata": 7})
    assert overlaid(given, [lease()]) == wanted
    assert given == before


def test_another_route_of_the_same_name_is_not_what_the_lease_is_about() -> None:
    assert overlaid(snapshot(route(100, 0, uid="uid-9")), [lease()]) == snapshot(route(100, 0, uid="uid-9"))


def test_a_rule_without_both_versions_stays_as_it_is() -> None:
    found = route(100, 0)
    del found["spec"]["rules"][0]["backendRefs"][1]
    assert overlaid(snapshot(found), [lease()]) == snapshot(found)


def test_without_canaries_it_is_the_snapshot_itself() -> None:
    given = snapshot(route(100, 0))
    assert overlaid(given, []) is given


def test_the_mark_tells_shifts_apart_and_nothing_else() -> None:
    found = lease()
    later = replace(found, epoch=9, revision=7, phase=Phase.PAUSED)
    assert mark(later) == mark(found) != mark(lease(0, 100))
    assert marks([found]) == {"orders-1a2b": mark(found)}
