"""JSONata as Step Functions evaluates it: variables are bound as values, and undefined is an error.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from trellis_local import clock

OPENING, CLOSING = "{%", "%}"
DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class QueryEvaluationError(ValueError):
    """The expression has an error, yields nothing, or yields what is not JSON."""


def evaluate(expression: str, bindings: Mapping[str, Any]) -> Any:
    """The JSON value of an expression without its delimiters; raise QueryEvaluationError."""
    try:
        program = Jsonata(expression)
        program.output_convert_nulls = False
        names = {name: Jsonata.JLambda(function) for name, function in FUNCTIONS.items()}
        values = {name: _bindable(value) for name, value in bindings.items()}
        result = program.evaluate(None, {**names, **values})
    except (JException, ArithmeticError, TypeError, ValueError, RecursionError) as error:
        raise QueryEvaluationError(f"The JSONata expression '{expression}' threw an error: {error}") from error
    if result is None:
        raise QueryEvaluationError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return _plain(result, expression)


def syntax_error(expression: str) -> str | None:
    """What is wrong with an expression before it is evaluated."""
    try:
        Jsonata(expression)
    except (JException, TypeError, ValueError) as error:
        return str(error)
    return None


def _bindable(value: Any) -> Any:
    return Utils.NULL_VALUE if value is None else value


def _plain(value: Any, expression: str) -> Any:
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, expression) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, expression) for item in value]
    if hasattr(value, "__iter__") and hasattr(value, "__len__"):  # the library's lazy number ranges
        return [_plain(item, expression) for item in value]
    raise QueryEvaluationError(f"The JSONata expression '{expression}' returned an unsupported result type.")


def _millis() -> int:
    return int(clock.current().time() * 1000)


def _now(picture: str | None = None, timezone: str | None = None) -> Any:
    return Functions.datetime_from_millis(_millis(), picture, timezone)


def _parse(text: str) -> Any:
    return _bindable(json.loads(text))


def _hash(value: Any, algorithm: str) -> str:
    text = value if isinstance(value, str) else json.dumps(_plain(value, "$hash"), separators=(",", ":"))
    if algorithm not in DIGESTS:
        raise ValueError(f"$hash knows {', '.join(DIGESTS)}, not {algorithm}")
    return hashlib.new(DIGESTS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: int | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _range(first: float, last: float, step: float) -> list[float]:
    if not step:
        raise ValueError("the step of $range must not be 0")
    return [first + index * step for index in range(math.floor((last - first) / step) + 1)]


def _no_eval(*_arguments: Any) -> Any:
    raise ValueError("Step Functions does not support $eval; use $parse")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eval": _no_eval,
    "hash": _hash,
    "millis": _millis,
    "now": _now,
    "parse": _parse,
    "partition": _partition,
    "random": _random,
    "range": _range,
    "uuid": lambda: str(uuid.uuid4()),
}
