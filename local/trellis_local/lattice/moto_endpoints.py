"""The part of the seam to moto that concerns EC2's VPC endpoints and Route 53's public zones.

moto keeps endpoints of every type, but forgets which service network or resource configuration they lead to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ec2.responses.vpcs import VPCs
from moto.route53.models import route53_backends

_TARGETS: Mapping[str, str] = {"ServiceNetwork": "ServiceNetworkArn", "Resource": "ResourceConfigurationArn"}
_MARK = "leads_to"

Exists = Callable[[str], bool]


@dataclass(frozen=True)
class VpcEndpoint:
    """An endpoint to the network or resource configuration `leads_to`; `sequence` is the order of creation."""

    id: str
    account: str
    vpc_id: str
    state: str
    created_at: datetime
    sequence: int
    leads_to: str


class _InvalidParameterError(ServiceException):  # type: ignore[misc]
    code = "InvalidParameter"


class _MissingParameterError(ServiceException):  # type: ignore[misc]
    code = "MissingParameter"


def remember_endpoint_targets(exists: Exists) -> None:
    """Make EC2 keep what endpoints lead to, if that `exists`; repeating it changes nothing."""
    original = VPCs.create_vpc_endpoint
    if getattr(original, _MARK, False):
        return

    def create_vpc_endpoint(self: Any) -> Any:
        endpoint_type = self._get_param("VpcEndpointType")
        member = _TARGETS.get(endpoint_type)
        arn = self._get_param(member) if member else None
        if member and not arn:
            raise _MissingParameterError(f"The request must contain the parameter {member}")
        if arn and not exists(arn):
            raise _InvalidParameterError(f"{member} {arn} does not exist")
        answer = original(self)
        if arn:
            endpoint = answer.result["VpcEndpoint"]
            setattr(endpoint, _MARK, arn)
            setattr(endpoint, "service_network_arn" if endpoint_type == "ServiceNetwork" else _CONFIGURATION, arn)
        return answer

    setattr(create_vpc_endpoint, _MARK, True)
    VPCs.create_vpc_endpoint = create_vpc_endpoint


_CONFIGURATION = "resource_configuration_arn"


def vpc_endpoints_to(arn: str, *, region: str) -> list[VpcEndpoint]:
    """The endpoints of all accounts in the region that lead to this network or configuration, the oldest first."""
    found = [
        (endpoint.creation_timestamp, account, endpoint)
        for account, regions in list(ec2_backends.items())
        if dict.__contains__(regions, region)  # indexing would create a backend
        for endpoint in list(regions[region].vpc_end_points.values())
        if getattr(endpoint, _MARK, None) == arn and endpoint.state not in ("deleted", "deleting")
    ]
    ordered = sorted(found, key=lambda item: (item[0], item[2].id))
    return [
        VpcEndpoint(endpoint.id, account, endpoint.vpc_id, endpoint.state, created, sequence, arn)
        for sequence, (created, account, endpoint) in enumerate(ordered, start=1)
    ]


def delete_vpc_endpoint(endpoint: VpcEndpoint, *, region: str) -> None:
    """Delete an endpoint of EC2."""
    ec2_backends[endpoint.account][region].delete_vpc_endpoints(vpce_ids=[endpoint.id])


def subnet_vpc(*, account: str, region: str, subnet_id: str) -> str | None:
    """The VPC of a subnet; None when there is no such subnet."""
    zones = ec2_backends[account][region].subnets.values()
    return next((str(subnets[subnet_id].vpc_id) for subnets in zones if subnet_id in subnets), None)


def public_txt_values(name: str) -> frozenset[str]:
    """The values of the TXT records of a name in the public hosted zones of all accounts, without quotes."""
    return frozenset(
        value.strip('"')
        for partitions in list(route53_backends.values())
        for backend in list(partitions.values())
        for zone in list(backend.zones.values())
        if not zone.private_zone
        for record in list(zone.rrsets)
        if record.type == "TXT" and str(record.name).lower().removesuffix(".") == name
        for value in record.records or ()
    )
