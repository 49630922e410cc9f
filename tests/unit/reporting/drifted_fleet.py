"""Clusters that have drifted in many ways, as the reports of their runs: made by the code that makes them in a run."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from trellis.model import (
    Cluster,
    Desired,
    FixedResponse,
    Forward,
    HeaderMatch,
    LinkLocalRule,
    Listener,
    PathMatch,
    Rule,
    RuleMatch,
    Service,
    Target,
    TargetGroup,
    VpcAssociation,
    WeightedTargetGroup,
    cluster_owner,
)
from trellis.planning.network import ObservedNetwork, diff_network
from trellis.planning.security_group import diff_security_group, wanted_rules
from trellis.planning.service_changes import describe
from trellis.planning.service_state import ObservedGroup, ObservedService
from trellis.planning.services import diff_service
from trellis.reporting.certificates import https_lines
from trellis.reporting.drift import drifts
from trellis.reporting.lines import RunEnd, lines
from trellis.reporting.picture import picture

ACCOUNT, REGION, NETWORK = "111122223333", "us-west-2", "eks-lattice-network"
SOURCES = ("pl-0a1b2c3d4e5f60718", "pl-09f8e7d6c5b4a3921")
EVE, SCRIPT = f"arn:aws:iam::{ACCOUNT}:user/eve", f"arn:aws:sts::{ACCOUNT}:assumed-role/nightly-cleanup/i-0c1d2e3f"

Document = dict[str, Any]


def cluster(name: str, vpc: str = "vpc-0b17c0ffee15600d5") -> Cluster:
    """A registered cluster."""
    return Cluster(name, ACCOUNT, REGION, vpc, f"sg-{vpc[4:]}", NETWORK)


def group(name: str, *targets: str) -> TargetGroup:
    """A target group with targets at port 8080."""
    owned = {"status": "ACTIVE", "id": f"tg-{name}", "arn": f"arn:{name}", "stands_for": f"Service apps/{name}"}
    return TargetGroup(f"k8s-{name}", "vpc-1", 8080, targets=tuple(Target(ip, 8080) for ip in targets), **owned)


def rule(name: str, path: str, *shares: tuple[str, int], header: str = "") -> Rule:
    """A rule for a path; the shares are target groups with weights."""
    headers = (HeaderMatch(header, "yes"),) if header else ()
    forward = Forward(tuple(WeightedTargetGroup(f"k8s-{group_name}", weight) for group_name, weight in shares))
    return Rule(name, 10, RuleMatch(PathMatch("prefix", path), "GET" if headers else None, headers), forward)


def service(name: str, rules: Sequence[Rule], groups: Sequence[TargetGroup]) -> Service:
    """An active service with one listener."""
    placed = tuple(replace(found, priority=10 * (place + 1)) for place, found in enumerate(rules))
    return Service(
        name,
        f"{name}.lattice-test.io",
        (Listener("http-80", "HTTP", 80, FixedResponse(404), placed),),
        tuple(groups),
        (NETWORK,),
        stands_for=f"HTTPRoute apps/{name}",
        status="ACTIVE",
        association_status=((NETWORK, "ACTIVE"),),
    )


@dataclass
class Drifting:
    """A cluster whose last run has converged, and what is found now."""

    cluster: Cluster
    desired: tuple[Service, ...]
    before: tuple[Service, ...] | None = None
    found: dict[str, Service] = field(default_factory=dict)
    health: dict[str, dict[str, int]] = field(default_factory=dict)
    joined: bool = True
    opened: bool = True
    causes: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The owner of all that was made for the cluster."""
        return cluster_owner(self.cluster.account, self.cluster.name)

    def change(self, name: str, alter: Callable[[Service], Service]) -> None:
        """Somebody changes a service."""
        known = {wanted.name: wanted for wanted in self.desired}
        self.found[name] = alter(self.found.get(name, known.get(name)))  # type: ignore[arg-type]

    def blame(self, item: str, call: str, actor: str, time: str) -> None:
        """An event tells of a call."""
        self.causes.setdefault(item, []).append({"call": call, "actor": actor, "time": time})

    def plan(self, *, verdict: str = "APPLY", now: bool = True) -> Document:
        """The plan as it was found, or that of the last converged run."""
        desired = self.desired if now or self.before is None else self.before
        return {
            "verdict": verdict if now else "CONVERGED",
            "guard": "30 deletions planned, 25 allowed in one run" if verdict == "STOPPED_BY_GUARD" else "",
            "desired": asdict(Desired(desired)),
            "basis": {"network": NETWORK, "vpc": self.cluster.vpc_id, "group": "sg", "sources": [], "state": "ACTIVE"},
            "items": self._items() if now else [],
            "refused": [],
            "health": self.health,
        }

    def report(self, *, verdict: str = "APPLY", outcomes: Sequence[Document] = ()) -> Document:
        """The report of the run that has found it; what has an outcome that is not DONE remains as it was."""
        plan = self.plan(verdict=verdict)
        left = {f"{outcome['kind']}/{outcome['name']}" for outcome in outcomes}
        items = [item for item in plan["items"] if f"{item['kind']}/{item['name']}" in left]
        found = drifts(plan, self.plan(now=False))
        end = RunEnd(plan, {**plan, "items": items}, outcomes, "event", "2026-11-02T09:15:09.250000+00:00")
        drifted = lines(found, end, self.causes)
        return {
            "cluster": self.cluster.name,
            "run": "event-5f0c1f6a",
            "lane": "event",
            "mode": "plan" if verdict == "REPORT_ONLY" else "remediate",
            "ended": end.ended,
            "status": {"APPLY": "APPLIED"}.get(verdict, verdict),
            "guard": plan["guard"],
            "drifts": drifted,
            "refused": [],
            "picture": picture(self.cluster, plan, drifted),
        }

    def _items(self) -> list[Document]:
        vpc = VpcAssociation(self.cluster.vpc_id, NETWORK, status="ACTIVE", owner=self.owner) if self.joined else None
        network = diff_network(self.cluster, ObservedNetwork(association=vpc))
        joins = [change for change in network.changes if type(change).__name__ != "CreateServiceNetwork"]
        wanted = wanted_rules(self.cluster, SOURCES)
        rules: tuple[LinkLocalRule, ...] = wanted if self.opened else ()
        opens = diff_security_group(self.cluster, wanted, rules)
        items = [
            _item("associate_vpc", self.cluster.name, [change.describe() for change in joins]),
            _item("open_security_group", self.cluster.name, [change.describe() for change in opens]),
        ]
        for name in sorted({*self.found, *(wanted_.name for wanted_ in self.desired)}):
            items.append(_item("apply_service", name, self._changes(name)))
        return [item for item in items if item["plan"]["changes"]]

    def _changes(self, name: str) -> list[Any]:
        known = {wanted.name: wanted for wanted in self.desired}
        there = self.found.get(name, known.get(name))
        assert there is not None
        groups = tuple(ObservedGroup(replace(found, owner=self.owner), name) for found in there.target_groups)
        observed = ObservedService(name, self.owner, replace(there, owner=self.owner), groups)
        return [describe(change) for change in diff_service(known.get(name), observed).changes]


def _item(kind: str, name: str, changes: list[Any]) -> Document:
    return {"kind": kind, "phase": "apply", "name": name, "plan": {"changes": changes, "refusals": []}}


def with_rules(alter: Callable[[tuple[Rule, ...]], tuple[Rule, ...]]) -> Callable[[Service], Service]:
    """A change of the rules of a service's only listener."""

    def change(found: Service) -> Service:
        (listener,) = found.listeners
        return replace(found, listeners=(replace(listener, rules=alter(listener.rules)),))

    return change


def with_weights(index: int, *weights: int) -> Callable[[Service], Service]:
    """Other weights in one rule."""

    def alter(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        changed = rules[index]
        assert isinstance(changed.action, Forward)
        shares = zip(changed.action.target_groups, weights, strict=True)
        action = Forward(tuple(replace(share, weight=weight) for share, weight in shares))
        return (*rules[:index], replace(changed, action=action), *rules[index + 1 :])

    return with_rules(alter)


def three_clusters() -> list[Document]:
    """A repaired cluster, one that is only reported, one where a repair was refused; and one without drift."""
    quiet = {"cluster": "quiet", "status": "CONVERGED", "drifts": [], "refused": []}
    return [
        {**_blue(), "https": secured(("datastore", 260.0), ("cart", 9.5))},
        {**_green(), "https": secured(("catalogue", None))},
        _violet(),
        {**quiet, "https": secured(("billing", 31.0), ("login", -2.0))},
    ]


def secured(*services: tuple[str, float | None]) -> list[Document]:
    """What reports say of services with HTTPS whose certificate ends in so many days, None where it is missing."""
    now = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)
    return https_lines([_line(name, days, now) for name, days in services], now=now, warn_days=45)


def _line(name: str, days: float | None, now: datetime) -> Document:
    hostname = f"{name}.lattice-test.io"
    missing = f"ACM has no certificate for {hostname} in the cluster's account and region"
    line = {"service": name, "hostname": hostname, "routes": [f"apps/{name}"], "type": "IMPORTED", "renewal": ""}
    if days is None:
        return {**line, "arn": "", "name": "", "ready": False, "message": missing, "status": "", "notAfter": None}
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{uuid5(NAMESPACE_DNS, hostname)}"
    over = {"ready": False, "status": "EXPIRED", "message": f"{arn} has expired on 2026-10-31"}
    ends = {"name": hostname, "notAfter": (now + timedelta(days=days)).isoformat()}
    return {**line, **ends, "arn": arn, **(over if days < 0 else {"ready": True, "status": "ISSUED", "message": ""})}


def _blue() -> Document:
    groups = [group("store-v1", "10.0.1.11", "10.0.1.12", "10.0.2.13"), group("store-v2", "10.0.1.21")]
    rules = [
        rule("popular", "/popular", ("store-v1", 100)),
        rule("summary", "/summary", ("store-v1", 90), ("store-v2", 10)),
        rule("beta", "/", ("store-v2", 1), header="x-beta"),
    ]
    cart = service("cart", [rule("all", "/", ("cart", 1))], [group("cart", "10.0.3.4", "10.0.3.5")])
    blue = Drifting(cluster("payments-blue"), (cart, service("datastore", rules, groups)))
    blue.change("datastore", with_weights(1, 7, 7))
    blue.change("datastore", with_rules(lambda found: found[:2]))
    blue.blame("apply_service/datastore", "vpc-lattice:UpdateRule", EVE, "2026-11-02T09:14:58Z")
    blue.blame("apply_service/datastore", "vpc-lattice:DeleteRule", EVE, "2026-11-02T09:15:01Z")
    blue.opened = False
    blue.blame("open_security_group/payments-blue", "ec2:RevokeSecurityGroupIngress", SCRIPT, "2026-11-02T09:15:02Z")
    blue.health = {
        "k8s-store-v1": {"HEALTHY": 2, "UNHEALTHY": 1},
        "k8s-store-v2": {"HEALTHY": 1},
        "k8s-cart": {"HEALTHY": 1, "INITIAL": 1},
    }
    return blue.report()


def _green() -> Document:
    api = service("catalogue", [rule("all", "/", ("catalogue", 1))], [group("catalogue", "10.1.0.7", "10.1.0.8")])
    green = Drifting(cluster("catalogue-green", "vpc-0c0de0fca7a10e9ee"), (api,))
    green.joined = False
    green.blame(
        "associate_vpc/catalogue-green",
        "vpc-lattice:DeleteServiceNetworkVpcAssociation",
        EVE,
        "2026-11-02T09:11:40Z",
    )
    green.change("catalogue", lambda found: replace(found, target_groups=(group("catalogue", "10.1.0.7", "10.1.9.9"),)))
    green.health = {"k8s-catalogue": {"HEALTHY": 1, "UNHEALTHY": 1}}
    return green.report(verdict="REPORT_ONLY")


def _violet() -> Document:
    search = service("search", [rule("all", "/", ("search", 1))], [group("search", "10.2.0.3")])
    violet = Drifting(cluster("search-violet", "vpc-0de1e7ed0ffe2d1ce"), (search,))
    added = rule("debug", "/debug", ("search", 1))
    violet.change("search", with_rules(lambda found: (*found, replace(added, priority=20))))
    violet.health = {"k8s-search": {"HEALTHY": 1}}
    message = "AccessDeniedException: a service control policy denies vpc-lattice:DeleteRule"
    refusal = {"resource": "rule search/http-80/debug", "reason": "AccessDeniedError", "message": message}
    outcome = {"kind": "apply_service", "name": "search", "status": "REFUSED", "done": [], "refusals": [refusal]}
    return violet.report(outcomes=[outcome])
