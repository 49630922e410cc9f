"""The weights of canaries laid over a cluster's objects: what is wanted while a canary is in progress, or promoted and
not yet in the manifests, is what its lease says, whatever somebody has applied meanwhile.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from hashlib import sha256
from typing import Any

from trellis.canary.live_route import locate
from trellis.canary.patch import compact
from trellis.canary.rules import Route
from trellis.canary.state import Lease, Phase

Document = Mapping[str, Any]


def overlaid(snapshot: Document, leases: Iterable[Lease]) -> Document:
    """The snapshot with the weights of the leases; without a lease that somebody holds it is the snapshot itself.

    A route that was replaced, or a rule that no longer has both versions, is not what a lease is about.
    """
    by_uid = {lease.progress.route_uid: lease for lease in leases if lease.phase is not Phase.RELEASED}
    if not by_uid:
        return snapshot
    objects = snapshot["objects"]
    routes = [_overlaid(route, by_uid.get(_uid(route))) for route in objects["HTTPRoute"]]
    return {**snapshot, "objects": {**objects, "HTTPRoute": routes}}


def marks(leases: Iterable[Lease]) -> dict[str, str]:
    """For each VPC Lattice service that a canary has ever locked, a digest of who wants which weights there.

    Released leases count: a canary that has come and gone leaves another epoch, so that no mark is ever seen again.
    """
    texts: dict[str, list[str]] = {}
    for lease in leases:
        wanted = "" if lease.phase is Phase.RELEASED else compact(lease.progress.expected)
        for service in lease.services:
            texts.setdefault(service, []).append(f"{lease.key} {lease.epoch} {wanted}")
    return {service: sha256("\n".join(sorted(text)).encode()).hexdigest()[:16] for service, text in texts.items()}


def moved(noted: Mapping[str, str], now: Mapping[str, str]) -> frozenset[str]:
    """The services where a canary has begun, shifted, or ended between two readings of `marks`."""
    return frozenset(name for name in noted.keys() | now.keys() if noted.get(name) != now.get(name))


def _overlaid(route: Route, lease: Lease | None) -> Route:
    if lease is None:
        return route
    copied: dict[str, Any] = deepcopy(dict(route))
    for key, rule in locate(route, lease.progress.pair, lease.progress.expected).items():
        refs = copied["spec"]["rules"][rule.index]["backendRefs"]
        for ref in rule.refs:
            refs[ref.index]["weight"] = lease.progress.expected[key].get(ref.label, ref.weight)
    return copied


def _uid(route: Any) -> str:
    """Objects come as they are written, also malformed ones."""
    metadata = route.get("metadata") if isinstance(route, Mapping) else None
    return str(metadata.get("uid", "")) if isinstance(metadata, Mapping) else ""
