"""An emulated VPC Lattice for each test; its clients, slow to make, serve all tests of a module."""

from collections.abc import Iterator

import pytest
from moto import mock_aws
from service_lab import Lab, MovedClock

import trellis_local.clock
import trellis_local.lattice


@pytest.fixture(scope="module")
def _emulation() -> Iterator[Lab]:
    clock = MovedClock(start=1_790_000_000.0)
    before = trellis_local.clock.current()
    trellis_local.clock.use(clock)
    trellis_local.lattice.install()
    with mock_aws():
        yield Lab(clock)
    trellis_local.clock.use(before)


@pytest.fixture
def lab(_emulation: Lab) -> Lab:
    """The emulation, empty but for one service network."""
    _emulation.reset()
    return _emulation
