"""Repairs are kept for a day, a run's once, whatever their number."""

from typing import Any

from trellis.fleet.repairs import Repairs
from trellis.planning.contest import Repair


def repair(run: str, item: str = "apply_service/store") -> Repair:
    return Repair(run, 1000.5, item, "w-1", frozenset({"s-1", "s-2"}), told=True)


def test_what_was_noted_is_found_as_it_was(dynamodb: Any) -> None:
    repairs = Repairs(dynamodb, "fleet", clock=lambda: 1000.5)
    repairs.note("blue", "r-1", [repair("r-1")])
    assert repairs.of("blue") == (repair("r-1"),)
    assert repairs.of("green") == ()


def test_noting_a_run_twice_keeps_it_once(dynamodb: Any) -> None:
    repairs = Repairs(dynamodb, "fleet", clock=lambda: 1000.5)
    repairs.note("blue", "r-1", [repair("r-1")])
    repairs.note("blue", "r-1", [repair("r-1")])
    assert len(repairs.of("blue")) == 1


def test_after_a_day_it_is_forgotten_even_if_dynamodb_has_not_deleted_it_yet(dynamodb: Any) -> None:
    Repairs(dynamodb, "fleet", clock=lambda: 1000.5).note("blue", "r-1", [repair("r-1")])
    assert Repairs(dynamodb, "fleet", clock=lambda: 1000.5 + 24 * 3600).of("blue") == ()


def test_a_run_with_thousands_of_work_items_fits(dynamodb: Any) -> None:
    repairs = Repairs(dynamodb, "fleet", clock=lambda: 1000.5)
    subjects = frozenset(f"{number:012x}" for number in range(40))
    many = [
        Repair("r-1", 1.0, f"apply_service/{'s' * 40}-{number}", "w", subjects, told=False) for number in range(900)
    ]
    repairs.note("blue", "r-1", many)
    assert set(repairs.of("blue")) == set(many)
