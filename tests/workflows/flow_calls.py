"""Every call that a function makes to AWS or to a cluster passes here, so that a test can count it or stop after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from trellis_local.aws.call_kinds import is_read_only

_IAM_PREFIX = {"resource-groups-tagging-api": "tag"}
_READING_VERBS = frozenset({"get", "list", "watch"})


class Stopped(BaseException):
    """The function's process has died: nothing of the product may catch this, and no `finally` of it gets through."""


@dataclass(frozen=True)
class Call:
    """One call; `name` is `service:Operation`, or `kubernetes:verb resource`."""

    name: str
    reads: bool


@dataclass
class Calls:
    """The calls made inside of functions; `after` hears of each once it has been performed."""

    made: list[Call] = field(default_factory=list)
    after: Callable[[Call], None] | None = None
    dead: bool = False
    _inside: bool = False

    @contextmanager
    def of_a_function(self) -> Iterator[None]:
        """Calls count here; a new process begins."""
        self._inside, self.dead = True, False
        try:
            yield
        finally:
            self._inside = False

    def before_aws(self, **_: object) -> None:
        """What botocore calls before it sends."""
        self.before()

    def after_aws(self, *, model: Any, **_: object) -> None:
        """What botocore calls when it has an answer, before anybody else sees it."""
        service = model.service_model.service_id.hyphenize()
        reads = is_read_only(_IAM_PREFIX.get(service, service), model.name)
        self.performed(Call(f"{service}:{model.name}", reads))

    def after_kubernetes(self, verb: str, resource: str) -> None:
        """The same for a request to a cluster."""
        self.performed(Call(f"kubernetes:{verb} {resource}", verb in _READING_VERBS))

    def before(self) -> None:
        """A dead process makes no calls."""
        if self._inside and self.dead:
            raise Stopped

    def performed(self, call: Call) -> None:
        """Note a call and tell whoever listens."""
        if self._inside:
            self.made.append(call)
            if self.after is not None:
                self.after(call)
