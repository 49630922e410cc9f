"""The input of `shift-canary` from the options of the command line, over a file's where there is one (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What was given on the command line; None and empty say nothing."""

    cluster: str = ""
    route: str = ""
    """`<namespace>/<name>`."""

    baseline: str = ""
    canary: str = ""
    preset: str = ""
    steps: str = ""
    """Percents with commas between them."""

    bake: int | None = None
    """Seconds."""

    alarms: Sequence[str] = ()
    gate_before_promote: bool = False
    dry_run: bool = False
    reason: str = ""
    requested_by: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    """The input of a file."""


def document_of(options: Options) -> Document:
    """The input; raises ValueError naming the option that cannot be read. What is missing is not looked for."""
    own: Document = {"requestedBy": options.requested_by}
    own |= {name: value for name, value in (("cluster", options.cluster), ("preset", options.preset)) if value}
    if options.route:
        own["route"] = _route(options.route)
    for version in ("baseline", "canary"):
        if getattr(options, version):
            own[version] = {"name": getattr(options, version)}
    if options.steps or options.bake is not None:
        own["strategy"] = _strategy(options)
    if options.alarms:
        own["alarms"] = {"names": list(options.alarms)}
    if options.gate_before_promote:
        own["gates"] = {"beforePromote": True}
    if options.dry_run:
        own["dryRun"] = True
    if options.reason:
        own["reason"] = options.reason
    return _over(own, options.given)


def _route(text: str) -> Document:
    namespace, separator, name = text.partition("/")
    if not separator or not namespace or not name:
        raise ValueError(f"--route: {text} is not <namespace>/<name>")
    return {"kind": "HTTPRoute", "namespace": namespace, "name": name}


def _strategy(options: Options) -> Document:
    strategy: Document = {}
    if options.steps:
        strategy |= {"type": "steps", "steps": [{"percent": _percent(part)} for part in options.steps.split(",")]}
    if options.bake is not None:
        strategy |= {"bakeSeconds": options.bake, "finalBakeSeconds": options.bake}
    return strategy


def _percent(text: str) -> int | float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"--steps: {text.strip() or 'nothing'} is not a percentage") from None
    return int(number) if number.is_integer() else number


def _over(upper: Document, lower: Mapping[str, Any]) -> Document:
    merged = {**lower, **upper}
    for name in upper.keys() & lower.keys():
        if isinstance(upper[name], dict) and isinstance(lower[name], Mapping):
            merged[name] = _over(upper[name], lower[name])
    return merged
