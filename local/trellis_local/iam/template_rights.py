"""What the roles of a template may do, with the reasons that stand beside the statements.

A reason is a comment: directly above a statement for all its actions, behind an action for that one, and behind or
directly above `Resource` for a wildcard in it. So it is changed where the right is changed. A statement that stands in
`!If` has its reason above that, and the condition's name among its conditions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

_PSEUDO = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "<region>",
    "${AWS::AccountId}": "<account>",
}


@dataclass(frozen=True)
class Right:
    """One action of one statement; empty texts where no reason is written."""

    action: str
    resources: tuple[str, ...]
    condition: str
    reason: str
    wildcard_reason: str

    @property
    def has_wildcard(self) -> bool:
        """Whether a resource is only a pattern."""
        return any("*" in resource for resource in self.resources)


@dataclass(frozen=True)
class Role:
    """The rights of one resource of the template: a function, a state machine, or a role of its own."""

    name: str
    kind: str
    description: str
    rights: tuple[Right, ...]


def roles_of(template: Path) -> tuple[Role, ...]:
    """Every resource with inline policies, in the template's order."""
    text = template.read_text("utf-8")
    root = yaml.compose(text)
    lines = text.splitlines()
    return tuple(
        Role(name, _text(resource, "Type"), _text(properties, "Description"), tuple(_rights(properties, lines)))
        for name, resource in _members(_get(root, "Resources"))
        for properties in [_get(resource, "Properties")]
        if _get(properties, "Policies") is not None
    )


def _rights(properties: yaml.Node | None, lines: Sequence[str]) -> Iterator[Right]:
    for policy in _items(_get(properties, "Policies")):
        document = _get(policy, "PolicyDocument") or policy
        for statement in _items(_get(document, "Statement")):
            if statement.tag == "!If":
                name, *branches = _items(statement)
                for branch in branches:
                    if isinstance(branch, yaml.MappingNode):
                        yield from _statement(branch, lines, place=statement, only_if=str(name.value))
            else:
                yield from _statement(statement, lines, place=statement)


def _statement(node: yaml.Node, lines: Sequence[str], *, place: yaml.Node, only_if: str = "") -> Iterator[Right]:
    """The rights of a statement; the reason for it is written above `place`."""
    above = _above(place.start_mark.line, lines)
    place, resource = _key_and_value(node, "Resource")
    condition = "; ".join(part for part in (only_if, _condition(_get(node, "Condition"))) if part)
    resources = tuple(_plain(item) for item in _items(resource))
    wildcard = _behind(resource.start_mark.line, lines) or _above(place.start_mark.line, lines)
    for action in _items(_get(node, "Action")):
        reason = _behind(action.start_mark.line, lines) or above
        yield Right(_plain(action), resources, condition, reason, wildcard)


def _above(line: int, lines: Sequence[str]) -> str:
    """The comment that ends directly above a line."""
    first = line
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return " ".join(found.strip().lstrip("#").strip() for found in lines[first:line])


def _behind(line: int, lines: Sequence[str]) -> str:
    _, mark, comment = lines[line].partition("  # ")
    return comment.strip() if mark else ""


def _condition(node: yaml.Node | None) -> str:
    parts = [
        f"{key} {operator} {', '.join(_plain(value) for value in _items(values))}"
        for operator, keys in _members(node)
        for key, values in _members(keys)
    ]
    return "; ".join(parts)


def _plain(node: yaml.Node) -> str:
    """A scalar, with a name for what only a deployment knows."""
    text = str(node.value)
    if node.tag in ("!Ref", "!GetAtt"):
        return text.removesuffix(".Arn")
    for name, value in _PSEUDO.items():
        text = text.replace(name, value)
    return text.replace(".Arn}", "}")


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    """The items of a list, or the one value that stands for a list."""
    if node is None:
        return []
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


def _members(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def _key_and_value(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node]:
    assert isinstance(node, yaml.MappingNode)
    return next((key, value) for key, value in node.value if key.value == name)


def _get(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return dict(_members(node)).get(name)


def _text(node: yaml.Node | None, name: str) -> str:
    found: Mapping[str, yaml.Node] = dict(_members(node))
    return str(found[name].value) if name in found else ""
