"""Rule priorities reach their places in steps that never let two rules share a priority."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trellis.planning.rule_order import priority_steps

NAMES = [f"rule-{number}" for number in range(30)]


def played(current: dict[str, int], steps: tuple[tuple[tuple[str, int], ...], ...]) -> dict[str, int]:
    """The priorities after all steps; asserts what VPC Lattice would refuse."""
    places = dict(current)
    for step in steps:
        assert 1 <= len(step) <= 10
        assert len(dict(step)) == len(step)
        places.update(step)
        assert len(set(places.values())) == len(places)
    return places


def places(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, 40), min_size=count, max_size=count, unique=True)


@settings(deadline=None)
@given(st.data(), st.integers(1, 30), st.integers(0, 30))
def test_every_wanted_rule_reaches_its_place_without_a_collision(data: st.DataObject, count: int, kept: int) -> None:
    current = dict(zip(NAMES, data.draw(places(count)), strict=False))
    wanted = dict(zip(NAMES[: min(count, kept)], data.draw(places(count)), strict=False))
    reserved = set(data.draw(places(10))) - set(wanted.values())
    after = played(current, priority_steps(current, wanted, reserved=reserved))
    assert wanted.items() <= after.items()
    assert not reserved & set(after.values()) - {current[name] for name in wanted}


def test_a_swap_is_one_step() -> None:
    assert priority_steps({"a": 1, "b": 2}, {"a": 2, "b": 1}) == ((("a", 2), ("b", 1)),)


def test_rules_in_their_places_need_no_step() -> None:
    assert priority_steps({"a": 1, "b": 2}, {"a": 1}) == ()


def test_an_unwanted_rule_makes_room_for_a_new_one() -> None:
    assert priority_steps({"old": 1}, {}, reserved=[1]) == ((("old", 2000),),)


def test_a_circle_larger_than_a_step_goes_by_way_of_a_free_place() -> None:
    current = {name: place for place, name in enumerate(NAMES[:12], start=1)}
    wanted = {name: place % 12 + 1 for name, place in current.items()}
    steps = priority_steps(current, wanted)
    assert len(steps) == 2
    assert played(current, steps) == wanted
