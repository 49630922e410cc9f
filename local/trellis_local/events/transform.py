"""What a rule's target receives: the event, a constant (Input), a part (InputPath) or a template (InputTransformer).

Pure. A template that does not give JSON is an error, as in AWS, where such a delivery fails.
Source: "Amazon EventBridge input transformation" in the User Guide.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trellis_local.events import json_path

_TOKEN = re.compile(r'\\.|"|<([A-Za-z0-9_.\-]+)>', re.DOTALL)


class InvalidInputError(ValueError):
    """The target's input cannot be made from this event."""


@dataclass(frozen=True)
class RuleFacts:
    """What the reserved variables of an input template say about the rule."""

    name: str
    arn: str
    ingestion_time: str


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], facts: RuleFacts) -> str:
    """The JSON text that `target` receives for `event`; raise InvalidInputError where AWS could not make it."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _dump(_at(target["InputPath"], event))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, facts)
    return _dump(event)


def _at(path: str, event: Mapping[str, Any]) -> Any:
    try:
        return json_path.read(path, event)
    except (json_path.InvalidJsonPathError, json_path.MissingValueError) as error:
        raise InvalidInputError(f"InputPath: {error}") from error


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], facts: RuleFacts) -> str:
    values = dict(_reserved(event, facts))
    for name, path in transformer.get("InputPathsMap", {}).items():
        try:
            values[name] = json_path.read(path, event)
        except json_path.MissingValueError:
            continue
        except json_path.InvalidJsonPathError as error:
            raise InvalidInputError(f"InputPathsMap {name}: {error}") from error
    text = "".join(_filled(transformer["InputTemplate"], values))
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"the input template gave no JSON: {text}") from error
    return text


def _reserved(event: Mapping[str, Any], facts: RuleFacts) -> Iterator[tuple[str, Any]]:
    yield "aws.events.rule-arn", facts.arn
    yield "aws.events.rule-name", facts.name
    yield "aws.events.event.ingestion-time", facts.ingestion_time
    yield "aws.events.event", {key: value for key, value in event.items() if key != "detail"}
    yield "aws.events.event.json", dict(event)


def _filled(template: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Inside a JSON string a variable becomes text, elsewhere JSON; one without a value leaves nothing behind."""
    position, quoted = 0, False
    for token in _TOKEN.finditer(template):
        yield template[position : token.start()]
        position = token.end()
        if token.group() == '"':
            quoted = not quoted
        yield token.group() if token.group(1) is None else _value(values, token.group(1), quoted=quoted)
    yield template[position:]


def _value(values: Mapping[str, Any], name: str, *, quoted: bool) -> str:
    if name not in values:
        return ""
    value = values[name]
    if not quoted:
        return _dump(value)
    return json.dumps(value if isinstance(value, str) else _dump(value), ensure_ascii=False)[1:-1]


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
