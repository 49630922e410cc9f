"""The operations on auth policies and resource policies of networks and services. They are kept, not evaluated here."""

import json
from collections.abc import Mapping
from typing import Any

from .backend import LatticeBackend
from .configuration import current
from .errors import ResourceNotFoundException, ValidationException, invalid_field
from .kinds import SERVICE_NETWORK, id_of
from .policy_documents import fault_of
from .resources import Policy, Service, ServiceNetwork

Document = dict[str, Any]
Request = Mapping[str, Any]
_AUTH_POLICY_BYTES = 10 * 1024  # the quota, which is not adjustable; the API model would allow more


def put_auth_policy(backend: LatticeBackend, request: Request) -> Document:
    """Attach an auth policy; it is Inactive as long as the auth type is NONE."""
    resource = _policed(backend, request["resourceIdentifier"])
    text = _checked_policy(request["policy"])
    if len(text.encode()) > _AUTH_POLICY_BYTES:
        raise invalid_field("policy", f"must be at most {_AUTH_POLICY_BYTES} bytes")
    fault = fault_of(json.loads(text))
    if fault is not None:
        raise invalid_field("policy", fault)
    now = backend.now()
    created_at = resource.auth_policy.created_at if resource.auth_policy else now
    resource.auth_policy = Policy(text=text, created_at=created_at, last_updated_at=now)
    return {"policy": text, "state": _state(resource)}


def get_auth_policy(backend: LatticeBackend, request: Request) -> Document:
    """The auth policy of a resource; by choice an error or an empty text when it has none."""
    identifier = request["resourceIdentifier"]
    resource = _policed(backend, identifier)
    policy = resource.auth_policy
    if policy is None:
        if current().choices.missing_auth_policy == "empty":
            return {"policy": "", "state": _state(resource)}
        raise _no_policy(identifier, "AUTH_POLICY")
    return {
        "policy": policy.text,
        "state": _state(resource),
        "createdAt": policy.created_at,
        "lastUpdatedAt": policy.last_updated_at,
    }


def delete_auth_policy(backend: LatticeBackend, request: Request) -> Document:
    """Remove the auth policy; with auth type AWS_IAM everything is denied from then on, or by choice it is refused."""
    identifier = request["resourceIdentifier"]
    resource = _policed(backend, identifier)
    if resource.auth_policy is None:
        raise _no_policy(identifier, "AUTH_POLICY")
    if resource.auth_type == "AWS_IAM" and not current().choices.auth_policy_deletable:
        raise ValidationException(f"The auth type of {resource.id} must be NONE to delete its auth policy.")
    resource.auth_policy = None
    return {}


def put_resource_policy(backend: LatticeBackend, request: Request) -> Document:
    """Attach a resource policy."""
    _policed(backend, request["resourceArn"]).resource_policy = _checked_policy(request["policy"])
    return {}


def get_resource_policy(backend: LatticeBackend, request: Request) -> Document:
    """The resource policy; raises ResourceNotFoundException when there is none."""
    policy = _policed(backend, request["resourceArn"]).resource_policy
    if policy is None:
        raise _no_policy(request["resourceArn"], "RESOURCE_POLICY")
    return {"policy": policy}


def delete_resource_policy(backend: LatticeBackend, request: Request) -> Document:
    """Remove the resource policy."""
    resource = _policed(backend, request["resourceArn"])
    if resource.resource_policy is None:
        raise _no_policy(request["resourceArn"], "RESOURCE_POLICY")
    resource.resource_policy = None
    return {}


def _policed(backend: LatticeBackend, identifier: str) -> ServiceNetwork | Service:
    if id_of(identifier).startswith(SERVICE_NETWORK.prefix + "-"):
        return backend.service_network(identifier)
    return backend.service(identifier)


def _checked_policy(text: str) -> str:
    if "\n" in text:
        raise invalid_field("policy", "must not contain newlines")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid_field("policy", "is not JSON") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise invalid_field("policy", "is not a policy document with a Statement")
    return text


def _state(resource: ServiceNetwork | Service) -> str:
    return "Active" if resource.auth_type == "AWS_IAM" else "Inactive"


def _no_policy(identifier: str, resource_type: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"{identifier} has no policy", resource_id=identifier, resource_type=resource_type)
