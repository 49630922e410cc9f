"""Which service networks and services of other accounts a caller may use: those that RAM shares with its account.

It reads RAM's resource shares; it does not create them, and shares reach accounts, not organisations.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from .backend import LatticeBackend
from .errors import AccessDeniedException
from .kinds import account_of
from .moto_seam import is_shared_with
from .resources import Resource, Service, ServiceNetwork

R = TypeVar("R", bound=Resource)


def shared_service_network(backend: LatticeBackend, identifier: str) -> ServiceNetwork:
    """The caller's own network, or one that is shared with the caller; AccessDenied or ResourceNotFound otherwise."""
    return _own_or_shared(backend, identifier, lambda owner: owner.service_networks, ServiceNetwork)


def shared_service(backend: LatticeBackend, identifier: str) -> Service:
    """The caller's own service, or one that is shared with the caller; AccessDenied or ResourceNotFound otherwise."""
    return _own_or_shared(backend, identifier, lambda owner: owner.services, Service)


def _own_or_shared(
    backend: LatticeBackend, identifier: str, collection: Callable[[LatticeBackend], Mapping[str, R]], cls: type[R]
) -> R:
    owner = backend.owner_of(identifier)
    found = account_of(identifier)
    if (
        found is not None
        and found != backend.account_id
        and not is_shared_with(owner=found, region=backend.region_name, arn=identifier, account=backend.account_id)
    ):
        raise AccessDeniedException(f"Account {backend.account_id} is not authorized to use {identifier}.")
    return owner.find(collection(owner), cls.kind, identifier)
