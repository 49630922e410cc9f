"""Names of AWS SDK integrations: services, operations, members and errors, between Step Functions and botocore.

Step Functions names them as the AWS SDK for Java does: a service is its id in lower case without spaces, members are
PascalCase whatever the service's own casing is, and an error is `Eks.ResourceNotFoundException`.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.response import StreamingBody

SESSION = botocore.session.Session()

# Where the id without spaces differs from botocore's name by more than hyphens.
BOTOCORE_NAMES = {
    "cloudwatchlogs": "logs",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}


class UnknownNameError(ValueError):
    """There is no such service, operation or member."""


@lru_cache(maxsize=64)
def service(name: str) -> ServiceModel:
    """The model of a service as a Task resource names it; raise UnknownNameError."""
    wanted = BOTOCORE_NAMES.get(name.lower(), name.lower())
    for candidate in SESSION.get_available_services():
        if wanted in (candidate, candidate.replace("-", "")):
            model: ServiceModel = SESSION.get_service_model(candidate)
            return model
    raise UnknownNameError(f"there is no AWS SDK service '{name}'")


def operation(service_name: str, action: str) -> OperationModel:
    """The model of an action in camelCase or, as the interpreter has some, snake_case; raise UnknownNameError."""
    model = service(service_name)
    wanted = "".join(word[:1].upper() + word[1:] for word in action.split("_"))
    if wanted not in model.operation_names:
        raise UnknownNameError(f"service '{service_name}' has no action '{action}'")
    return model.operation_model(wanted)


def error_prefix(service_name: str) -> str:
    """`Eks` for eks, `VpcLattice` for vpclattice."""
    return "".join(_pascal(word) for word in str(service(service_name).service_id).split())


def members(shape: Shape | None) -> frozenset[str]:
    """The PascalCase names of a structure's members."""
    return (
        frozenset(_pascal_member(name) for name in shape.members) if isinstance(shape, StructureShape) else frozenset()
    )


def to_botocore(value: Any, shape: Shape | None, path: str = "") -> Any:
    """Arguments of a Task as botocore wants them; raise UnknownNameError for an unknown member."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {_pascal_member(name): name for name in shape.members}
        unknown = sorted(set(value) - set(names))
        if unknown:
            raise UnknownNameError(f"the field '{path}{unknown[0]}' is not supported by Step Functions")
        return {
            names[key]: to_botocore(item, shape.members[names[key]], f"{path}{key}.") for key, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_botocore(item, shape.member, path) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_botocore(item, shape.value, f"{path}{key}.") for key, item in value.items()}
    if shape is not None and not isinstance(value, str | bytes) and shape.type_name in ("string", "blob"):
        return json.dumps(value, separators=(",", ":"))
    return value


def from_botocore(value: Any, shape: Shape | None) -> Any:
    """A response of botocore as the result of a Task."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        known = {name: item for name, item in value.items() if name in shape.members}
        renamed = {_pascal_member(name): from_botocore(item, shape.members[name]) for name, item in known.items()}
        return renamed | {
            name: item for name, item in value.items() if name not in known and name != "ResponseMetadata"
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_botocore(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: from_botocore(item, shape.value) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, StreamingBody):
        return value.read().decode()
    return value.decode() if isinstance(value, bytes) else value


def _pascal_member(name: str) -> str:
    return name[:1].upper() + name[1:]


def _pascal(word: str) -> str:
    return "".join(piece.capitalize() for piece in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", word))
