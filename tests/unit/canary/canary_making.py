"""What tests of canaries are made of: requests, routes, minutes of traffic, and the moment in which they are judged."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings

from trellis.canary.evidence import MINUTE, Evidence, Minute, Series, TargetCounts
from trellis.canary.judge import judge
from trellis.canary.request import CanaryRequest, parse_request
from trellis.canary.strategy import Step, steps_of
from trellis.canary.verdict import JudgeConfig, Moment, Verdict

law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

VERIFIED = 1_000_000_020
"""A whole minute, so that the first judged one begins 60 s later."""

FIRST = VERIFIED + MINUTE
DELAY = 120
HEALTHY = TargetCounts(healthy=2)

MINIMAL: Mapping[str, Any] = {
    "cluster": "prod-eu",
    "route": {"namespace": "shop", "name": "orders"},
    "baseline": {"name": "orders-v1"},
    "canary": {"name": "orders-v2"},
}


def request(**members: Any) -> CanaryRequest:
    """A valid request with these members."""
    return parse_request({**MINIMAL, **members})


def route(*rules: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """An HTTPRoute as the Kubernetes API gives it, accepted by Trellis."""
    conditions = [
        {"type": type_, "status": "True", "observedGeneration": metadata.get("generation", 7)}
        for type_ in ("Accepted", "ResolvedRefs")
    ]
    return {
        "metadata": {"namespace": "shop", "name": "orders", "uid": "uid-1", "generation": 7, **metadata},
        "spec": {"rules": list(rules or (rule(),))},
        "status": {"parents": [{"controllerName": "trellis.dev/vpc-lattice", "conditions": conditions}]},
    }


def rule(
    v1: int | None = 100, v2: int | None = 0, *others: tuple[str, int], path: str = "/", **more: Any
) -> dict[str, Any]:
    """A rule with both versions, and other backends."""
    refs = [("orders-v1", v1), ("orders-v2", v2), *others]
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "backendRefs": [
            {"name": name, "port": 80, **({} if weight is None else {"weight": weight})} for name, weight in refs
        ],
        **more,
    }


def traffic(requests: float, failures: float = 0, *, minutes: int = 7, first: int = FIRST, **more: Any) -> Series:
    """The same minute several times."""
    return tuple(Minute(first + at * MINUTE, requests, failures, **more) for at in range(minutes))


def step(percent: float = 50, **members: Any) -> Step:
    """A step of the default strategy."""
    (found,) = (each for each in steps_of(request().strategy) if each.percent == percent)
    return replace(found, **members)


def verdict(
    canary: Series, baseline: Series | None = None, *, asked: CanaryRequest | None = None, **more: Any
) -> Verdict:
    """The verdict on a baked step beside a healthy baseline; `more` are members of the moment and the evidence."""
    moment = {"now": VERIFIED + 600, "step": step(), "started_at": VERIFIED - 60, "deadline_at": VERIFIED + 86_400}
    known = {name: more.pop(name) for name in list(more) if name in Evidence.__dataclass_fields__}
    sides = {"baseline_targets": HEALTHY, "canary_targets": HEALTHY}
    evidence = Evidence(traffic(1000) if baseline is None else baseline, canary, **{**sides, **known})
    config = JudgeConfig.of(asked or request())
    return judge(config, evidence, Moment(**{"verified_at": VERIFIED, **moment, **more}))
