"""The switches of the local stack that make AWS slow, busy, failing or stale, for tests and demonstrations."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from trellis_local.aws import AwsEndpoint
from trellis_local.faults.switches import Switches
from trellis_local.kubernetes.contract import RunningCluster
from trellis_local.lattice import configuration
from trellis_local.lattice.faults import FaultPlan


def install(endpoint: AwsEndpoint, clusters: Mapping[str, RunningCluster]) -> Callable[[], None]:
    """Serve `/_local/faults`; call the result to leave everything as it was, whatever was ordered.

    `clusters` are those that run, by name, whenever somebody looks.
    """
    before = configuration.current()
    configuration.use(replace(before, faults=FaultPlan()))
    switches = Switches(endpoint.faults, clusters)
    endpoint.add_local_route("/_local/faults", switches.route)
    closing = ExitStack()
    closing.callback(configuration.use, before)
    closing.callback(switches.clear)
    return closing.close
