"""From the project's SAM template to plain CloudFormation, with the local directories of the code kept aside.

The SAM translator only takes S3 addresses, so code and layers get an address that leads back to their directory, and
state machine definitions are written into the template first. Nothing is built.
"""

import copy
import functools
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.iam.aws_managed_policies import aws_managed_policies_data
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.yaml_loading import load

_BUCKET = "local-code"
_CODE_PROPERTY = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
}
_MACHINES = ("AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine")


@dataclass(frozen=True)
class Application:
    """A template in CloudFormation's terms; `code` maps the S3 key of code or a layer to its local directory."""

    template: dict[str, Any]
    code: Mapping[str, Path]


def transform(template_path: Path, parameters: Mapping[str, Any], *, region: str) -> Application:
    """Load and translate the template; raise DeployError."""
    template = load(template_path)
    local = copy.deepcopy(template)
    code: dict[str, Path] = {}
    for logical_id, resource in local.get("Resources", {}).items():
        _keep_code_aside(logical_id, resource, template, base=template_path.parent, code=code)
        _write_definition_in(logical_id, resource, base=template_path.parent)
    _forget_global_code(local)
    # It warns about usage metrics that it did not send anywhere.
    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    translator = Translator(_managed_policies(), Parser(), boto_session=boto3.Session(region_name=region))
    try:
        translated = translator.translate(local, dict(parameters))
    except InvalidDocumentException as error:
        raise DeployError(str(template_path), "; ".join(cause.message for cause in error.causes)) from error
    return Application(dict(translated), code)


def _keep_code_aside(
    logical_id: str, resource: dict[str, Any], template: dict[str, Any], *, base: Path, code: dict[str, Path]
) -> None:
    name = _CODE_PROPERTY.get(resource.get("Type", ""))
    if name is None:
        return
    properties = resource.setdefault("Properties", {})
    shared = template.get("Globals", {}).get("Function", {}).get(name) if name == "CodeUri" else None
    uri = properties.get(name, shared)
    if not isinstance(uri, str) or "://" in uri:
        raise DeployError(f"{logical_id}.{name}", f"must be a local directory, not {uri!r}")
    directory = (base / uri).resolve()
    if not directory.is_dir():
        raise DeployError(f"{logical_id}.{name}", f"there is no directory {uri}")
    code[logical_id] = directory
    serverless = resource["Type"].startswith("AWS::Serverless::")
    properties[name] = f"s3://{_BUCKET}/{logical_id}" if serverless else {"S3Bucket": _BUCKET, "S3Key": logical_id}


def _write_definition_in(logical_id: str, resource: dict[str, Any], *, base: Path) -> None:
    properties = resource.get("Properties", {})
    if resource.get("Type") not in _MACHINES or "DefinitionUri" not in properties:
        return
    uri = properties.pop("DefinitionUri")
    if not isinstance(uri, str):
        raise DeployError(f"{logical_id}.DefinitionUri", f"must be a local file, not {uri!r}")
    properties["Definition"] = load(base / uri)


def _forget_global_code(template: dict[str, Any]) -> None:
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)


@functools.cache
def _managed_policies() -> dict[str, str]:
    """AWS managed policies by the names that SAM lets a template use."""
    policies = json.loads(aws_managed_policies_data)
    return {name: f"arn:aws:iam::aws:policy{policy['Path']}{name}" for name, policy in policies.items()}
