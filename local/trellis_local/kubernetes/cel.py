"""The `x-kubernetes-validations` rules of CRDs, evaluated with cel-python.

Expressions are compiled when first needed and kept by their text, so that installing a CRD costs nothing and all
clusters share one compilation. celpy itself is imported late for the same reason.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from trellis_local.kubernetes.errors import Cause
from trellis_local.kubernetes.schema import child_schema

_KEYWORDS = "true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return"
_RESERVED = re.compile(f"{_KEYWORDS}|var|void|while")
_ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
_lock = threading.Lock()
_programs: dict[str, Any] = {}


def rule_causes(value: Any, old: Any, schema: dict[str, Any], *, path: str = "") -> list[Cause]:
    """Every CEL rule of the schema that `value` breaks; rules on `oldSelf` need an `old` value."""
    causes: list[Cause] = []
    for rule in schema.get("x-kubernetes-validations") or []:
        causes += _check(rule, value, old, schema=schema, path=path)
    if isinstance(value, dict):
        for key, item in value.items():
            child = child_schema(schema, key)
            if child is not None and item is not None:
                before = old.get(key) if isinstance(old, dict) else None
                causes += rule_causes(item, before, child, path=f"{path}.{key}" if path else key)
    if isinstance(value, list):
        for index, item in enumerate(value):
            before = _correlated(item, old, schema)
            causes += rule_causes(item, before, schema.get("items") or {}, path=f"{path}[{index}]")
    return causes


def _correlated(item: Any, old: Any, schema: dict[str, Any]) -> Any:
    keys = schema.get("x-kubernetes-list-map-keys")
    if not keys or not isinstance(old, list):
        return None
    same = (other for other in old if all(other.get(key) == item.get(key) for key in keys))
    return next(same, None)


def _check(rule: dict[str, Any], value: Any, old: Any, *, schema: dict[str, Any], path: str) -> list[Cause]:
    if "oldSelf" in rule["rule"] and old is None:
        return []
    bindings = {"self": _to_cel(value, schema)}
    if old is not None:
        bindings["oldSelf"] = _to_cel(old, schema)
    verdict = _evaluate(rule["rule"], bindings)
    if verdict is True:
        return []
    if isinstance(verdict, Exception):
        message = f"rule evaluation failed: {rule['rule']}: {verdict}"
    else:
        message = str(rule.get("message") or f"failed rule: {rule['rule']}")
        if "messageExpression" in rule:
            computed = _evaluate(rule["messageExpression"], bindings)
            message = message if isinstance(computed, Exception) else str(computed)
    field = path + rule.get("fieldPath", "")
    return [Cause(field, rule.get("reason", "FieldValueInvalid"), f"Invalid value: {message}")]


def _evaluate(expression: str, bindings: dict[str, Any]) -> Any:
    import celpy

    with _lock:
        try:
            result = _program(expression).evaluate(bindings)
        except (celpy.CELEvalError, celpy.CELParseError) as error:
            return error
    return bool(result) if isinstance(result, celpy.celtypes.BoolType) else result


def _program(expression: str) -> Any:
    import celpy

    if expression not in _programs:
        environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
        _programs[expression] = environment.program(environment.compile(expression), functions=_functions())
    return _programs[expression]


def _functions() -> dict[str, Any]:
    """String and list functions that Kubernetes adds to CEL."""
    from celpy import celtypes

    def split(text: Any, separator: Any) -> Any:
        return celtypes.ListType([celtypes.StringType(part) for part in str(text).split(str(separator))])

    def substring(text: Any, start: Any, end: Any = None) -> Any:
        return celtypes.StringType(str(text)[int(start) : None if end is None else int(end)])

    def find(text: Any, pattern: Any) -> Any:
        match = re.search(str(pattern), str(text))
        return celtypes.StringType(match.group(0) if match else "")

    def lower(text: Any) -> Any:
        return celtypes.StringType(str(text).lower())

    def is_sorted(items: Any) -> Any:
        return celtypes.BoolType(list(items) == sorted(items))

    return {"split": split, "substring": substring, "find": find, "lowerAscii": lower, "isSorted": is_sorted}


def _to_cel(value: Any, schema: dict[str, Any]) -> Any:
    from celpy import celtypes

    if isinstance(value, dict):
        declared = schema.get("properties") or {}
        members = {
            celtypes.StringType(_escape(key) if key in declared else key): _to_cel(
                item, child_schema(schema, key) or {}
            )
            for key, item in value.items()
        }
        return celtypes.MapType(members)
    if isinstance(value, list):
        items = schema.get("items") or {}
        return celtypes.ListType([_to_cel(item, items) for item in value])
    return _scalar(value)


def _scalar(value: Any) -> Any:
    from celpy import celtypes

    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, int):
        return celtypes.IntType(value)
    if isinstance(value, float):
        return celtypes.DoubleType(value)
    return celtypes.StringType(value) if isinstance(value, str) else None


def _escape(name: str) -> str:
    if _RESERVED.fullmatch(name):
        return f"__{name}__"
    for plain, escaped in _ESCAPES:
        name = name.replace(plain, escaped)
    return name
