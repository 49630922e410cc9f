"""HTTP requests and answers as the server and the handlers pass them, and how bodies are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from trellis_local.kubernetes import errors

_BODY_TYPES = ("application/json", "application/yaml", "")


@dataclass(frozen=True)
class HttpRequest:
    """One request as it came over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Content type without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()


@dataclass(frozen=True)
class HttpAnswer:
    """A JSON (or plain text) body, or a stream of watch events."""

    code: int
    body: Any = None
    stream: Iterator[dict[str, Any]] | None = None
    warnings: list[str] = field(default_factory=list)


def parsed_body(request: HttpRequest) -> Any:
    """The body of a request that sends an object; 415 for formats other than JSON and YAML."""
    if request.media_type not in _BODY_TYPES:
        raise errors.unsupported_media_type(request.media_type, "application/json, application/yaml")
    return parse(request.body)


def parse(body: bytes) -> Any:
    """A JSON body, or a YAML one where it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return yaml.load(body, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        raise errors.bad_request(f"error decoding body: {error}") from error


class _PlainLoader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a date is a string."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
