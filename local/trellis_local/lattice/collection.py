"""The resources of one kind, found by id, in the order of creation, and by what an index says of them.

The indexes are kept here and nowhere else: whatever enters or leaves a collection passes `__setitem__` or
`__delitem__`. So an index may only use attributes that never change.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, MutableMapping, ValuesView
from typing import Any, Generic, TypeVar

from .resources import Resource

R = TypeVar("R", bound=Resource)
Index = Callable[[R], Iterable[Any]]


def _sequence(resource: Resource) -> int:
    return resource.sequence


def _name(resource: Resource) -> Iterable[str]:
    return [resource.name]


class InOrder(ValuesView[R], Generic[R]):
    """Resources in the order of creation, which is the order of their `sequence`; it follows later changes."""

    def __init__(self) -> None:
        self._resources: list[R] = []

    def __len__(self) -> int:
        return len(self._resources)

    def __iter__(self) -> Iterator[R]:
        return iter(self._resources)

    def __contains__(self, resource: object) -> bool:
        if not isinstance(resource, Resource):
            return False
        place = self._place(resource)
        return self._resources[place : place + 1] == [resource]

    def after(self, sequence: int, *, at_most: int) -> list[R]:
        """The first resources that were created after this one."""
        start = bisect_right(self._resources, sequence, key=_sequence)
        return self._resources[start : start + at_most]

    def add(self, resource: R) -> None:
        """Put a resource in its place; only a collection calls this."""
        insort(self._resources, resource, key=_sequence)

    def remove(self, resource: R) -> None:
        """Take a resource out; only a collection calls this."""
        del self._resources[self._place(resource)]

    def _place(self, resource: Resource) -> int:
        return bisect_right(self._resources, resource.sequence - 1, key=_sequence)


class Collection(MutableMapping[str, R]):
    """A dictionary by id whose values are `InOrder`; `where("name", ...)` needs no declaration.

    An index is a function that gives the keys under which a resource is found, e.g.
    `Collection(vpc=lambda association: [association.vpc_id])`.
    """

    def __init__(self, **indexes: Index[R]) -> None:
        self._by_id: dict[str, R] = {}
        self._all: InOrder[R] = InOrder()
        self._indexes: dict[str, Index[R]] = {"name": _name, **indexes}
        self._found: dict[tuple[str, Any], InOrder[R]] = {}

    def where(self, index: str, key: Any) -> InOrder[R]:
        """The resources that an index has under a key; raises KeyError for an index that was not declared."""
        self._indexes[index]
        found = self._found.get((index, key))
        return InOrder() if found is None else found

    def __getitem__(self, resource_id: str) -> R:
        return self._by_id[resource_id]

    def __setitem__(self, resource_id: str, resource: R) -> None:
        if resource_id in self._by_id:
            del self[resource_id]
        self._by_id[resource_id] = resource
        self._all.add(resource)
        for place in self._places(resource):
            self._found.setdefault(place, InOrder()).add(resource)

    def __delitem__(self, resource_id: str) -> None:
        resource = self._by_id.pop(resource_id)
        self._all.remove(resource)
        for place in self._places(resource):
            self._found[place].remove(resource)
            if not self._found[place]:
                del self._found[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def values(self) -> InOrder[R]:
        """The resources in the order of creation."""
        return self._all

    def _places(self, resource: R) -> set[tuple[str, Any]]:
        return {(name, key) for name, keys in self._indexes.items() for key in keys(resource)}
