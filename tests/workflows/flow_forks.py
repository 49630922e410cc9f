"""Branches of a process: each starts from the world as it is, and what happens in it stays in it."""

import gc
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import Any


class BranchFailedError(AssertionError):
    """What happened in a branch raised an exception; the message has its traceback."""


def branch() -> "Branch | None":
    """Fork: the branch gets None, the original a handle to it."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # From Python 3.12 on: no thread of the test's process holds anything that a branch uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        os.close(write)
        return Branch(child, read)
    gc.disable()  # a branch lives for a second, and a collection would copy all memory
    os.close(read)
    Branch.report_to = write
    return None


class Branch:
    """A branch, seen from the original."""

    report_to = -1

    def __init__(self, child: int, read: int) -> None:
        self._child = child
        self._read = read

    @classmethod
    def end(cls, work: Callable[[], Any]) -> None:
        """In the branch: do the work, report what it returns or raises, and vanish."""
        try:
            answer = (True, work())
        except BaseException:  # noqa: BLE001 - the entry point of a process: the original raises it again
            answer = (False, traceback.format_exc())
        with os.fdopen(cls.report_to, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)

    def result(self) -> Any:
        """In the original: wait for what the branch reports; raises BranchFailedError."""
        with os.fdopen(self._read, "rb") as pipe:
            content = pipe.read()
        os.waitpid(self._child, 0)
        succeeded, answer = pickle.loads(content) if content else (False, "the branch has died")
        if not succeeded:
            raise BranchFailedError(answer)
        return answer


def in_branch(work: Callable[[], Any]) -> Any:
    """Do the work in a branch and return its answer."""
    made = branch()
    if made is None:
        Branch.end(work)
    assert made is not None
    return made.result()
