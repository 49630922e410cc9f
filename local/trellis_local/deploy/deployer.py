"""Deploys one SAM template: translate it, create its resources in the order of their references, compute its outputs.

Everything goes through boto3 calls on the endpoint. It only creates: it neither updates nor deletes a stack.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trellis_local.deploy.api import Api, Clients
from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.handlers import HANDLERS, REFUSED
from trellis_local.deploy.intrinsics import NO_VALUE, Resolver
from trellis_local.deploy.parameters import pseudo_parameters, values_of
from trellis_local.deploy.properties import Properties
from trellis_local.deploy.resource import Created, Registry, Resource
from trellis_local.deploy.sam import Application, transform
from trellis_local.workers.function import FunctionSource

# Resource attributes that say nothing about a stack that is only created: the policies concern updates and deletions,
# Metadata is for other tools.
_IGNORED_ATTRIBUTES = frozenset({"DeletionPolicy", "UpdateReplacePolicy", "Metadata"})
_USED_ATTRIBUTES = frozenset({"Type", "Properties", "DependsOn", "Condition"})


@dataclass(frozen=True)
class Target:
    """Where a template is deployed, and as what."""

    clients: Clients
    stack: str = "trellis"
    account: str = "111122223333"
    region: str = "us-west-2"


@dataclass(frozen=True)
class Deployment:
    """What a deployment made; ARNs are there for the resources that have one."""

    outputs: Mapping[str, Any]
    physical_ids: Mapping[str, str]
    arns: Mapping[str, str]
    functions: Mapping[str, FunctionSource]


def deploy(template_path: Path, target: Target, *, parameters: Mapping[str, Any] | None = None) -> Deployment:
    """Deploy `template_path` with parameter overrides; raise DeployError, naming logical id and property."""
    application = transform(template_path, parameters or {}, region=target.region)
    return _Stack(application, target, parameters or {}).deploy()


class _Stack:
    """One deployment under way: a resource is created when it is first asked for."""

    def __init__(self, application: Application, target: Target, overrides: Mapping[str, Any]) -> None:
        template = application.template
        pseudo = pseudo_parameters(account=target.account, region=target.region, stack=target.stack)
        self._target = target
        self._clients = functools.cache(target.clients)
        self._resources: dict[str, dict[str, Any]] = template["Resources"]
        self._outputs: dict[str, dict[str, Any]] = template.get("Outputs", {})
        self._resolver = Resolver(template, {**values_of(template, overrides), **pseudo}, self._lookup)
        self._registry = Registry(code=application.code)
        self._created: dict[str, Created] = {}
        self._under_way: list[str] = []

    def deploy(self) -> Deployment:
        self._check_types()
        for logical_id in self._resources:
            if self._wanted(logical_id):
                self._lookup(logical_id, logical_id)
        return Deployment(
            outputs={
                name: self._resolver.resolve(output["Value"], f"Outputs.{name}")
                for name, output in self._outputs.items()
                if "Condition" not in output or self._resolver.holds(output["Condition"], f"Outputs.{name}")
            },
            physical_ids={name: created.physical_id for name, created in self._created.items()},
            arns={name: arn for name, created in self._created.items() if (arn := _arn_of(created))},
            functions=dict(self._registry.functions),
        )

    def _check_types(self) -> None:
        """Before anything is created, so that an unsupported template leaves nothing behind."""
        for logical_id, definition in self._resources.items():
            kind = definition["Type"]
            if kind in REFUSED:
                raise DeployError(logical_id, f"{kind}: {REFUSED[kind]}")
            if kind not in HANDLERS:
                raise DeployError(logical_id, f"the local stack has no {kind}")
            unknown = set(definition) - _USED_ATTRIBUTES - _IGNORED_ATTRIBUTES
            if unknown:
                raise DeployError(f"{logical_id}.{min(unknown)}", "this attribute is not supported")

    def _wanted(self, logical_id: str) -> bool:
        condition = self._resources[logical_id].get("Condition")
        return condition is None or self._resolver.holds(condition, logical_id)

    def _lookup(self, logical_id: str, where: str) -> Created:
        if logical_id in self._created:
            return self._created[logical_id]
        if logical_id not in self._resources:
            raise DeployError(where, f"there is no parameter or resource {logical_id}")
        if not self._wanted(logical_id):
            raise DeployError(where, f"the condition of {logical_id} is false")
        if logical_id in self._under_way:
            raise DeployError(where, f"circular reference: {' -> '.join([*self._under_way, logical_id])}")
        self._under_way.append(logical_id)
        self._created[logical_id] = self._create(logical_id)
        self._under_way.pop()
        return self._created[logical_id]

    def _create(self, logical_id: str) -> Created:
        definition = self._resources[logical_id]
        needed = definition.get("DependsOn", [])
        for other in [needed] if isinstance(needed, str) else needed:
            if other not in self._resources or self._wanted(other):
                self._lookup(other, f"{logical_id}.DependsOn")
        values = self._resolver.resolve(definition.get("Properties", {}), logical_id)
        properties = Properties(logical_id, {key: value for key, value in values.items() if value is not NO_VALUE})
        created = HANDLERS[definition["Type"]](self._resource(logical_id, properties))
        properties.finish()
        return created

    def _resource(self, logical_id: str, properties: Properties) -> Resource:
        return Resource(
            logical_id=logical_id,
            stack=self._target.stack,
            account=self._target.account,
            region=self._target.region,
            properties=properties,
            api=Api(self._clients, logical_id),
            registry=self._registry,
        )


def _arn_of(created: Created) -> str:
    """The ARN, under the name that the type gives it."""
    names = ("Arn", "TopicArn", "LayerVersionArn", "PolicyArn")
    return next((str(created.attributes[name]) for name in names if name in created.attributes), "")
