"""VPC Lattice of the local stack: a backend for moto, health checks of targets, and the view of the data plane."""

from . import service_quotas
from .backend import exists, lattice_backends
from .moto_endpoints import remember_endpoint_targets
from .moto_seam import add_service_quotas, replace_vpc_lattice


def install() -> None:
    """Make moto serve vpc-lattice from this backend, in process and in server mode; repeating it changes nothing."""
    replace_vpc_lattice(lattice_backends)
    remember_endpoint_targets(exists)
    add_service_quotas(service_quotas.SERVICE_CODE, service_quotas.OPERATIONS)
