"""One API call as authorization sees it, and how ARNs and condition values are read out of its parameters."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

_PLACEHOLDER = re.compile(r"\{((?:[^{}:]|\{\})+)(?::(last|bare|first))?\}")


@dataclass(frozen=True)
class ApiRequest:
    """A call: `service` is the prefix of its IAM actions, `parameters` are named as in the API model."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str


@dataclass(frozen=True)
class Requirement:
    """An action that the caller must be allowed on each of the resources, with context keys in lower case."""

    action: str
    resources: tuple[str, ...] = ("*",)
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def values(request: ApiRequest, path: str) -> tuple[str, ...]:
    """The values at a path such as `rules[].ruleIdentifier`; map keys at `RequestItems{}`; nothing when absent."""
    if path in ("region", "account"):
        return (str(getattr(request, path)),)
    found: list[Any] = [request.parameters]
    for step in path.split("."):
        name = step.rstrip("[]{}")
        found = [item[name] for item in found if isinstance(item, Mapping) and item.get(name) is not None]
        if step.endswith("[]"):
            found = [item for items in found for item in items]
        elif step.endswith("{}"):
            found = [key for items in found for key in items]
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in found)


def arns(request: ApiRequest, template: str) -> tuple[str, ...]:
    """Every ARN that a template gives; none when one of its parameters is absent.

    `{name:last}` takes what follows the last slash, `{name:bare}` drops a leading one, `{name:first}` takes what
    precedes the first, also of an ARN. Any other identifier that is an ARN already is the result when the template
    ends with it; elsewhere its last part is used.
    """
    names = [(found.group(1), found.group(2) or "") for found in _PLACEHOLDER.finditer(template)]
    choices = [[_identifier(value, cut) for value in values(request, name)] for name, cut in names]
    return tuple(dict.fromkeys(_filled(template, chosen) for chosen in product(*choices)))


def _identifier(value: str, cut: str) -> str:
    if cut == "first":
        return value.split("/", 1)[0]
    if value.startswith("arn:") or not cut:
        return value
    return value.rsplit("/", 1)[-1] if cut == "last" else value.removeprefix("/")


def _filled(template: str, chosen: tuple[str, ...]) -> str:
    if chosen and chosen[-1].startswith("arn:") and template.endswith("}"):
        return chosen[-1]
    parts = iter(chosen)

    def part(_: re.Match[str]) -> str:
        value = next(parts)
        return value.rsplit("/", 1)[-1] if value.startswith("arn:") else value

    return _PLACEHOLDER.sub(part, template)


def request_tags(request: ApiRequest) -> dict[str, str]:
    """The tags that the call sets."""
    tags: dict[str, str] = {}
    for member in ("tags", "Tags", "AddTags", "tagSet", "TagList"):
        tags.update(_tags(request.parameters.get(member)))
    for specification in request.parameters.get("TagSpecifications") or ():
        tags.update(_tags(specification.get("Tags")))
    return tags


def _tags(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    tags = {}
    for item in value or ():
        if isinstance(item, Mapping):
            key = item.get("Key", item.get("key", item.get("TagKey")))
            tags[str(key)] = str(item.get("Value", item.get("value", item.get("TagValue", ""))))
    return tags


def removed_tag_keys(request: ApiRequest) -> tuple[str, ...]:
    """The keys of the tags that the call removes."""
    return tuple(
        str(key) for member in ("tagKeys", "TagKeys", "RemoveTagKeys") for key in request.parameters.get(member) or ()
    )


def tag_context(tags: Mapping[str, str], removed: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """aws:RequestTag/... and aws:TagKeys."""
    context: dict[str, tuple[str, ...]] = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
    keys = (*tags, *removed)
    return {**context, "aws:tagkeys": keys} if keys else context
