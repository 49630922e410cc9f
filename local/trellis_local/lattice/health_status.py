"""How the results of health checks change the health of a target. Pure: it neither probes nor waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .health_check_config import matching_codes


@dataclass(frozen=True)
class CheckHistory:
    """The health of a target and how many checks in a row passed or failed since it last changed."""

    health: str = "INITIAL"
    passes: int = 0
    failures: int = 0

    def after(self, status_code: int | None, *, config: Mapping[str, Any]) -> "CheckHistory":
        """The history with one more check; a status code of None means that the target did not answer."""
        passed = status_code is not None and status_code in matching_codes(config["matcher"]["httpCode"])
        passes, failures = (self.passes + 1, 0) if passed else (0, self.failures + 1)
        # One passing check is enough for a target that was never judged.
        if passes >= (1 if self.health == "INITIAL" else config["healthyThresholdCount"]):
            return CheckHistory("HEALTHY")
        if failures >= config["unhealthyThresholdCount"]:
            return CheckHistory("UNHEALTHY")
        return CheckHistory(self.health, passes, failures)
