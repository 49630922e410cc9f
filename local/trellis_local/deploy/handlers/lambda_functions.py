"""AWS::Lambda::Function, LayerVersion, Permission and EventInvokeConfig.

The archive that the API receives is the source directory; the workers run the directory itself.
"""

from pathlib import Path
from typing import Any

from trellis_local.deploy.archives import archive_of, python_path_of
from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.intrinsics import text_of
from trellis_local.deploy.resource import Created, Resource
from trellis_local.workers.function import FunctionSource

_PASSED_ON = (
    "Architectures",
    "DeadLetterConfig",
    "Description",
    "EphemeralStorage",
    "KmsKeyArn",
    "LoggingConfig",
    "Runtime",
    "TracingConfig",
)


def create_function(resource: Resource) -> Created:
    """The function; its source is remembered for the workers. Ref is its name."""
    given = resource.properties
    name = given.take("FunctionName", resource.name())
    code_dir = _local_directory(resource, "Code")
    variables = given.nested("Environment")
    environment = {key: text_of(value) for key, value in variables.take("Variables", {}).items()}
    variables.finish()
    layers = given.take("Layers", [])
    timeout, memory = given.take("Timeout", 3), given.take("MemorySize", 128)
    role_arn, handler = given.require("Role"), given.require("Handler")
    created = resource.api(
        "lambda",
        "create_function",
        FunctionName=name,
        Code={"ZipFile": archive_of(code_dir)},
        Environment={"Variables": environment},
        Layers=layers,
        Timeout=timeout,
        MemorySize=memory,
        Role=role_arn,
        Handler=handler,
        Tags=given.tags(),
        **given.some(*_PASSED_ON),
    )
    _reserve_concurrency(resource, name)
    resource.registry.functions[name] = FunctionSource(
        name=name,
        code_dir=code_dir,
        layer_dirs=_layer_directories(resource, layers),
        handler=handler,
        environment=tuple(environment.items()),
        role_arn=role_arn,
        timeout=int(timeout),
        memory=int(memory),
    )
    return Created(name, {"Arn": created["FunctionArn"]})


def _reserve_concurrency(resource: Resource, name: str) -> None:
    reserved = resource.properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        resource.api("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)


def _local_directory(resource: Resource, name: str) -> Path:
    given = resource.properties.nested(name)
    bucket, key = given.take("S3Bucket"), given.take("S3Key")
    given.finish()
    directory = resource.registry.code.get(key)
    if directory is None:
        raise DeployError(given.where, f"no local directory stands behind s3://{bucket}/{key}")
    return directory


def _layer_directories(resource: Resource, arns: list[str]) -> tuple[Path, ...]:
    unknown = [arn for arn in arns if arn not in resource.registry.layers]
    if unknown:
        raise DeployError(f"{resource.properties.where}.Layers", f"{unknown[0]} is no layer of this template")
    paths = (python_path_of(resource.registry.layers[arn]) for arn in arns)
    return tuple(path for path in paths if path is not None)


def create_layer_version(resource: Resource) -> Created:
    """The layer; Ref is the ARN of its version."""
    given = resource.properties
    directory = _local_directory(resource, "Content")
    arn = resource.api(
        "lambda",
        "publish_layer_version",
        LayerName=given.take("LayerName", resource.logical_id),
        Content={"ZipFile": archive_of(directory)},
        **given.some("CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo"),
    )["LayerVersionArn"]
    resource.registry.layers[arn] = directory
    return Created(arn, {"LayerVersionArn": arn})


def create_permission(resource: Resource) -> Created:
    """A statement of the function's resource policy; Ref is its id."""
    given = resource.properties
    statement_id = resource.name(limit=100)
    resource.api(
        "lambda",
        "add_permission",
        StatementId=statement_id,
        FunctionName=given.require("FunctionName"),
        Action=given.require("Action"),
        Principal=given.require("Principal"),
        **given.some("SourceArn", "SourceAccount"),
    )
    return Created(statement_id, {"Id": statement_id})


def create_event_invoke_config(resource: Resource) -> Created:
    """How asynchronous invocations are retried and where they end."""
    given = resource.properties
    function: Any = given.require("FunctionName")
    resource.api(
        "lambda",
        "put_function_event_invoke_config",
        FunctionName=function,
        Qualifier=given.require("Qualifier"),
        **given.some("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"),
    )
    return Created(resource.name())
