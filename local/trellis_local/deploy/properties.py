"""The properties of one resource, each of which has to be used by its handler.

What a handler does not take is an error, so that the local stack never deploys less than the template says.
"""

from collections.abc import Mapping
from typing import Any

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.intrinsics import text_of


class Properties:
    """Take what is used; `finish` raises DeployError for what is left. Also serves nested objects."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self.where = where
        self._left = dict(values)

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a property, or `default`."""
        return self._left.pop(name, default)

    def require(self, name: str) -> Any:
        """The value of a property; raise DeployError when the template lacks it."""
        if name not in self._left:
            raise DeployError(f"{self.where}.{name}", "is required")
        return self._left.pop(name)

    def nested(self, name: str) -> "Properties":
        """An object whose members have to be used as well; `finish` it too. Empty when absent."""
        return Properties(f"{self.where}.{name}", self._left.pop(name, {}))

    def some(self, *names: str) -> dict[str, Any]:
        """Those of `names` that are there, as they are."""
        return {name: self._left.pop(name) for name in names if name in self._left}

    def tags(self) -> dict[str, str]:
        """The Tags list as a mapping."""
        return {tag["Key"]: text_of(tag["Value"]) for tag in self._left.pop("Tags", [])}

    def finish(self) -> None:
        """Raise DeployError unless everything was taken."""
        for name in self._left:
            raise DeployError(f"{self.where}.{name}", "this property is not supported by the local stack")


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as the list of Key and Value that most APIs take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
