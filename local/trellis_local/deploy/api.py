"""Calls to the endpoint for one resource: scalars take the type that the API wants, and errors name the resource.

CloudFormation turns "30" into 30 and true into "true" as the API needs it; boto3 does not.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.intrinsics import text_of

_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

Clients = Callable[[str], Any]


class Api:
    """boto3 operations by service and method name, for the resource `where`."""

    def __init__(self, clients: Clients, where: str) -> None:
        self._clients = clients
        self._where = where

    def __call__(self, service: str, method: str, **parameters: Any) -> Any:
        """Call the operation without the parameters that are None; raise DeployError."""
        client = self._clients(service)
        operation = client.meta.method_to_api_mapping[method]
        given = {name: value for name, value in parameters.items() if value is not None}
        shape = client.meta.service_model.operation_model(operation).input_shape
        try:
            return getattr(client, method)(**coerced(given, shape))
        except (ClientError, BotoCoreError) as error:
            raise DeployError(self._where, f"{operation}: {error}") from error


def coerced(value: Any, shape: Any) -> Any:
    """`value` with its scalars in the types of a botocore shape; what does not fit is left for botocore to refuse."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {name: coerced(member, shape.members.get(name)) for name, member in value.items()}
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {str(key): coerced(member, shape.value) for key, member in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [coerced(item, shape.member) for item in value]
    return _scalar(value, shape.type_name)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "string" and isinstance(value, bool | int | float):
        return text_of(value)
    if isinstance(value, str):
        if kind in ("integer", "long") and _INTEGER.fullmatch(value):
            return int(value)
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
        if kind in ("double", "float") and _NUMBER.fullmatch(value):
            return float(value)
    return value
