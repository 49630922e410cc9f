"""Parameters of the running stack, changed as an update of it would change them.

CloudFormation updates the functions whose variables refer to a parameter that has another value now, and nothing else
refers to those that the tests change.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trellis_local.deploy.yaml_loading import load
from trellis_local.walkthrough import World

_TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@contextmanager
def parameters_set(world: World, **values: str) -> Iterator[None]:
    """Meanwhile the stack has these values of its parameters, afterwards those from before."""
    client = world.aws("lambda")
    before = {}
    for name, variables in _concerned(client, values).items():
        found = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        before[name] = found
        client.update_function_configuration(FunctionName=name, Environment={"Variables": found | variables})
    try:
        yield
    finally:
        for name, variables in before.items():
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def _concerned(client: Any, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The variables that follow from the parameters, by the names of the functions that have them."""
    names = [
        item["FunctionName"] for page in client.get_paginator("list_functions").paginate() for item in page["Functions"]
    ]
    template = load(_TEMPLATE)
    found: dict[str, dict[str, str]] = {}
    for parameter, value in values.items():
        referring = list(_referring(template["Resources"], parameter))
        assert referring, f"nothing in the template refers to {parameter}"
        for logical_id, variable in referring:
            (name,) = [name for name in names if f"-{logical_id}-" in f"-{name}-"]
            found.setdefault(name, {})[variable] = value
    return found


def _referring(resources: Mapping[str, Any], parameter: str) -> Iterator[tuple[str, str]]:
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::Serverless::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            yield from ((logical_id, name) for name, value in variables.items() if value == {"Ref": parameter})
