"""What reading may leave out because an earlier run has read it: the outline of a memory, and one that has nothing.

The lists of VPC Lattice name each resource with the time of its last change but not with all that is in it. Details
that were read together with the same time are still true.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

Details = Mapping[str, Any]
"""Members of an answer, in JSON."""


class ReadMemory(Protocol):
    """Details by service and resource id; it is asked and told by several threads at once."""

    def recall(self, service: str, resource: str, updated: datetime) -> Details | None:
        """What is in a resource that was last changed at that time; None when it must be read."""

    def note(self, service: str, resource: str, updated: datetime, details: Details) -> None:
        """What was read, with the time of the last change as it stood in the same answer."""

    def note_unlisted(self, service: str, resource: str, updated: datetime, details: Details) -> None:
        """The same of what may change without another time in the lists; where a change is known of, it is not kept."""


class NoMemory:
    """Remembers nothing, so that everything is read."""

    def recall(self, service: str, resource: str, updated: datetime) -> Details | None:
        """Nothing."""
        return None

    def note(self, service: str, resource: str, updated: datetime, details: Details) -> None:
        """Forgotten."""

    def note_unlisted(self, service: str, resource: str, updated: datetime, details: Details) -> None:
        """Forgotten."""
