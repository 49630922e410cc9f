"""The data plane's neighbours as moto keeps them: VPCs, private hosted zones, security groups, CloudWatch.

It reads moto's memory instead of its API, because a data plane is no AWS client and must not show up in the call log.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from functools import partial
from random import Random
from typing import Any

from moto.acm.models import acm_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.route53.models import route53_backends

from trellis_local.dataplane.access_logs import AccessLogs
from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.certificates import Certificate
from trellis_local.dataplane.contract import LatticeView, PodFinder, Surroundings
from trellis_local.dataplane.lambda_on_moto import MotoFunctions
from trellis_local.dataplane.log_delivery import deliver
from trellis_local.dataplane.metrics import NAMESPACE, LatticeMetrics
from trellis_local.dataplane.moto_identities import MotoIdentities
from trellis_local.dataplane.names import LINK_LOCAL, LINK_LOCAL_IPV6, Record, Zone
from trellis_local.dataplane.plane import DataPlane

_ROUTING_POLICIES = ("set_identifier", "weight", "region", "failover", "geo_location", "multi_value_answer")


def data_plane(*, view: LatticeView, pods: PodFinder, region: str, random: Random | None = None) -> DataPlane:
    """A data plane over moto's backends of one region and all accounts."""
    surroundings = Surroundings(
        view=view,
        pods=pods,
        vpcs=MotoVpcs(region),
        admits=ClusterSecurityGroups(pods, region),
        certificates=AcmCertificates(region),
        functions=MotoFunctions(region),
    )
    metrics = LatticeMetrics(partial(publish, region))
    logs = AccessLogs(subscriptions=view.access_log_subscriptions, deliver=deliver)
    authorizer = PolicyAuthorizer(MotoIdentities())
    return DataPlane(surroundings, observers=(metrics, logs), random=random or Random(), authorizer=authorizer)


def publish(region: str, account: str, data: list[dict[str, Any]]) -> None:
    """Put MetricDatum documents into CloudWatch, where moto keeps timestamps without a time zone."""
    naive = [datum | {"Timestamp": datum["Timestamp"].replace(tzinfo=None)} for datum in data]
    cloudwatch_backends[account][region].put_metric_data(NAMESPACE, naive)


class MotoVpcs:
    """VPCs and private hosted zones; a zone of one account may be associated with a VPC of another."""

    def __init__(self, region: str) -> None:
        self._region = region

    def vpc_ids(self) -> list[str]:
        """The ids of all VPCs, sorted."""
        return sorted(vpc_id for backend in _in_region(ec2_backends, self._region) for vpc_id in list(backend.vpcs))

    def vpc_arn(self, vpc_id: str) -> str:
        """The ARN of a VPC; KeyError when it does not exist."""
        for backend in _in_region(ec2_backends, self._region):
            if vpc_id in backend.vpcs:
                return f"arn:aws:ec2:{self._region}:{backend.account_id}:vpc/{vpc_id}"
        raise KeyError(f"there is no VPC {vpc_id}")

    def zones(self, vpc_id: str) -> list[Zone]:
        """The private hosted zones associated with a VPC."""
        return [
            Zone(_plain_name(zone.name), tuple(_record(record_set) for record_set in list(zone.rrsets)))
            for backend in _in_region(route53_backends, "aws")
            for zone in list(backend.zones.values())
            if any(vpc.get("vpc_id") == vpc_id for vpc in list(zone.vpcs))
        ]


class ClusterSecurityGroups:
    """Whether the cluster security group of a pod's EKS cluster lets VPC Lattice in.

    Pods use their nodes' security group, which is the cluster security group unless somebody configured another one.
    """

    def __init__(self, pods: PodFinder, region: str) -> None:
        self._pods = pods
        self._region = region

    def __call__(self, vpc_id: str, ip: str, port: int) -> bool:
        """True when one rule admits TCP to the port from the whole link-local range of VPC Lattice."""
        pod = self._pods.find(vpc_id, ip)
        if pod is None:
            return False
        source = LINK_LOCAL if ipaddress.ip_address(ip).version == 4 else LINK_LOCAL_IPV6
        return any(
            _opens_port(rule, port) and any(_contains(cidr, source) for cidr in self._sources(rule))
            for group in self._cluster_security_groups(pod.cluster, vpc_id)
            for rule in list(group.ingress_rules)
        )

    def _cluster_security_groups(self, cluster: str, vpc_id: str) -> Iterator[Any]:
        for backend in _in_region(eks_backends, self._region):
            if cluster in backend.clusters:
                identifier = backend.clusters[cluster].resources_vpc_config["clusterSecurityGroupId"]
                groups = ec2_backends[backend.account_id][self._region].groups.get(vpc_id, {})
                if identifier in groups:
                    yield groups[identifier]

    def _sources(self, rule: Any) -> Iterator[str]:
        yield from (cidr for cidr in (rule.cidr_ipv4, rule.cidr_ipv6) if cidr)
        for backend in _in_region(ec2_backends, self._region):
            prefix_list = backend.managed_prefix_lists.get(rule.prefix_list_id)
            if prefix_list is not None and prefix_list.entries:
                yield from (entry["Cidr"] for entry in list(prefix_list.entries.values())[-1])


class AcmCertificates:
    """The certificates that moto's ACM keeps, with their private keys.

    Those that it issued itself it signed with their own keys, in the name of Amazon: no client could verify them.
    """

    def __init__(self, region: str) -> None:
        self._region = region

    def __call__(self, arn: str) -> Certificate | None:
        """The certificate with this ARN, None when there is none or it is not ISSUED (CertificateStore)."""
        for backend in _in_region(acm_backends, self._region):
            bundle = backend._certificates.get(arn)
            if bundle is not None:
                bundle.check()  # moto looks at time only when it is asked
                chain = b"\n".join((bundle.cert.strip(), bundle.chain.strip(), b""))
                by_amazon = bundle.type == "AMAZON_ISSUED"
                return Certificate(chain, bundle.key, by_amazon) if bundle.status == "ISSUED" else None
        return None


def _in_region(backends: Any, region: str) -> Iterable[Any]:
    # Indexing moto's dictionaries would create backends, and with them default VPCs, for whoever is asked for.
    return [regions[region] for regions in list(backends.values()) if dict.__contains__(regions, region)]


def _plain_name(name: str) -> str:
    return str(name).lower().replace("\\052", "*").removesuffix(".")


def _record(record_set: Any) -> Record:
    alias = record_set.alias_target or {}
    return Record(
        name=_plain_name(record_set.name),
        type=record_set.type,
        values=tuple(
            _plain_name(value) if record_set.type == "CNAME" else str(value) for value in record_set.records or ()
        ),
        alias=_plain_name(alias["DNSName"]) if alias else "",
        plain=not any(getattr(record_set, policy) for policy in _ROUTING_POLICIES),
    )


def _opens_port(rule: Any, port: int) -> bool:
    return bool(rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port))


def _contains(cidr: str, source: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    network = ipaddress.ip_network(cidr, strict=False)
    return network.version == source.version and source.subnet_of(network)  # type: ignore[arg-type]
