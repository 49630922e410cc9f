"""The entrance: one object that puts Step Functions into the stack and takes it out again."""

from trellis_local.stepfunctions.clients import RoleClients
from trellis_local.stepfunctions.executions import ExecutionSummary, Publish, executions
from trellis_local.stepfunctions.lifecycle import Lifecycle
from trellis_local.stepfunctions.seams import Seams
from trellis_local.workers.contract import Identity


class StepFunctions:
    """Install it before the first state machine is created; the clock of the process is used."""

    def __init__(self, *, endpoint_url: str, account: str, region: str, identity: Identity, publish: Publish) -> None:
        """`publish` gets every "Step Functions Execution Status Change" event."""
        self._account = account
        self._region = region
        clients = RoleClients(endpoint_url=endpoint_url, identity=identity)
        self._lifecycle = Lifecycle(account=account, region=region, clients=clients, publish=publish)
        self._seams = Seams(clients=clients, lifecycle=self._lifecycle)

    def install(self) -> None:
        """Raise RuntimeError when the installed moto does not fit."""
        self._seams.install()

    def executions(self) -> tuple[ExecutionSummary, ...]:
        """Every execution, running and ended."""
        return executions(account=self._account, region=self._region)

    def stop(self) -> None:
        """Abort what runs and restore moto."""
        self._lifecycle.abort_running()
        self._seams.remove()
