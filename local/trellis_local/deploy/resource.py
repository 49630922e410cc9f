"""What a handler is given and what it gives back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trellis_local.deploy.api import Api
from trellis_local.deploy.properties import Properties
from trellis_local.workers.function import FunctionSource


@dataclass(frozen=True)
class Created:
    """A physical resource: what Ref and Fn::GetAtt give, and its ARN where it has one."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Registry:
    """What handlers remember for each other: local directories by S3 key, layers by ARN, and the functions."""

    code: Mapping[str, Path]
    layers: dict[str, Path] = field(default_factory=dict)
    functions: dict[str, FunctionSource] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """One resource of the template, its intrinsics resolved."""

    logical_id: str
    stack: str
    account: str
    region: str
    properties: Properties
    api: Api
    registry: Registry

    def name(self, *, limit: int = 64) -> str:
        """A name as CloudFormation makes them: stack, logical id and a suffix, at most `limit` characters."""
        suffix = hashlib.sha256(f"{self.stack}/{self.logical_id}".encode()).hexdigest()[:12].upper()
        return f"{self.stack}-{self.logical_id}"[: limit - 13] + f"-{suffix}"
