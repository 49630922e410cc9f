"""The operations on VPC endpoints that lead to resource configurations and to service networks.

The endpoints are EC2's: they come with CreateVpcEndpoint and go with DeleteVpcEndpoints, and are only read here.
"""

from collections.abc import Mapping
from typing import Any

from .backend import LatticeBackend
from .connectivity import ResourceConfiguration
from .errors import ResourceNotFoundException
from .kinds import id_of
from .moto_endpoints import VpcEndpoint, delete_vpc_endpoint
from .network_sharing import listed_service_networks
from .paging import page

Document = dict[str, Any]
Request = Mapping[str, Any]


def list_resource_endpoint_associations(backend: LatticeBackend, request: Request) -> Document:
    """List the endpoints of a configuration; none for one that does not exist, as no 404 is modelled."""
    identifier = request["resourceConfigurationIdentifier"]
    configuration = backend.resource_configurations.get(id_of(identifier))
    found = backend.endpoints_of(configuration.arn) if configuration and identifier in _forms(configuration) else []
    endpoints = [
        endpoint
        for endpoint in found
        if request.get("resourceEndpointAssociationIdentifier") in (None, _id(endpoint), _arn(backend, endpoint))
        and request.get("vpcEndpointId") in (None, endpoint.id)
        and request.get("vpcEndpointOwner") in (None, endpoint.account)
    ]
    return page(
        "resource endpoint associations",
        endpoints,
        request,
        key=lambda endpoint: endpoint.sequence,
        render=lambda endpoint: {
            **_association(backend, endpoint),
            "resourceConfigurationName": _configuration(backend, endpoint).name,
            "vpcEndpointOwner": endpoint.account,
            "createdBy": endpoint.account,
            "createdAt": endpoint.created_at,
        },
    )


def delete_resource_endpoint_association(backend: LatticeBackend, request: Request) -> Document:
    """Take the configuration from an endpoint: the endpoint of the other account goes with it."""
    identifier = request["resourceEndpointAssociationIdentifier"]
    for configuration in backend.resource_configurations.values():
        for endpoint in backend.endpoints_of(configuration.arn):
            if identifier in (_id(endpoint), _arn(backend, endpoint)):
                delete_vpc_endpoint(endpoint, region=backend.region_name)
                return _association(backend, endpoint)
    raise ResourceNotFoundException(
        f"ResourceEndpointAssociation {identifier} not found",
        resource_id=identifier,
        resource_type="RESOURCE_ENDPOINT_ASSOCIATION",
    )


def list_service_network_vpc_endpoint_associations(backend: LatticeBackend, request: Request) -> Document:
    """List the endpoints of a service network; none for one that does not exist, as no 404 is modelled."""
    identifier = request["serviceNetworkIdentifier"]
    networks = [network for network in listed_service_networks(backend) if identifier in (network.id, network.arn)]
    return page(
        "service network endpoints",
        [endpoint for network in networks for endpoint in backend.endpoints_of(network.arn)],
        request,
        key=lambda endpoint: endpoint.sequence,
        render=lambda endpoint: {
            "vpcEndpointId": endpoint.id,
            "vpcId": endpoint.vpc_id,
            "vpcEndpointOwnerId": endpoint.account,
            "id": f"snea-{_digits(endpoint)}",  # the API model has no pattern for it, and AWS documents none
            "state": endpoint.state,
            "serviceNetworkArn": endpoint.leads_to,
            "createdAt": endpoint.created_at,
        },
    )


def _forms(configuration: ResourceConfiguration) -> tuple[str, str]:
    return configuration.id, configuration.arn


def _configuration(backend: LatticeBackend, endpoint: VpcEndpoint) -> ResourceConfiguration:
    return backend.resource_configuration(endpoint.leads_to)


def _association(backend: LatticeBackend, endpoint: VpcEndpoint) -> Document:
    configuration = _configuration(backend, endpoint)
    return {
        "id": _id(endpoint),
        "arn": _arn(backend, endpoint),
        "resourceConfigurationId": configuration.id,
        "resourceConfigurationArn": configuration.arn,
        "vpcEndpointId": endpoint.id,
    }


def _digits(endpoint: VpcEndpoint) -> str:
    return endpoint.id.removeprefix("vpce-").rjust(17, "0")


def _id(endpoint: VpcEndpoint) -> str:
    return f"rea-{_digits(endpoint)}"


def _arn(backend: LatticeBackend, endpoint: VpcEndpoint) -> str:
    place = f"{backend.region_name}:{backend.account_id}"
    return f"arn:{backend.partition}:vpc-lattice:{place}:resourceendpointassociation/{_id(endpoint)}"
