"""What accounts may do with networks and services of one another, which RAM shares, and with associations to them.

The rules are those of "Share your VPC Lattice entities" in the VPC Lattice User Guide. It reads RAM's resource shares
and does not create them. A share counts at once, as inside an organization; moto's RAM knows no invitations.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar

from .backend import LatticeBackend
from .collection import Collection, InOrder
from .errors import AccessDeniedException
from .kinds import Kind, account_of, id_of
from .moto_seam import shared_arns
from .ram_shares import absent, may_use, shared_resource
from .resources import Service, ServiceAssociation, ServiceNetwork, VpcAssociation

E = TypeVar("E", ServiceNetwork, Service)
A = TypeVar("A", VpcAssociation, ServiceAssociation)


def shared_service_network(backend: LatticeBackend, identifier: str) -> ServiceNetwork:
    """The network to associate: the caller's own, or, by its ARN, one that is shared with the caller."""
    return _own_or_shared(backend, identifier, lambda owner: owner.service_networks, ServiceNetwork)


def shared_service(backend: LatticeBackend, identifier: str) -> Service:
    """The service to associate: the caller's own, or, by its ARN, one that is shared with the caller."""
    return _own_or_shared(backend, identifier, lambda owner: owner.services, Service)


def readable_service_network(backend: LatticeBackend, identifier: str) -> ServiceNetwork:
    """The network to describe, which may be a shared one, also by its id."""
    shared = shared_resource(backend, identifier)
    return shared if isinstance(shared, ServiceNetwork) else backend.service_network(identifier)


def readable_service(backend: LatticeBackend, identifier: str) -> Service:
    """The service to describe, which may be a shared one, also by its id.

    A service that the caller knows only from a network that is shared with it is not readable.
    """
    shared = shared_resource(backend, identifier)
    return shared if isinstance(shared, Service) else backend.service(identifier)


def listed_service_networks(backend: LatticeBackend) -> Iterable[ServiceNetwork]:
    """The networks of the caller and those that are shared with it."""
    return _own_and_shared(backend, lambda owner: owner.service_networks)


def listed_services(backend: LatticeBackend) -> Iterable[Service]:
    """The services of the caller and those that are shared with it."""
    return _own_and_shared(backend, lambda owner: owner.services)


def may_see(backend: LatticeBackend, association: VpcAssociation | ServiceAssociation) -> bool:
    """Whether the caller may describe an association: it made it, or owns an end, or has a share of the network."""
    if backend.account_id in _parties(association):
        return True
    network = backend.owner_of(association.network_arn).service_networks[id_of(association.network_arn)]
    return may_use(backend, network)


def visible_associations(
    backend: LatticeBackend, collection: Callable[[LatticeBackend], Collection[A]], *, index: str, key: Any
) -> Iterable[A]:
    """The associations that an index has under a key and that the caller may see, of all accounts.

    Those of its own account it may always see; alone they are `InOrder`.
    """
    own: InOrder[A] = collection(backend).where(index, key)
    others: list[A] = [
        item
        for peer in backend.peers()
        if peer.account_id != backend.account_id
        for item in collection(peer).where(index, key)
        if may_see(backend, item)
    ]
    return chain(own, others) if others else own


def find_association(
    backend: LatticeBackend, collection: Callable[[LatticeBackend], Mapping[str, A]], kind: Kind, identifier: str
) -> A:
    """Find an association that the caller may see, by id or by its ARN in the caller's account."""
    for peer in backend.peers():
        found = collection(peer).get(id_of(identifier))
        if found is not None and identifier in (found.id, found.arn_in(backend.account_id)):
            if may_see(backend, found):
                return found
            break
    raise absent(backend, identifier, noun=kind.name, error_type=kind.error_type)


def require_party(backend: LatticeBackend, association: VpcAssociation | ServiceAssociation) -> None:
    """Raise AccessDeniedException unless the caller may delete the association: it made it, or owns an end of it."""
    if backend.account_id not in _parties(association):
        raise AccessDeniedException(association.arn)


def require_creator(backend: LatticeBackend, association: VpcAssociation) -> None:
    """Raise AccessDeniedException unless the caller made the association: only it may update it."""
    if backend.account_id != association.account:
        raise AccessDeniedException(association.arn)


def require_one_own_end(backend: LatticeBackend, *, network: ServiceNetwork, service: Service) -> None:
    """Raise AccessDeniedException when both ends are only shared with the caller."""
    if backend.account_id not in (network.account, service.account):
        raise AccessDeniedException(network.arn)


def _parties(association: VpcAssociation | ServiceAssociation) -> set[str | None]:
    parties = {association.account, account_of(association.network_arn)}
    return parties | {account_of(association.service_arn)} if isinstance(association, ServiceAssociation) else parties


def _own_or_shared(
    backend: LatticeBackend, identifier: str, collection: Callable[[LatticeBackend], Mapping[str, E]], cls: type[E]
) -> E:
    if account_of(identifier) in (None, backend.account_id):
        return backend.find(collection(backend), cls.kind, identifier)
    shared = shared_resource(backend, identifier)
    if not isinstance(shared, cls):
        raise AccessDeniedException(identifier)
    return shared


def _own_and_shared(backend: LatticeBackend, collection: Callable[[LatticeBackend], Mapping[str, E]]) -> Iterable[E]:
    own = collection(backend).values()
    shared = [resource for peer in backend.peers() for resource in _shared_by(peer, backend, collection(peer))]
    return chain(own, shared) if shared else own


def _shared_by(owner: LatticeBackend, backend: LatticeBackend, resources: Mapping[str, E]) -> Iterator[E]:
    for arn in shared_arns(owner=owner.account_id, region=backend.region_name, account=backend.account_id):
        resource = resources.get(id_of(arn))
        if resource is not None and may_use(backend, resource):
            yield resource
