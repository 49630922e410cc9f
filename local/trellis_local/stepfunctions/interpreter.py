"""What the seams put into moto's interpreter in place of its own methods.

Each function is named after what it replaces or wraps and says why; `seams` is the table of where they go.
"""

import json
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramStopped
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from trellis_local.stepfunctions import jsonata, sdk_names
from trellis_local.stepfunctions.clients import ExecutionCredentials

Method = Callable[..., Any]


def evaluate_jsonata(component: Any, env: Any) -> None:
    """moto pastes values into the expression's text, for an engine that it does not ship."""
    states = json.loads(to_json_str(env.states._states_data))
    store = env.variable_store
    variables = getattr(store, "at_state_entry", None) or _variables(store)
    try:
        env.stack.append(jsonata.evaluate(component.expression, {**variables, "states": states}))
    except jsonata.QueryEvaluationError as error:
        name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
        details = EvaluationFailedEventDetails(cause=str(error), error=name.error_name, state=env.next_state_name)
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=name,
                event_type=HistoryEventType.EvaluationFailed,
                event_details=EventDetails(evaluationFailedEventDetails=details),
            )
        ) from error


def remember_variables(original: Method) -> Method:
    """Assign and Output of one state both see the variables as they were when the state was entered."""

    def _eval_body(state: Any, env: Any) -> None:
        env.variable_store.at_state_entry = _variables(env.variable_store)
        try:
            original(state, env)
        finally:
            env.variable_store.at_state_entry = None

    return _eval_body


def reset_states(states: Any, input_value: Any) -> None:
    """moto makes $states.result and $states.errorOutput null where AWS leaves them undefined."""
    states._states_data["input"] = json.loads(to_json_str(input_value))
    states._states_data.pop("result", None)
    states._states_data.pop("errorOutput", None)


def to_sdk_parameters(
    task: Any, parameters: dict[str, Any], boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """moto leaves the casing of parameters as it is, which suits only services with PascalCase members."""
    model = sdk_names.operation(
        boto_service_name or task.resource.api_name, service_action_name or task.resource.api_action
    )
    converted = sdk_names.to_botocore(dict(parameters), model.input_shape)
    parameters.clear()
    parameters.update(converted)


def from_sdk_response(
    task: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """The same for responses."""
    model = sdk_names.operation(
        boto_service_name or task.resource.api_name, service_action_name or task.resource.api_action
    )
    if isinstance(response, dict):
        converted = sdk_names.from_botocore(dict(response), model.output_shape)
        response.clear()
        response.update(converted)


def sdk_service_name(task: Any, boto_service_name: str | None = None) -> str:
    """moto passes the Java SDK's name of a service to boto3."""
    return str(sdk_names.service(boto_service_name or task.resource.api_name).service_name)


def sdk_action_name(task: Any, service_action_name: str | None = None) -> str:
    """boto3's method name for a camelCase action, acronyms included."""
    action = service_action_name or task.resource.api_action
    return str(xform_name(action[:1].upper() + action[1:]))


def evaluate_parameters(task: Any, env: Any) -> dict[str, Any]:
    """moto drops arguments that it does not know, InvocationType of lambda:invoke among them."""
    if task.parargs is None:
        return {}
    task.parargs.eval(env=env)
    parameters: dict[str, Any] = env.stack.pop()
    return parameters


def name_heartbeat_timeout(original: Method) -> Method:
    """A missed heartbeat is States.HeartbeatTimeout on AWS, and States.Timeout in moto."""

    def _from_error(task: Any, env: Any, ex: Exception) -> Any:
        event = original(task, env, ex)
        if isinstance(ex, HeartbeatTimeoutError):
            event.error_name = StatesErrorName(typ=StatesErrorNameType.StatesHeartbeatTimeout)
            event.event_details["taskTimedOutEventDetails"]["error"] = event.error_name.error_name
        return event

    return _from_error


def name_client_errors(prefix: str, fallback: Method | None = None) -> Callable[[Method], Method]:
    """Optimised integrations name an error `<prefix>.<code>Exception`, which moto does for some of them only."""

    def wrap(original: Method) -> Method:
        def _from_error(task: Any, env: Any, ex: Exception) -> Any:
            if isinstance(ex, ClientError):
                return client_failure(env, ex, prefix=prefix)
            return (fallback or original)(task, env, ex)

        return _from_error

    return wrap


def client_failure(env: Any, error: ClientError, *, prefix: str) -> FailureEvent:
    """The failure of a Task whose call AWS refused."""
    code = error.response["Error"]["Code"].rpartition(".")[2]
    name = f"{prefix}.{code}" if code.endswith("Exception") else f"{prefix}.{code}Exception"
    details = TaskFailedEventDetails(error=name, cause=error.response["Error"]["Message"], resource="", resourceType="")
    return FailureEvent(
        env=env,
        error_name=ErrorName(error_name=name),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),
    )


def credentials_of_execution(original: Method) -> Method:
    """A role session is named after the execution, which moto does not pass on."""

    def _eval_state_credentials(task: Any, env: Any) -> ExecutionCredentials:
        role_arn = original(task, env).role_arn
        return ExecutionCredentials(role_arn, env.states.context_object.context_object_data["Execution"]["Name"])

    return _eval_state_credentials


def forget_variables(original: Method) -> Method:
    """A child of a distributed map sees no variables of its parent, but its ItemSelector does."""

    def _eval_input(worker: Any, env_frame: Any) -> None:
        original(worker, env_frame)
        env_frame.variable_store = VariableStore()

    return _eval_input


def close_distributed_job(original: Method) -> Method:
    """With tolerance 0 a failed child fails the map; moto puts null in the place of its result and succeeds."""

    def _eval_job(worker: Any, env: Any, job: Any) -> None:
        original(worker, env, job)
        if not isinstance(env.program_state(), ProgramEnded | ProgramStopped):
            job.job_output = _tolerance_exceeded(env)

    return _eval_job


def _tolerance_exceeded(env: Any) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
    cause = "The specified tolerated failure threshold was exceeded"
    details = TaskFailedEventDetails(error=name.error_name, cause=cause, resource="", resourceType="")
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


def _variables(store: Any) -> dict[str, Any]:
    return {**store._outer_scope, **store._inner_scope}
