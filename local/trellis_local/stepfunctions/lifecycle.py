"""Starting, stopping and ending executions: what the seams put into moto's state-machine backend."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from trellis_local import clock
from trellis_local.stepfunctions import redrive
from trellis_local.stepfunctions.clients import ExecutionCredentials, RoleClients
from trellis_local.stepfunctions.definition_check import DefinitionError, check, waits_for_child_executions
from trellis_local.stepfunctions.executions import Completions, Publish, executions, status_change_event
from trellis_local.stepfunctions.interpreter import client_failure

Method = Callable[..., Any]

MANAGED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
FINAL_STATUS = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}
CHILD_WAIT_REAL_SECONDS = 0.2
ABORT_REAL_SECONDS = 5.0
LOG = logging.getLogger(__name__)


class AccessDeniedError(AWSError):  # type: ignore[misc]  # moto is untyped
    """Step Functions may not act for the caller."""

    TYPE = "AccessDeniedException"
    STATUS = 400


class InvalidDefinitionError(AWSError):  # type: ignore[misc]  # moto is untyped
    """The definition is refused."""

    TYPE = "InvalidDefinition"
    STATUS = 400


class Lifecycle:
    """Holds what the replaced methods need."""

    def __init__(self, *, account: str, region: str, clients: RoleClients, publish: Publish) -> None:
        """`publish` takes a whole event for EventBridge."""
        self._account = account
        self._region = region
        self._clients = clients
        self._publish = publish
        self._starting = threading.RLock()
        self._completions = Completions()
        self._awaited: dict[str, Any] = {}  # the parent's environment by the ARN of the child that it waits for

    def create_state_machine(self, original: Method) -> Method:
        """Refuse what the interpreter cannot run, and a role that Step Functions cannot use."""

        def create_state_machine(backend: Any, name: str, definition: str, roleArn: str, **rest: Any) -> Any:
            self._admit(definition, roleArn)
            return original(backend, name, definition, roleArn, **rest)

        return create_state_machine

    def update_state_machine(self, original: Method) -> Method:
        """The same checks for a changed definition or role."""

        def update_state_machine(
            backend: Any, arn: str, definition: str | None = None, role_arn: str | None = None, **rest: Any
        ) -> Any:
            machine = backend.describe_state_machine(arn)
            self._admit(definition or machine.definition, role_arn or machine.roleArn)
            return original(backend, arn, definition, role_arn, **rest)

        return update_state_machine

    def start_execution(self, original: Method) -> Method:
        """moto names an execution without a name `None`, and lets two calls start the same name at once."""

        def start_execution(
            backend: Any,
            state_machine_arn: str,
            name: str | None = None,
            execution_input: str | None = None,
            **rest: Any,
        ) -> Any:
            if name:
                backend._validate_name(name)
            with self._starting:
                return original(backend, state_machine_arn, name or str(uuid.uuid4()), execution_input, **rest)

        return start_execution

    def stop_execution(self, backend: Any, execution_arn: str) -> Any:
        """moto loses error and cause, and leaves the execution RUNNING until its current Task has ended."""
        execution = backend.describe_execution(execution_arn)
        if execution.status != ExecutionStatus.RUNNING:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution_arn}'")
        worker = execution.exec_worker
        while worker.env is None or worker.env.program_state() is None:
            clock.current().sleep(0.01)
        stopped = clock.current().now()
        worker.stop(stop_date=stopped, error=None, cause=None)
        if not isinstance(worker.env.program_state(), ProgramStopped):
            return execution  # it ended by itself in this very moment
        execution.exec_status = ExecutionStatus.ABORTED
        execution.stop_date = stopped
        self._tell(execution)
        for child, env in list(self._awaited.items()):
            if not env.is_running():
                self._abandon(child)
        return execution

    def redrive_execution(self, backend: Any, execution_arn: str) -> Any:
        """Go on with an execution that did not succeed."""
        execution = backend.describe_execution(execution_arn)
        with self._starting:
            redrive.check(execution)
            self._completions.forget(execution_arn)
            execution.exec_status = ExecutionStatus.RUNNING
        self._tell(execution)
        redrive.restart(execution)
        return execution

    def abort_running(self) -> None:
        """Abort every execution and wait for the interpreter's threads: none may go on without the seams."""
        backend = stepfunctions_parser_backends[self._account][self._region]
        for seen in executions(account=self._account, region=self._region):
            if seen.status == ExecutionStatus.RUNNING:
                with suppress(ExecutionDoesNotExist):  # it has just ended by itself
                    self.stop_execution(backend, seen.arn)
        deadline = time.monotonic() + ABORT_REAL_SECONDS
        for thread in list(TMP_THREADS):
            threading.Thread.join(thread, max(0.0, deadline - time.monotonic()))  # not the seams' virtual seconds

    def start(self, original: Method) -> Method:
        """Execution.start: the RUNNING event."""

        def start(execution: Any) -> None:
            execution.exec_status = ExecutionStatus.RUNNING  # told first: a short execution ends before `original` does
            self._tell(execution)
            original(execution)

        return start

    def terminated(self, communication: Any) -> None:
        """The end of an execution. moto shows the status before the output, and a text as output without its quotes."""
        execution = communication.execution
        if execution.exec_status == ExecutionStatus.ABORTED:
            return
        env = execution.exec_worker.env
        state = env.program_state()
        execution.stop_date = clock.current().now()
        if isinstance(state, ProgramEnded):
            execution.output = to_json_str(env.states.get_input(), separators=(",", ":"))
        elif isinstance(state, ProgramError):
            execution.error, execution.cause = state.error.get("error"), state.error.get("cause")
        execution.exec_status = FINAL_STATUS[type(state)]
        self._tell(execution)
        TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]

    def wait_for_child(self, original: Method) -> Method:
        """The resolver of `.sync:2` asks DescribeExecution when the child has ended, not twice a second."""

        def build(task: Any, env: Any, *args: Any, **kwargs: Any) -> Method:
            arn = env.stack[-1]["ExecutionArn"] if "ExecutionArn" in env.stack[-1] else env.stack[-1]["executionArn"]
            env.stack[-1].setdefault("ExecutionArn", arn)
            resolve = original(task, env, *args, **kwargs)
            # A parent that is stopped just now never asks the resolver: whoever comes second of the stop and of this
            # finds the other's mark.
            self._awaited[arn] = env
            if not env.is_running():
                self._abandon(arn)

            def resolver() -> Any:
                ended = self._completions.wait(arn, real_seconds=CHILD_WAIT_REAL_SECONDS)
                if not env.is_running():
                    self._abandon(arn)
                if not ended:
                    return None
                self._awaited.pop(arn, None)
                return resolve()

            return resolver

        return build

    def start_map_run(self, original: Method) -> Method:
        """A distributed map needs states:StartExecution on its own machine, which moto does not ask for.

        The interpreter runs them itself, so the permission is asked by a StartExecution that starts nothing: the name
        of the running execution with another input.
        """

        def _eval_body(component: Any, env: Any) -> None:
            context = env.states.context_object.context_object_data
            machine, name = context["StateMachine"]["Id"], context["Execution"]["Name"]
            client = self._client(env)
            try:
                client.start_execution(
                    stateMachineArn=machine, name=name, input=json.dumps({"MapRun": env.next_state_name})
                )
            except client.exceptions.ExecutionAlreadyExists:
                original(component, env)
            except ClientError as error:
                raise FailureEventException(client_failure(env, error, prefix="StepFunctions")) from error

        return _eval_body

    def _abandon(self, execution_arn: str) -> None:
        """Stop a child whose parent has been stopped, once."""
        env = self._awaited.pop(execution_arn, None)
        if env is None:
            return
        try:
            self._client(env).stop_execution(executionArn=execution_arn)
        except ClientError as error:  # as on AWS, an attempt only
            LOG.warning("the child execution %s could not be stopped: %s", execution_arn, error)

    def _client(self, env: Any) -> Any:
        name = env.states.context_object.context_object_data["Execution"]["Name"]
        credentials = ExecutionCredentials(env.aws_execution_details.role_arn, name)
        return self._clients.client("stepfunctions", region=self._region, credentials=credentials)

    def _tell(self, execution: Any) -> None:
        if execution.exec_status == ExecutionStatus.RUNNING or self._completions.note(execution.exec_arn):
            self._publish(status_change_event(execution, account=self._account, region=self._region))

    def _admit(self, definition: str, role_arn: str) -> None:
        try:
            document = check(definition)
        except DefinitionError as refusal:
            raise InvalidDefinitionError(f"Invalid State Machine Definition: '{refusal}'") from refusal
        credentials = ExecutionCredentials(role_arn, f"create-{uuid.uuid4().hex}")
        try:
            self._clients.assume(credentials)
        except ClientError as error:
            cause = (
                f"The service principal states.amazonaws.com is not authorized to assume the role {role_arn}: {error}"
            )
            raise AccessDeniedError(cause) from error
        if waits_for_child_executions(document):
            self._create_managed_rule(credentials)

    def _create_managed_rule(self, credentials: ExecutionCredentials) -> None:
        """AWS waits for `.sync` children by a rule that it makes under the machine's role, when the machine is made.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html. The rule is disabled here: the
        interpreter itself wakes the parent.
        """
        events = self._clients.client("events", region=self._region, credentials=credentials)
        pattern = '{"source":["aws.states"],"detail-type":["Step Functions Execution Status Change"]}'
        # Step Functions' own target is none that others could name; a queue needs no role of the target.
        target = f"arn:aws:sqs:{self._region}:{self._account}:managed-by-step-functions"
        try:
            events.put_rule(Name=MANAGED_RULE, EventPattern=pattern, State="DISABLED")
            events.put_targets(Rule=MANAGED_RULE, Targets=[{"Id": "StepFunctions", "Arn": target}])
            events.describe_rule(Name=MANAGED_RULE)
        except ClientError as error:
            raise AccessDeniedError(
                f"'{credentials.role_arn}' is not authorized to create managed-rule: {error}"
            ) from error
