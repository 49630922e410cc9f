"""Writes a canary's weights: the one place that patches its route, guarded by everything that could have changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trellis.canary.live_route import Expectation, LiveRoute, classify
from trellis.canary.patch import EPOCH, RouteWrite, annotations_of, patch_of
from trellis.canary.request import CanaryRequest
from trellis.canary.rules import Vector, pair_of
from trellis.canary.state import Lease
from trellis.clusters.api import KubernetesApi
from trellis.clusters.routes import patch_route, read_route
from trellis.errors import LeaseLostError


@dataclass(frozen=True)
class Read:
    """The route as it was read, and what it is for the canary."""

    route: dict[str, Any] | None
    live: LiveRoute

    @property
    def epoch(self) -> int | None:
        """The epoch that the route carries."""
        annotations = ((self.route or {}).get("metadata") or {}).get("annotations") or {}
        written = str(annotations.get(EPOCH, ""))
        return int(written) if written.isdigit() else None


def read(api: KubernetesApi, lease: Lease, request: CanaryRequest) -> Read:
    """Read the route; raises LeaseLostError when it carries a later epoch than the lease that was read."""
    progress = lease.progress
    route = read_route(api, lease.key.namespace, lease.key.name)
    expectation = Expectation(
        progress.route_uid, progress.baseline, progress.expected, progress.pending, progress.outline
    )
    found = Read(route, classify(route, pair_of(request), expectation))
    if found.epoch is not None and found.epoch > lease.epoch and route and _is_same(route, lease):
        raise LeaseLostError(f"{lease.key}: the route carries epoch {found.epoch}, the lease was of {lease.epoch}")
    return found


def write(api: KubernetesApi, lease: Lease, found: Read, weights: Vector) -> dict[str, Any]:
    """Write weights with the annotations of a canary in progress, and return the route as it is then.

    Raises RouteMovedError when the route is not as it was read any more.
    """
    annotations = annotations_of(
        execution=lease.execution,
        epoch=lease.epoch,
        phase=lease.phase,
        baseline=lease.progress.baseline,
        expected=weights,
    )
    return annotate(api, lease, found, annotations, weights)


def annotate(
    api: KubernetesApi, lease: Lease, found: Read, annotations: Mapping[str, str | None], weights: Vector | None = None
) -> dict[str, Any]:
    """Write annotations, and weights if any are given; nothing is sent when nothing differs."""
    route = found.route or {}
    asked = RouteWrite(weights or {}, annotations, found.epoch)
    operations = patch_of(route, found.live.rules, asked)
    if not operations:
        return route
    if found.epoch is None:
        # Without an epoch to test, a writer of an older one must not slip in between either: its annotations would
        # not change the generation.
        version = route["metadata"]["resourceVersion"]
        operations = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *operations]
    return patch_route(api, lease.key.namespace, lease.key.name, operations)


def _is_same(route: Mapping[str, Any], lease: Lease) -> bool:
    return bool(route["metadata"]["uid"] == lease.progress.route_uid)
