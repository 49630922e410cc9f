"""A small world for the data plane's tests: two VPCs with the same CIDR, one network, one service, two versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.authorization import Authorizer
from trellis_local.dataplane.certificates import Certificate, CertificateStore, no_certificates
from trellis_local.dataplane.contract import Functions, Surroundings, no_functions
from trellis_local.dataplane.exchanges import Exchange
from trellis_local.dataplane.identities import NoIdentities
from trellis_local.dataplane.metrics import LatticeMetrics
from trellis_local.dataplane.names import Record, Zone
from trellis_local.dataplane.plane import DataPlane
from trellis_local.kubernetes.contract import PodInfo
from trellis_local.lattice.view import (
    ListenerView,
    LogSubscriptionView,
    NetworkView,
    RuleView,
    ServiceView,
    TargetGroupView,
    TargetView,
)

HOST = "datastore.lattice-test.io"
GENERATED = "datastore-0abc.7d67968.vpc-lattice-svcs.us-west-2.on.aws"
ACCOUNT = "111122223333"
NETWORK = NetworkView(
    arn=f"arn:aws:vpc-lattice:us-west-2:{ACCOUNT}:servicenetwork/sn-1",
    id="sn-1",
    name="eks-lattice-network",
    account=ACCOUNT,
    auth_type="NONE",
    association_id="snva-1",
    association_status="ACTIVE",
    security_group_ids=(),
)


def forward(**weights: int) -> dict[str, Any]:
    return {
        "forward": {"targetGroups": [{"targetGroupIdentifier": f"tg-{k}", "weight": w} for k, w in weights.items()]}
    }


def path_rule(priority: int, prefix: str, action: Mapping[str, Any]) -> RuleView:
    match = {"httpMatch": {"pathMatch": {"match": {"prefix": prefix}, "caseSensitive": True}}}
    return RuleView(f"rule-{priority}", priority, match, action)


def target_group(version: str, *targets: TargetView) -> TargetGroupView:
    arn = f"arn:aws:vpc-lattice:us-west-2:{ACCOUNT}:targetgroup/tg-{version}"
    return TargetGroupView(f"tg-{version}", arn, f"datastore-{version}", 80, "HTTP", "vpc-b", targets)


def pod(vpc_id: str, ip: str, *, port: int = 8080, **changes: Any) -> PodInfo:
    plain = PodInfo(
        cluster=f"cluster-{vpc_id[-1]}",
        vpc_id=vpc_id,
        namespace="apps",
        name=f"pod-{ip}",
        ip=ip,
        labels={},
        annotations={},
        ports=(port,),
        services=("datastore",),
        ready=True,
    )
    return replace(plain, **changes)


def service() -> ServiceView:
    rules = (path_rule(1, "/popular", forward(v1=1)), path_rule(2, "/summary", forward(v1=90, v2=10)))
    listener = ListenerView("listener-1", 80, "HTTP", rules, {"fixedResponse": {"statusCode": 404}})
    arn = f"arn:aws:vpc-lattice:us-west-2:{ACCOUNT}:service/svc-1"
    return ServiceView(arn, "svc-1", "datastore", NETWORK.arn, ACCOUNT, "NONE", (listener,))


@dataclass
class World:
    """All neighbours of the data plane in one object; tests change its attributes."""

    service: ServiceView = field(default_factory=service)
    networks: dict[str, NetworkView] = field(default_factory=lambda: {"vpc-a": NETWORK, "vpc-b": NETWORK})
    groups: dict[str, TargetGroupView] = field(default_factory=dict)
    pods: dict[tuple[str, str], PodInfo] = field(default_factory=dict)
    zone_vpcs: tuple[str, ...] = ("vpc-a", "vpc-b", "vpc-c")
    records: tuple[Record, ...] = (Record(HOST, "CNAME", (GENERATED,)),)
    closed: bool = False
    published: list[dict[str, Any]] = field(default_factory=list)
    certificates: CertificateStore = no_certificates
    functions: Functions = no_functions
    exchanges: list[Exchange] = field(default_factory=list)

    def find_service(self, *, vpc_id: str, host: str) -> ServiceView | None:
        return self.service_by_domain(host) if vpc_id in self.networks else None

    def service_by_domain(self, host: str) -> ServiceView | None:
        return self.service if host in (HOST, GENERATED) else None

    def network_of(self, vpc_id: str) -> NetworkView | None:
        return self.networks.get(vpc_id)

    def target_group(self, identifier: str) -> TargetGroupView | None:
        return self.groups.get(identifier)

    def access_log_subscriptions(self, _resource_arn: str) -> tuple[LogSubscriptionView, ...]:
        return ()

    def find(self, vpc_id: str, ip: str) -> PodInfo | None:
        return self.pods.get((vpc_id, ip))

    def admits(self, _vpc_id: str, _ip: str, _port: int) -> bool:
        return not self.closed

    def vpc_ids(self) -> list[str]:
        return ["vpc-a", "vpc-b", "vpc-c"]

    def vpc_arn(self, vpc_id: str) -> str:
        return f"arn:aws:ec2:us-west-2:{ACCOUNT}:vpc/{vpc_id}"

    def zones(self, vpc_id: str) -> list[Zone]:
        return [Zone("lattice-test.io", self.records)] if vpc_id in self.zone_vpcs else []

    def certificate(self, arn: str) -> Certificate | None:
        return self.certificates(arn)

    def observe(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def publish(self, account: str, data: list[dict[str, Any]]) -> None:
        self.published += [datum | {"Account": account} for datum in data]

    def __post_init__(self) -> None:
        self.metrics = LatticeMetrics(self.publish)

    def add_pod(self, info: PodInfo) -> None:
        self.pods[info.vpc_id, info.ip] = info

    def annotate(self, vpc_id: str, ip: str, **annotations: str) -> None:
        named = {f"local.trellis.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        self.add_pod(replace(self.pods[vpc_id, ip], annotations=named))

    def total(self, name: str, value: str) -> float:
        return sum(
            datum["StatisticValues"]["Sum"]
            for datum in self.published
            if datum["MetricName"] == name and datum["Dimensions"][0]["Value"] == value
        )


def walkthrough() -> World:
    """v1 and v2 of the datastore in vpc-b, the frontend in vpc-a under the address that v1 has in vpc-b."""
    world = World()
    for version, ip in (("v1", "192.168.48.10"), ("v2", "192.168.48.20")):
        world.groups[f"tg-{version}"] = target_group(version, TargetView(ip, 8080, "HEALTHY"))
        world.add_pod(pod("vpc-b", ip, labels={"version": version}))
    frontend = {"local.trellis.dev/upstream": f"http://{HOST}"}
    world.add_pod(pod("vpc-a", "192.168.48.10", port=3000, services=("frontend",), annotations=frontend))
    return world


ANONYMOUS_ONLY = PolicyAuthorizer(NoIdentities())


def plane_of(world: World, *, seed: int = 1, authorizer: Authorizer = ANONYMOUS_ONLY) -> DataPlane:
    surroundings = Surroundings(
        view=world,
        pods=world,
        vpcs=world,
        admits=world.admits,
        certificates=world.certificate,
        functions=world.functions,
    )
    return DataPlane(surroundings, observers=(world.metrics, world), random=Random(seed), authorizer=authorizer)
