"""Every place where the interpreter in `moto.stepfunctions.parser` is changed: private parts of a pinned moto.

A seam that no longer fits raises RuntimeError on installation. What is put in place, and why, stands with the functions
in `interpreter`, `lifecycle` and `virtual_time`.
"""

import logging
from functools import lru_cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.models
import moto.stepfunctions.responses
from moto.core.config import default_user_config
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from trellis_local.stepfunctions import interpreter, redrive, sdk_names, virtual_time
from trellis_local.stepfunctions.clients import RoleClients
from trellis_local.stepfunctions.lifecycle import Lifecycle

LOGGER = logging.getLogger("moto.stepfunctions.parser")
ASL = "moto.stepfunctions.parser.asl."
EXEC = f"{ASL}component.state.exec."
SERVICE = f"{EXEC}state_task.service.state_task_service"
EXECUTION = "moto.stepfunctions.parser.backend.execution."
ROLE_CLIENT_USERS = (
    f"{EXEC}state_map.item_reader.eval.resource_eval_s3",
    f"{EXEC}state_task.lambda_eval_utils",
    f"{SERVICE}_aws_sdk",
    f"{SERVICE}_dynamodb",
    f"{SERVICE}_events",
    f"{SERVICE}_sfn",
    f"{SERVICE}_sns",
    f"{SERVICE}_sqs",
)


_ABSENT = object()

OPTIMISED_ERRORS = {
    "events.StateTaskServiceEvents": "EventBridge",
    "sfn.StateTaskServiceSfn": "StepFunctions",
    "sns.StateTaskServiceSns": "SNS",
    "sqs.StateTaskServiceSqs": "SQS",
}


class Seams:
    """Installs once; `remove` restores moto."""

    def __init__(self, *, clients: RoleClients, lifecycle: Lifecycle) -> None:
        """Nothing is changed yet."""
        self._clients = clients
        self._lifecycle = lifecycle
        self._originals: list[tuple[Any, str, Any]] = []
        self._executes = default_user_config["stepfunctions"]["execute_state_machine"]

    def install(self) -> None:
        """Raise RuntimeError when moto no longer has what a seam replaces."""
        default_user_config["stepfunctions"]["execute_state_machine"] = True
        # Not in `moto.stepfunctions` itself: there the server looks for the backend's URLs, which the parser's has not.
        self._put(moto.stepfunctions.models, "stepfunctions_backends", stepfunctions_parser_backends)
        # The interpreter logs every handled failure with its whole syntax tree; the execution's history has it too.
        LOGGER.setLevel(logging.CRITICAL)
        for module, name, stand_in in virtual_time.replacements():
            self._put(module, name, stand_in)
        for module_name in ROLE_CLIENT_USERS:
            self._put(import_module(module_name), "boto_client_for", self._client_for)
        self._put(AmazonStateLanguageParser, "parse", staticmethod(lru_cache(128)(AmazonStateLanguageParser.parse)))
        self._install_interpreter()
        self._install_lifecycle()

    def remove(self) -> None:
        """Undo `install`."""
        default_user_config["stepfunctions"]["execute_state_machine"] = self._executes
        for owner, name, original in reversed(self._originals):
            if original is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self._originals.clear()
        LOGGER.setLevel(logging.NOTSET)

    def _install_interpreter(self) -> None:
        self._put(
            _load(f"{ASL}component.common.string.string_expression.StringJSONata"),
            "_eval_body",
            interpreter.evaluate_jsonata,
        )
        self._put(_load(f"{ASL}eval.states.States"), "reset", interpreter.reset_states)
        state = f"{ASL}component.state.state.CommonStateField"
        self._wrap(state, "_eval_body", interpreter.remember_variables)
        self._wrap(state, "_eval_body", redrive.remember_entry)
        self._wrap(f"{ASL}component.program.program.Program", "_eval_body", redrive.resume)
        state_task = f"{EXEC}state_task.state_task.StateTask"
        self._wrap(state_task, "_eval_state_credentials", interpreter.credentials_of_execution)
        self._wrap(state_task, "_from_error", interpreter.name_heartbeat_timeout)
        self._put(_load(state_task), "_eval_parameters", interpreter.evaluate_parameters)
        self._wrap(f"{SERVICE}.StateTaskService", "_evaluate_with_timeout", virtual_time.time_out_as_it_works)
        for limit in ("timeout.Timeout", "heartbeat.Heartbeat"):
            self._wrap(f"{ASL}component.common.timeouts.{limit}", "eval", virtual_time.seconds_after_the_end)
        task = _load(f"{SERVICE}.StateTaskService")
        self._put(task, "_normalise_parameters", interpreter.to_sdk_parameters)
        self._put(task, "_normalise_response", interpreter.from_sdk_response)
        self._put(task, "_get_boto_service_name", interpreter.sdk_service_name)
        self._put(task, "_get_boto_service_action", interpreter.sdk_action_name)
        sdk = _load(f"{SERVICE}_aws_sdk.StateTaskServiceAwsSdk")
        self._put(sdk, "_normalise_service_error_name", staticmethod(sdk_names.error_prefix))
        for name, prefix in OPTIMISED_ERRORS.items():
            self._wrap(f"{SERVICE}_{name}", "_from_error", interpreter.name_client_errors(prefix))
        # moto's DynamoDB task takes timeouts and query errors for errors of DynamoDB.
        dynamodb = interpreter.name_client_errors("DynamoDB", fallback=task._from_error)
        self._wrap(f"{SERVICE}_dynamodb.StateTaskServiceDynamoDB", "_from_error", dynamodb)
        distributed = f"{EXEC}state_map.iteration.itemprocessor.distributed_item_processor_worker"
        self._wrap(f"{distributed}.DistributedItemProcessorWorker", "_eval_input", interpreter.forget_variables)
        self._wrap(f"{distributed}.DistributedItemProcessorWorker", "_eval_job", interpreter.close_distributed_job)

    def _install_lifecycle(self) -> None:
        backend = f"{StepFunctionsParserBackend.__module__}.{StepFunctionsParserBackend.__name__}"
        self._wrap(backend, "create_state_machine", self._lifecycle.create_state_machine)
        self._wrap(backend, "update_state_machine", self._lifecycle.update_state_machine)
        self._wrap(backend, "start_execution", self._lifecycle.start_execution)
        self._put(StepFunctionsParserBackend, "stop_execution", _unbound(self._lifecycle.stop_execution))
        response = moto.stepfunctions.responses.StepFunctionResponse
        self._put(response, "send_task_failure", _send_task_failure)
        self._put(response, "describe_execution", redrive.described(response.describe_execution))
        self._add(response, "redrive_execution", redrive.redrive_execution)
        self._add(StepFunctionsParserBackend, "redrive_execution", _unbound(self._lifecycle.redrive_execution))
        self._wrap(f"{EXECUTION}Execution", "start", self._lifecycle.start)
        self._wrap(f"{EXECUTION}Execution", "get_start_execution_details", _text_start_time)
        communication = _load(f"{EXECUTION}BaseExecutionWorkerCommunication")
        self._put(communication, "terminated", _unbound(self._lifecycle.terminated))
        distributed = f"{EXEC}state_map.iteration.distributed_iteration_component.DistributedIterationComponent"
        self._wrap(distributed, "_eval_body", self._lifecycle.start_map_run)
        for pattern in ("_build_sync_resolver", "_build_sync2_resolver"):
            self._wrap(f"{SERVICE}_sfn.StateTaskServiceSfn", pattern, self._lifecycle.wait_for_child)

    def _client_for(self, region: str, service: str, state_credentials: Any = None) -> Any:
        return self._clients.client(service, region=region, credentials=state_credentials)

    def _wrap(self, path: str, name: str, wrapper: Any) -> None:
        owner = _load(path)
        self._put(owner, name, wrapper(getattr(owner, name)))

    def _add(self, owner: Any, name: str, addition: Any) -> None:
        found = vars(owner).get(name, _ABSENT)
        if getattr(found, "__module__", "").startswith("moto."):
            raise RuntimeError(f"{owner!r} has {name} by now: the Step Functions seams must be revised")
        self._originals.append((owner, name, found))
        setattr(owner, name, addition)

    def _put(self, owner: Any, name: str, replacement: Any) -> None:
        if not hasattr(owner, name):
            raise RuntimeError(f"{owner!r} no longer has {name}: the Step Functions seams must be revised")
        self._originals.append((owner, name, vars(owner).get(name, getattr(owner, name))))
        setattr(owner, name, replacement)


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _unbound(bound: Any) -> Any:
    def method(backend: Any, *args: Any, **kwargs: Any) -> Any:  # a bound method would not be given the backend
        return bound(backend, *args, **kwargs)

    return method


def _text_start_time(original: Any) -> Any:
    def get_start_execution_details(execution: Any) -> Any:
        details = original(execution)
        return SimpleNamespace(**{**vars(details), "start_time": execution.start_date.isoformat()})

    return get_start_execution_details


def _send_task_failure(response: Any) -> Any:
    """moto drops the cause."""
    token, error, cause = (response._get_param(name) for name in ("taskToken", "error", "cause"))
    response.stepfunction_backend.send_task_failure(token, error=error, cause=cause)
    return EmptyResult()
