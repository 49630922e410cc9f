"""JSONata as Step Functions has it."""

from typing import Any

import pytest

from trellis_local.stepfunctions.jsonata import QueryEvaluationError, evaluate

VALUES: list[tuple[str, Any]] = [
    ("null", None),
    ("$nothing", None),
    ("$xs[$ > 1]", [2, 3]),
    ("[]", []),
    ("{}", {}),
    ("$text", 'it\'s "quoted" \\'),
    ("$exists($states.errorOutput)", False),
    ("$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]),
    ("$range(1, 9, 3)", [1, 4, 7]),
    ("$range(3, 1, -1)", [3, 2, 1]),
    ("$parse('{\"a\":[1,null]}')", {"a": [1, None]}),
    ("$hash('a', 'SHA-256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("$random(7) = $random(7)", True),
    ("$length($uuid())", 36),
    ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_it_yields(expression: str, value: Any):
    bindings = {"xs": [1, 2, 3], "nothing": None, "text": 'it\'s "quoted" \\', "states": {"input": {}}}
    assert evaluate(expression, bindings) == value


FAILURES = ["$states.input.absent", "$sum", "1 +", "$number('x')", "$eval('1')", "$hash('a', 'CRC')", "$unknown()", "$"]


@pytest.mark.parametrize("expression", FAILURES)
def test_it_fails(expression: str):
    with pytest.raises(QueryEvaluationError):
        evaluate(expression, {"states": {"input": {}}})
