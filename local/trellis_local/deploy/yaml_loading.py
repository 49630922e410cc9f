"""Templates and state machine definitions as YAML: CloudFormation's short tags, and nothing guessed.

Dates stay text (a policy's Version looks like one), and a key that appears twice is an error.
"""

from pathlib import Path
from typing import Any

import yaml

from trellis_local.deploy.errors import DeployError


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with CloudFormation's tags, added below."""


def load(path: Path) -> dict[str, Any]:
    """The mapping in `path`, JSON or YAML; raise DeployError."""
    try:
        loaded = yaml.load(path.read_text(), Loader=_Loader)
    except (OSError, yaml.YAMLError) as error:
        raise DeployError(str(path), str(error)) from error
    if not isinstance(loaded, dict):
        raise DeployError(str(path), "does not hold a mapping")
    return loaded


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: str(text).split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: _mapping(loader, node)}


def _mapping(loader: _Loader, node: yaml.Node) -> dict[Any, Any]:
    assert isinstance(node, yaml.MappingNode)
    loader.flatten_mapping(node)
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {str(key) for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.YAMLError(f"{', '.join(sorted(twice))} appears twice{node.start_mark}")
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _short_tag)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
