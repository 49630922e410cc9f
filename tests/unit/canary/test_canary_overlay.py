"""What is wanted while a canary has a route: the weights of its lease, whatever somebody has applied."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from canary_leases import SERVICE, VERSIONS, lease

from trellis.canary.overlay import marks, moved, overlaid
from trellis.canary.state import CanaryKey, Phase


def route(v1: int, v2: int, uid: str = "uid-1", **ref: Any) -> dict[str, Any]:
    refs = [{"name": name, "port": 80, "weight": weight} for name, weight in zip(VERSIONS, (v1, v2), strict=True)]
    refs[0] |= ref
    return {"metadata": {"name": "orders", "uid": uid}, "spec": {"rules": [{"backendRefs": refs}]}}


def snapshot(*routes: Any) -> dict[str, Any]:
    return {"cluster": "blue", "objects": {"HTTPRoute": list(routes), "Gateway": []}}


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


def test_a_released_lease_wants_nothing() -> None:
    given = snapshot(route(100, 0))
    assert overlaid(given, [lease(phase=Phase.RELEASED)]) is given


def test_the_marks_tell_holders_and_shifts_apart_and_nothing_else() -> None:
    found = lease()
    same = replace(found, revision=7, phase=Phase.PAUSED)
    assert not moved(marks([found]), marks([same]))
    for other in (lease(0, 100), replace(found, epoch=2), replace(found, phase=Phase.RELEASED)):
        assert moved(marks([found]), marks([other])) == {SERVICE}
    assert moved({}, marks([found])) == moved(marks([found]), {}) == {SERVICE}


def test_the_leases_of_several_routes_of_one_service_are_one_mark_in_any_order() -> None:
    first, second = lease(), lease(key=CanaryKey("blue", "shop", "other"), phase=Phase.RELEASED)
    assert marks([first, second]) == marks([second, first])
    assert moved(marks([first]), marks([first, second])) == {SERVICE}
