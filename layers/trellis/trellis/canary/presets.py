"""Parts of inputs that have a name: those that people know from other AWS services, and what the caller adds.

The input wins over its preset, member by member; a list replaces a list.
"""

from collections.abc import Mapping
from typing import Any

from trellis.canary.problems import Problem

Document = Mapping[str, Any]

PRESETS: Mapping[str, Document] = {
    "Canary10Percent10Minutes": {"strategy": {"type": "steps", "steps": [{"percent": 10}, {"percent": 100}]}},
    "Linear10PercentEvery10Minutes": {"strategy": {"type": "linear", "linear": {"stepPercent": 10}}},
    "Linear20PercentEvery6Minutes": {
        "strategy": {"type": "linear", "linear": {"stepPercent": 20}, "bakeSeconds": 360, "finalBakeSeconds": 1800}
    },
    "Exponential": {"strategy": {"type": "exponential"}},
    "AllAtOnce": {"strategy": {"type": "allAtOnce"}},
}
"""Names and shapes as AWS CodeDeploy, AWS SAM and AWS AppConfig have them; bakes are at least six minutes here."""


def with_preset(document: Document, presets: Mapping[str, Document]) -> tuple[dict[str, Any], list[Problem]]:
    """The input over its preset, without the member `preset`."""
    own = {name: value for name, value in document.items() if name != "preset"}
    if "preset" not in document:
        return own, []
    known = {**PRESETS, **presets}
    name = document["preset"]
    if not isinstance(name, str) or name not in known:
        return own, [Problem("E_SCHEMA", "preset", f"must be one of {', '.join(sorted(known))}")]
    return _over(own, known[name]), []


def _over(upper: Document, lower: Document) -> dict[str, Any]:
    merged = {**lower, **upper}
    for name in upper.keys() & lower.keys():
        if isinstance(upper[name], Mapping) and isinstance(lower[name], Mapping):
            merged[name] = _over(upper[name], lower[name])
    return merged
