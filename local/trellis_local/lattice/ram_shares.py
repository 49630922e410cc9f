"""What an account may use of another one's networks and services, and what it is told about all that it may not use.

The lowest layer of sharing: the backend asks it whenever it does not find something.
"""

from typing import TYPE_CHECKING

from .errors import AccessDeniedException, LatticeError, ResourceNotFoundException
from .kinds import account_of, id_of
from .moto_seam import is_shared_with
from .resources import Service, ServiceNetwork

if TYPE_CHECKING:
    from .backend import LatticeBackend


def may_use(backend: "LatticeBackend", resource: ServiceNetwork | Service) -> bool:
    """Whether the account does not own the network or service, but has a share of it.

    A network that was created with sharing switched off stays with its owner, whatever RAM says.
    """
    if isinstance(resource, ServiceNetwork) and not resource.sharing_enabled:
        return False
    return resource.account != backend.account_id and is_shared_with(
        owner=resource.account, region=backend.region_name, arn=resource.arn, account=backend.account_id
    )


def shared_resource(backend: "LatticeBackend", identifier: str) -> ServiceNetwork | Service | None:
    """The network or service of another account with this id or ARN, if RAM shares it with this account."""
    for peer in backend.peers():
        found = peer.service_networks.get(id_of(identifier)) or peer.services.get(id_of(identifier))
        if found is not None and identifier in (found.id, found.arn):
            return found if may_use(backend, found) else None
    return None


def absent(backend: "LatticeBackend", identifier: str, *, noun: str, error_type: str) -> LatticeError:
    """The error about what the account does not have.

    It is 403 for an ARN of another account, or for the id of a network or service that is only shared with this one,
    and 404 for all else.
    """
    if account_of(identifier) not in (None, backend.account_id):
        return AccessDeniedException(identifier)
    shared = shared_resource(backend, identifier)
    if shared is not None:
        return AccessDeniedException(shared.arn)
    return ResourceNotFoundException(f"{noun} {identifier} not found", resource_id=identifier, resource_type=error_type)
