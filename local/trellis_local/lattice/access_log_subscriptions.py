"""The operations on access log subscriptions of service networks and services, which exist at once."""

from collections.abc import Mapping
from typing import Any

from .backend import LatticeBackend, conflict
from .connectivity import ResourceConfiguration
from .errors import AccessDeniedException, ValidationException
from .kinds import SERVICE, SERVICE_NETWORK, account_of, id_of
from .log_destinations import LogDestination, existing_destination, parse_destination
from .log_permissions import Grantor
from .paging import page
from .resources import AccessLogSubscription, Service, ServiceNetwork, present

Document = dict[str, Any]
Request = Mapping[str, Any]
Source = ServiceNetwork | Service | ResourceConfiguration
_DEFAULT_LOG_TYPE = "SERVICE"  # what GetAccessLogSubscription returns for a network when the create named none


def create_access_log_subscription(backend: LatticeBackend, request: Request) -> Document:
    """Subscribe a destination to the logs of a network or a service, which has one of each type at most."""
    source = _source(backend, request["resourceIdentifier"])
    log_type = _log_type(source, request.get("serviceNetworkLogType"))
    destination = existing_destination(request["destinationArn"])
    _require_new_type(backend, source, log_type=log_type, destination=destination)
    subscription = AccessLogSubscription(
        **backend.common_members(AccessLogSubscription.kind, request),
        resource_id=source.id,
        resource_arn=source.arn,
        destination_arn=destination.arn,
        service_network_log_type=log_type,
    )
    backend.access_log_subscriptions[subscription.id] = subscription
    _grantor(backend).allow_delivery(destination)
    return _settings(subscription)


def get_access_log_subscription(backend: LatticeBackend, request: Request) -> Document:
    """Describe a subscription."""
    subscription = _find(backend, request)
    return {**_settings(subscription), **subscription.times}


def list_access_log_subscriptions(backend: LatticeBackend, request: Request) -> Document:
    """List the subscriptions of a network or a service; none for one that does not exist, as no 404 is modelled."""
    wanted = request["resourceIdentifier"]
    return page(
        "access log subscriptions",
        [item for item in backend.access_log_subscriptions.values() if wanted in (item.resource_id, item.resource_arn)],
        request,
        key=lambda item: item.sequence,
        render=lambda item: {**_settings(item), **item.times},
    )


def update_access_log_subscription(backend: LatticeBackend, request: Request) -> Document:
    """Change the destination to another of the same type."""
    subscription = _find(backend, request)
    destination = existing_destination(request["destinationArn"])
    if destination.type != parse_destination(subscription.destination_arn).type:
        raise conflict(
            subscription, f"The destination type of access log subscription {subscription.id} cannot be changed."
        )
    _grantor(backend).allow_delivery(destination)
    subscription.destination_arn = destination.arn
    subscription.last_updated_at = backend.now()
    answer = _settings(subscription)
    answer.pop("serviceNetworkLogType", None)  # which the answer of this operation does not have
    return answer


def delete_access_log_subscription(backend: LatticeBackend, request: Request) -> Document:
    """Delete a subscription; what was logged before is still delivered."""
    del backend.access_log_subscriptions[_find(backend, request).id]
    return {}


def _source(backend: LatticeBackend, identifier: str) -> Source:
    if account_of(identifier) not in (None, backend.account_id):
        raise AccessDeniedException(identifier)
    prefix = id_of(identifier).partition("-")[0]
    if prefix == SERVICE_NETWORK.prefix:
        return backend.service_network(identifier)
    if prefix == SERVICE.prefix:
        return backend.service(identifier)
    return backend.resource_configuration(identifier)


def _log_type(source: Source, wanted: str | None) -> str | None:
    if isinstance(source, ServiceNetwork):
        return wanted or _DEFAULT_LOG_TYPE
    if wanted is not None:
        raise ValidationException("serviceNetworkLogType is allowed for service networks only.")
    return None


def _require_new_type(
    backend: LatticeBackend,
    source: Source,
    *,
    log_type: str | None,
    destination: LogDestination,
) -> None:
    for other in backend.access_log_subscriptions.values():
        same_source = (other.resource_arn, other.service_network_log_type) == (source.arn, log_type)
        if same_source and parse_destination(other.destination_arn).type == destination.type:
            raise conflict(
                other,
                f"{source.kind.name} {source.id} already has an access log subscription of this destination type.",
            )


def _find(backend: LatticeBackend, request: Request) -> AccessLogSubscription:
    identifier = request["accessLogSubscriptionIdentifier"]
    return backend.find(backend.access_log_subscriptions, AccessLogSubscription.kind, identifier)


def _grantor(backend: LatticeBackend) -> Grantor:
    return Grantor(account=backend.account_id, region=backend.region_name, partition=backend.partition)


def _settings(subscription: AccessLogSubscription) -> Document:
    return present(
        id=subscription.id,
        arn=subscription.arn,
        resourceId=subscription.resource_id,
        resourceArn=subscription.resource_arn,
        destinationArn=subscription.destination_arn,
        serviceNetworkLogType=subscription.service_network_log_type,
    )
