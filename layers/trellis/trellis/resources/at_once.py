"""The same call for many resources, several at the same time: results come in the order of the resources."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Each(Protocol):
    """Like `map`."""

    def __call__(self, act: Callable[[A], B], items: Iterable[A], /) -> Iterable[B]:
        """The results in the order of the items; raises what any call raises."""


@contextmanager
def at_once(most: int) -> Iterator[Each]:
    """At most so many calls at the same time; with one, each is made where its result is asked for.

    After an error no further call begins.
    """
    if most == 1:
        yield map
        return
    pool = ThreadPoolExecutor(most, thread_name_prefix="reading")
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
