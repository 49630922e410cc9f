"""AWS::StepFunctions::StateMachine."""

import json
import re
from collections.abc import Mapping
from typing import Any

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.intrinsics import text_of
from trellis_local.deploy.resource import Created, Resource

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def create_state_machine(resource: Resource) -> Created:
    """The state machine with its substitutions done; Ref is its ARN."""
    given = resource.properties
    name = given.take("StateMachineName", resource.name(limit=80))
    arn = resource.api(
        "stepfunctions",
        "create_state_machine",
        name=name,
        definition=_definition(resource),
        roleArn=given.require("RoleArn"),
        type=given.take("StateMachineType"),
        loggingConfiguration=_camel(given.take("LoggingConfiguration")),
        tracingConfiguration=_camel(given.take("TracingConfiguration")),
        tags=[{"key": key, "value": value} for key, value in given.tags().items()],
    )["stateMachineArn"]
    return Created(arn, {"Arn": arn, "Name": name})


def _definition(resource: Resource) -> str:
    given = resource.properties
    text = given.take("DefinitionString")
    if text is None:
        text = json.dumps(given.require("Definition"))
    values: Mapping[str, Any] = given.take("DefinitionSubstitutions", {})
    missing = sorted(set(_SUBSTITUTION.findall(text)) - set(values))
    if missing:
        raise DeployError(f"{given.where}.DefinitionSubstitutions", f"has no value for {', '.join(missing)}")
    return _SUBSTITUTION.sub(lambda match: text_of(values[match[1]]), text)


def _camel(value: Any) -> Any:
    """CloudFormation writes LoggingConfiguration in PascalCase, the API in camelCase."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _camel(member) for key, member in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value
