"""What the parts of a canary are called with, and what they share: the lease as its holder, and the checked input."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.canary.request import CanaryRequest, parse_request
from trellis.canary.state import CanaryKey, Lease, Progress
from trellis.canary.strategy import Step, steps_of
from trellis.errors import CanaryFailedError, LeaseLostError
from trellis.runs.request import scope_of_services
from trellis.runs.toolbox import Toolbox

ABORT = "abort"


class CanaryCall(BaseModel):
    """A call by the execution that holds the lease, which shows its epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: str
    namespace: str
    name: str
    kind: str = "HTTPRoute"
    execution: str
    epoch: int

    @property
    def key(self) -> CanaryKey:
        """The route."""
        return CanaryKey(self.cluster, self.namespace, self.name, self.kind)


def shown(lease: Lease) -> dict[str, Any]:
    """What the state machine carries from call to call."""
    key = lease.key
    place = {"cluster": key.cluster, "namespace": key.namespace, "name": key.name, "kind": key.kind}
    return {**place, "execution": lease.execution, "epoch": lease.epoch}


def held(tools: Toolbox, call: CanaryCall) -> Lease:
    """The lease; raises LeaseLostError when it is not the caller's any more, or waits for a person.

    An execution that is redriven while its canary is held would otherwise go on without anybody having decided.
    """
    lease = tools.canaries.get(call.key, execution=call.execution, epoch=call.epoch)
    if lease.progress.held:
        raise LeaseLostError(f"{call.key}: held until an operator decides: {lease.progress.reason}")
    return lease


def request_of(tools: Toolbox, progress: Progress) -> CanaryRequest:
    """The checked input of a canary."""
    return parse_request(tools.documents.get(progress.request)["request"])


def steps(request: CanaryRequest) -> tuple[Step, ...]:
    """The steps of a canary with the gates before them."""
    gates = request.gates
    return steps_of(request.strategy, gates_before=gates.before_step, gate_before_last=gates.before_promote)


def scope_of(lease: Lease) -> str:
    """The narrowest scope of a run that covers the route's services."""
    return scope_of_services(lease.services)


def obey_abort(lease: Lease) -> None:
    """Raise CanaryFailedError when an operator has aborted the canary: what was accepted must not be overtaken."""
    if lease.command and lease.command.name == ABORT:
        raise failed("ABORTED", f"by {lease.command.author}: {lease.command.reason}")


def failed(code: str, words: str) -> CanaryFailedError:
    """The error that ends a canary with a rollback."""
    return CanaryFailedError(f"{code}: {words}")
