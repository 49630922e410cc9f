"""What a plan wanted, resource by resource: comparing two plans tells a change of the intent from drift.

A service's resources and their words are those of the changes that would make it from nothing, so that they are called
here as they are called in every plan.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from trellis.model import POD_IDENTITY, AuthPolicy, Desired, Service
from trellis.planning.auth_policies import IAM, resource_of
from trellis.planning.client_identity import BOUNDARY, CALLS, EXTRA, TRUST, binding_of, role_named
from trellis.planning.client_identity import resource_of as client_role
from trellis.planning.service_changes import describe, health_check_of
from trellis.planning.service_state import ObservedService
from trellis.planning.services import diff_service

Document = Mapping[str, Any]
Fields = Mapping[str, Any]

_DESIRED = TypeAdapter(Desired)


@dataclass(frozen=True)
class Wanted:
    """`resources` of the services, with their fields; `names` by hostname; `basis` is what the rest follows from.

    `policies` are all auth policies that were asked for, by resource, also those that cannot be put.
    """

    resources: Mapping[str, Fields] = field(default_factory=dict)
    policies: Mapping[str, AuthPolicy] = field(default_factory=dict)
    names: Mapping[str, Any] = field(default_factory=dict)
    basis: Fields = field(default_factory=dict)

    def has_same(self, other: "Wanted", *basis: str) -> bool:
        """Whether both follow from the same members of the basis; what is not known is not the same."""
        return all(name in self.basis and self.basis[name] == other.basis.get(name) for name in basis)


def wanted(plan: Document, about: Document) -> Wanted:
    """What a stored plan wanted; of its services only those that `about`, the same plan or another, has items for."""
    desired, told = desired_of(plan), _told(about)
    resources: dict[str, Fields] = {}
    for service in desired.services:
        if not told.isdisjoint(_called(service)):
            resources.update(_of_service(service))
    for policy in desired.auth_policies:
        if policy.document:
            fields = {"policy": policy.document, "auth_type": IAM, "source": policy.source}
            resources[resource_of(policy.holder)] = fields
    for client in desired.clients:
        # Which services there are for the hostnames is no matter of what the cluster wants.
        role: Fields = {CALLS: client.calls, TRUST: client.binding, BOUNDARY: True, EXTRA: ()}
        resources[client_role(client.name)] = resources[role_named(client.role)] = role
        if client.binding == POD_IDENTITY:
            resources[binding_of(client.name)] = {"records": client.role}
    policies = {resource_of(policy.holder): policy for policy in desired.auth_policies}
    return Wanted(resources, policies, {name.hostname: name for name in desired.names}, plan.get("basis", {}))


def document_of(desired: Desired) -> dict[str, Any]:
    """What a plan stores of what is desired."""
    document: dict[str, Any] = _DESIRED.dump_python(desired)
    return document


def desired_of(plan: Document) -> Desired:
    """The model's objects of a stored plan."""
    return _DESIRED.validate_python(plan.get("desired", {}))


def _told(plan: Document) -> set[str]:
    """The names of a plan's items and the resources that would change: a group may stand under another service."""
    changes = [
        change for item in plan["items"] for change in [*item["plan"]["changes"], *item["plan"].get("reported", ())]
    ]
    return {*(item["name"] for item in plan["items"]), *(change["resource"] for change in changes)}


def _called(service: Service) -> set[str]:
    return {service.name, *(f"target group {group.name}" for group in service.target_groups)}


def _of_service(service: Service) -> Mapping[str, Fields]:
    found: dict[str, dict[str, Any]] = {}
    for change in diff_service(service, ObservedService(service.name, owner="")).changes:
        words = describe(change)
        fields = found.setdefault(words["resource"], {})
        for name, value in words["expected"].items():
            # Targets come in portions.
            fields[name] = [*fields.get(name, ()), *value] if name == "targets" else value
    for group in service.target_groups:
        found[health_check_of(group.name)] = asdict(group.health_check) if group.health_check else {}
    return found
