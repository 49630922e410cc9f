"""In which steps rule priorities reach their places, although no two rules of a listener may share one at any time.

A step is one BatchUpdateRule, which moves at most 10 rules at once. Rules that go to a free place move first; rules
that wait for each other in a circle move together, or, where the circle is larger than a step, by way of a free place.
"""

from collections.abc import Collection, Iterator, Mapping

MAX_PRIORITY = 2000
RULES_PER_STEP = 10

Move = tuple[str, int]


def priority_steps(
    current: Mapping[str, int], wanted: Mapping[str, int], *, reserved: Collection[int] = ()
) -> tuple[tuple[Move, ...], ...]:
    """The steps that bring each rule of `wanted` to its priority.

    Rules of `current` that nobody wants make room where they occupy a wanted or reserved priority.
    """
    places = dict(wanted)
    free = _free_places({*current.values(), *wanted.values(), *reserved})
    needed = {*wanted.values(), *reserved}
    for name, priority in sorted(current.items()):
        if name not in wanted and priority in needed:
            places[name] = next(free)
    moves = {name: place for name, place in places.items() if current[name] != place}
    return _packed(_units(dict(current), moves, free))


def _units(current: dict[str, int], moves: dict[str, int], free: Iterator[int]) -> Iterator[tuple[Move, ...]]:
    """Groups of moves that belong into one step; after each, all priorities differ."""
    while moves:
        occupied = set(current.values())
        direct = next((move for move in moves.items() if move[1] not in occupied), None)
        circle = _circle(current, moves) if direct is None else ()
        if direct is not None:
            unit: tuple[Move, ...] = (direct,)
        elif len(circle) <= RULES_PER_STEP:
            unit = tuple((name, moves[name]) for name in circle)
        else:
            unit = ((circle[0], next(free)),)
        yield unit
        current.update(unit)
        moves = {name: place for name, place in moves.items() if current[name] != place}


def _circle(current: Mapping[str, int], moves: Mapping[str, int]) -> tuple[str, ...]:
    holder = {place: name for name, place in current.items()}
    circle = [next(iter(moves))]
    while (following := holder[moves[circle[-1]]]) != circle[0]:
        circle.append(following)
    return tuple(circle)


def _packed(units: Iterator[tuple[Move, ...]]) -> tuple[tuple[Move, ...], ...]:
    steps: list[list[Move]] = []
    for unit in units:
        names = {name for name, _ in unit}
        last = steps[-1] if steps else []
        if not last or len(last) + len(unit) > RULES_PER_STEP or names & {name for name, _ in last}:
            steps.append([])
        steps[-1].extend(unit)
    return tuple(tuple(step) for step in steps)


def _free_places(taken: Collection[int]) -> Iterator[int]:
    return iter([place for place in range(MAX_PRIORITY, 0, -1) if place not in taken])
