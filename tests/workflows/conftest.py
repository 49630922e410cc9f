"""One laboratory for a module: Trellis, a cluster that asks for it, and other people's resources."""

from collections.abc import Iterator

import pytest
from flow_driver import offboard, onboard, reconcile
from flow_lab import FlowLab, flow_lab
from flow_world import CLUSTER, apply_manifests, ask_for_access, change_route, create_world


@pytest.fixture(scope="package")
def lab() -> Iterator[FlowLab]:
    """Nothing of Trellis is there yet. Tests work in branches of the process and so leave it as it is.

    A first cluster goes through everything and is deleted, so that what is slow once is done before the branches.
    """
    with flow_lab() as made:
        world = create_world(made)
        world.create_cluster()
        onboard(made, CLUSTER, "warm-up-onboard")
        apply_manifests(made)
        reconcile(made, CLUSTER, "warm-up")
        change_route(made)
        reconcile(made, CLUSTER, "warm-up-change")
        ask_for_access(made)
        reconcile(made, CLUSTER, "warm-up-access")
        offboard(made, CLUSTER, "warm-up-offboard")
        world.delete_cluster()
        world.create_cluster()
        yield made
