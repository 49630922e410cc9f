"""VPC Lattice of the local stack: a backend for moto, health checks of targets, and the view of the data plane."""

from .backend import lattice_backends
from .moto_seam import replace_vpc_lattice


def install() -> None:
    """Make moto serve vpc-lattice from this backend, in process and in server mode; repeating it changes nothing."""
    replace_vpc_lattice(lattice_backends)
