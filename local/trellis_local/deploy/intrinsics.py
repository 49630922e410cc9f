"""CloudFormation's intrinsic functions and conditions over one template.

It creates nothing: `lookup` gives the physical resource behind a logical id, and creates it first if that is what it
takes. An unknown function is an error.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from trellis_local.deploy.errors import DeployError

NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_CONDITIONS = ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Condition")


class Physical(Protocol):
    """A created resource."""

    @property
    def physical_id(self) -> str:
        """What Ref gives."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What Fn::GetAtt gives."""


class Resolver:
    """Resolves values of one template; `values` are parameters and pseudo parameters."""

    def __init__(
        self, template: Mapping[str, Any], values: Mapping[str, Any], lookup: Callable[[str, str], Physical]
    ) -> None:
        self._conditions = template.get("Conditions", {})
        self._mappings = template.get("Mappings", {})
        self._values = values
        self._lookup = lookup

    def resolve(self, value: Any, where: str) -> Any:
        """`value` without intrinsics and without AWS::NoValue members; `where` names it in errors."""
        if isinstance(value, list):
            items = [self.resolve(item, f"{where}[{index}]") for index, item in enumerate(value)]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(name, argument, where)
        members = {key: self.resolve(member, f"{where}.{key}") for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not NO_VALUE}

    def holds(self, name: str, where: str) -> bool:
        """Whether the template's condition `name` is true."""
        if name not in self._conditions:
            raise DeployError(where, f"there is no condition {name}")
        return self._test(self._conditions[name], f"Conditions.{name}")

    def _call(self, name: str, argument: Any, where: str) -> Any:
        if name in _CONDITIONS:
            return self._test({name: argument}, where)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise DeployError(where, f"{name} is not supported")
        return function(self, argument, where)

    def _test(self, expression: Any, where: str) -> bool:
        if not isinstance(expression, dict) or len(expression) != 1:
            raise DeployError(where, "a condition must be one condition function")
        name, argument = next(iter(expression.items()))
        if name == "Condition":
            return self.holds(argument, where)
        if name == "Fn::Equals":
            first, second = (str(self.resolve(item, where)) for item in argument)
            return first == second
        if name not in _CONDITIONS:
            raise DeployError(where, f"{name} is no condition function")
        outcomes = [self._test(item, where) for item in argument]
        return {"Fn::Not": not outcomes[0], "Fn::And": all(outcomes), "Fn::Or": any(outcomes)}[name]

    def ref(self, name: str, where: str) -> Any:
        """A parameter's value, a pseudo parameter or a resource's physical id."""
        return self._values[name] if name in self._values else self._lookup(name, where).physical_id

    def get_att(self, argument: Any, where: str) -> Any:
        """An attribute of a resource; an attribute that no handler gives is an error."""
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        attributes = self._lookup(name, where).attributes
        if attribute not in attributes:
            raise DeployError(where, f"{name} has no attribute {attribute}")
        return attributes[attribute]

    def sub(self, argument: Any, where: str) -> str:
        """Fn::Sub with or without its own variables."""
        text, given = argument if isinstance(argument, list) else (argument, {})
        variables = {name: self.resolve(value, where) for name, value in given.items()}

        def replaced(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return text_of(variables[name])
            return text_of(self.get_att(name, where) if "." in name else self.ref(name, where))

        return _PLACEHOLDER.sub(replaced, text)

    def join(self, argument: Any, where: str) -> str:
        """Fn::Join."""
        delimiter, items = argument
        return str(delimiter).join(text_of(item) for item in self.resolve(items, where))

    def choose(self, argument: Any, where: str) -> Any:
        """Fn::If; the branch not taken is not looked at."""
        name, yes, no = argument
        return self.resolve(yes if self.holds(name, where) else no, where)

    def select(self, argument: Any, where: str) -> Any:
        """Fn::Select."""
        index, items = self.resolve(argument, where)
        if not 0 <= int(index) < len(items):
            raise DeployError(where, f"Fn::Select has no item {index}")
        return items[int(index)]

    def split(self, argument: Any, where: str) -> list[str]:
        """Fn::Split."""
        delimiter, text = self.resolve(argument, where)
        return list(str(text).split(delimiter))

    def find_in_map(self, argument: Any, where: str) -> Any:
        """Fn::FindInMap."""
        name, first, second = (self.resolve(item, where) for item in argument)
        try:
            return self._mappings[name][first][second]
        except KeyError as error:
            raise DeployError(where, f"Fn::FindInMap finds no {name}.{first}.{second}") from error


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it into text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: Mapping[str, Callable[[Resolver, Any, str], Any]] = {
    "Ref": Resolver.ref,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::If": Resolver.choose,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::FindInMap": Resolver.find_in_map,
}
