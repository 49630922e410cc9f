"""Failures of API requests as Kubernetes reports them: an HTTP code, a reason and a `Status` body.

Only request handling raises these; a programming error stays an ordinary exception and becomes a 500.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """One refused field: `reason` is a Kubernetes cause type such as FieldValueInvalid."""

    field: str
    reason: str
    message: str


class ApiError(Exception):
    """A request the API refuses."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> dict[str, Any]:
        """The `Status` object of the response body."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body |= {"message": self.message, "reason": self.reason, "code": self.code}
        if self.details:
            body["details"] = self.details
        return body


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def not_found(resource: str, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', {"name": name, "kind": resource})


def no_such_path() -> ApiError:
    """404: the server serves no such path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: str, name: str) -> ApiError:
    """409: an object of that name exists."""
    details = {"name": name, "kind": resource}
    return ApiError(409, "AlreadyExists", f'{resource} "{name}" already exists', details)


def conflict(resource: str, name: str, why: str) -> ApiError:
    """409: the object changed, or cannot change now."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(409, "Conflict", message, {"name": name, "kind": resource})


def modified(resource: str, name: str) -> ApiError:
    """409: the resourceVersion sent is not the current one."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def invalid(kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422: the object is understood and refused, with one cause for each field."""
    texts = [f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes]
    summary = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    short_kind = kind.partition(".")[0]
    details = {"name": name, "group": kind.partition(".")[2], "kind": short_kind, "causes": listed}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {summary}', details)


def expired(message: str) -> ApiError:
    """410: the resourceVersion or continue token is too old."""
    return ApiError(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """405: the resource has no such operation."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(media_type: str, accepted: str) -> ApiError:
    """415: a body in a format that this server does not read."""
    format_seen = f"the body of the request was in an unknown format ({media_type})"
    message = f"{format_seen} - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)
