"""Answers HTTP requests for moto: reads and checks the request, runs the operation under the lock, writes the answer.

What is not emulated, or not an operation at all, is a loud error in the form of the API and never a page of HTML.
"""

import json
from collections.abc import Callable
from typing import Any, cast

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel, StructureShape

from ..iam.action_names import action_name
from .backend import LatticeBackend, lattice_backends
from .errors import AccessDeniedException
from .moto_seam import ActionResult, BaseResponse, caller_arn, operation_of
from .operations import Operation, find_operation
from .past import backend_to_ask
from .request import read_request
from .tags import require_user_tags
from .validation import validate

_MODEL: ServiceModel = botocore.session.get_session().get_service_model("vpc-lattice")


class LatticeResponse(BaseResponse):  # type: ignore[misc]
    """One request and its answer; moto calls the method that is named like the operation."""

    def __init__(self) -> None:
        super().__init__(service_name="vpc-lattice")

    @property
    def backend(self) -> LatticeBackend:
        """The backend of the caller's account in the region of the request."""
        return cast(LatticeBackend, lattice_backends[self.current_account][self.region])

    def call_action(self) -> Any:
        """Answer the request that moto has set up; moto itself would answer an unknown path with nothing."""
        if operation_of(self) is None:
            status, headers, body = _error(
                404,
                code="UnknownOperationException",
                message=f"{self.method} {self.path} is not an operation of VPC Lattice.",
            )
            return status, headers, body
        return super().call_action()

    def run(self, name: str, operation: Operation) -> dict[str, Any]:
        """Run one operation; raises the modelled errors.

        moto writes the answer after the lock is released, so that operations replace nested values of resources,
        which the answer may contain, and never change them in place.
        """
        shape = cast(StructureShape, _MODEL.operation_model(name).input_shape)
        request = read_request(shape, labels=self.uri_match, query=self.normalized_request.args, body=self.body)
        validate(shape, request)
        require_user_tags(request)
        backend = self.backend
        with backend.lock:
            backend.settle_region()
            asked = backend_to_ask(backend, name)
            try:
                if "clientToken" not in request:
                    return operation(asked, request)
                return self._run_once(name, operation, request)
            finally:
                backend.follow_region()
                backend.note_change(name)

    def _run_once(self, name: str, operation: Operation, request: dict[str, Any]) -> dict[str, Any]:
        tokens = self.backend.client_tokens
        answer = tokens.earlier_answer(name, request)
        if answer is None:
            answer = operation(self.backend, request)
            tokens.remember(name, request, answer)
        return answer


def _emulated(name: str, operation: Operation) -> Callable[[LatticeResponse], Any]:
    def answer(response: LatticeResponse) -> Any:
        try:
            return ActionResult(response.run(name, operation))
        except AccessDeniedException as error:
            caller = caller_arn(account=response.current_account, access_key=response.access_key)
            raise error.told_to(caller, action=action_name("vpc-lattice", name)) from error

    return answer


def _not_emulated(name: str) -> Callable[[LatticeResponse], Any]:
    def answer(_: LatticeResponse) -> Any:
        return _error(501, code="NotImplementedException", message=f"operation {name} is not emulated")

    return answer


def _error(status: int, *, code: str, message: str) -> tuple[int, dict[str, Any], str]:
    headers = {"Content-Type": "application/json", "X-Amzn-Errortype": code, "status": str(status)}
    return status, headers, json.dumps({"message": message})


for _name in _MODEL.operation_names:
    _operation = find_operation(_name)
    setattr(LatticeResponse, xform_name(_name), _emulated(_name, _operation) if _operation else _not_emulated(_name))
