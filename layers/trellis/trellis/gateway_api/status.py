"""The `status` of the objects of this controller: conditions of the intent joined with results from AWS."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trellis.gateway_api.conditions import (
    CERTIFICATE_READY,
    CONFLICTED,
    CONTROLLER,
    DNS_READY,
    INVALID_CERTIFICATE_REF,
    Condition,
    Conditions,
    joined,
)
from trellis.gateway_api.intent_model import (
    GatewayIntent,
    GroupPolicyIntent,
    Intent,
    ListenerIntent,
    ParentIntent,
    PolicyIntent,
    RouteIntent,
)
from trellis.gateway_api.objects import GATEWAY_GROUP
from trellis.gateway_api.results import (
    CertificateResult,
    NameResult,
    NetworkResult,
    PolicyResult,
    Results,
    ServiceResult,
)

DOMAIN_ANNOTATION = "application-networking.k8s.aws/lattice-assigned-domain-name"
"""On an HTTPRoute: the domain names that VPC Lattice generated for its services, separated by commas."""

_MAX_ADDRESSES = 16


@dataclass(frozen=True)
class ObjectStatus:
    """The status wanted for one object, and annotations to set, or to remove where the value is None."""

    kind: str
    namespace: str
    name: str
    status: dict[str, Any]
    annotations: dict[str, str | None]


def build_status(intent: Intent, results: Results) -> tuple[ObjectStatus, ...]:
    """The statuses of all objects of this controller, ordered by kind, namespace and name, without times."""
    building = _Building(intent, results)
    classes = [
        ObjectStatus("GatewayClass", "", known.name, {"conditions": _raw(known.conditions)}, {})
        for known in intent.classes
    ]
    gateways = map(building.gateway, intent.gateways)
    routes = map(building.route, intent.routes)
    policies = map(building.policy, intent.policies)
    group_policies = map(_group_policy, intent.group_policies)
    found = (*classes, *gateways, *routes, *policies, *group_policies)
    return tuple(sorted(found, key=lambda status: (status.kind, status.namespace, status.name)))


class _Building:
    def __init__(self, intent: Intent, results: Results) -> None:
        self._intent = intent
        self._services = {result.name: result for result in results.services}
        self._names = {result.hostname: result for result in results.names}
        self._certificates = {result.service: result for result in results.certificates}
        self._networks = {result.name: result for result in results.networks}
        self._policies = {result.holder: result for result in results.policies}
        self._hostnames = {service.name: service.hostname for service in intent.services}

    def gateway(self, gateway: GatewayIntent) -> ObjectStatus:
        """The status of a Gateway."""
        programmed = self._gateway_programmed(gateway)
        parents = [parent for route in self._intent.routes for parent in route.parents]
        own = [parent for parent in parents if parent.gateway == (gateway.namespace, gateway.name)]
        addresses = self._domains(own)[:_MAX_ADDRESSES]
        status = {
            "addresses": [{"type": "Hostname", "value": domain} for domain in addresses],
            "conditions": _raw((*gateway.conditions, programmed)),
            "listeners": [self._listener(listener, programmed) for listener in gateway.listeners],
        }
        return ObjectStatus("Gateway", gateway.namespace, gateway.name, status, {})

    def route(self, route: RouteIntent) -> ObjectStatus:
        """The status of an HTTPRoute and its annotation with the generated domain names."""
        entries = [
            {
                "parentRef": dict(parent.parent_ref),
                "controllerName": CONTROLLER,
                "conditions": _raw(self._parent_conditions(parent, Conditions(route.generation))),
            }
            for parent in route.parents
        ]
        domains = ",".join(self._domains(route.parents)) or None
        return ObjectStatus(
            "HTTPRoute", route.namespace, route.name, {"parents": entries}, {DOMAIN_ANNOTATION: domains}
        )

    def policy(self, policy: PolicyIntent) -> ObjectStatus:
        """The status of an IAMAuthPolicy: whether it counts, and whether VPC Lattice has it."""
        conditions = Conditions(policy.accepted.observed_generation)
        accepted, programmed = policy.accepted, self._policy_programmed(policy, conditions)
        if accepted.status == "True" and programmed.reason == CONFLICTED:
            accepted = conditions.false("Accepted", CONFLICTED, programmed.message)
        status = {"conditions": _raw((accepted, programmed))}
        return ObjectStatus("IAMAuthPolicy", policy.namespace, policy.name, status, {})

    def _policy_programmed(self, policy: PolicyIntent, conditions: Conditions) -> Condition:
        if policy.accepted.status != "True":
            return conditions.false("Programmed", "Invalid", "The policy is not accepted")
        if not policy.holders:
            return conditions.false("Programmed", "Pending", "The route has no VPC Lattice service yet")
        results = [self._policies.get(name, PolicyResult(name, "PENDING")) for name in policy.holders]
        for status, fallback in (("REFUSED", "Invalid"), ("PENDING", "Pending")):
            missing = [result for result in results if result.status == status]
            if missing:
                messages = [
                    _told(result.message, f"{result.holder} does not have the policy yet") for result in missing
                ]
                return conditions.false("Programmed", missing[0].reason or fallback, joined(messages))
        return conditions.true("Programmed", "Programmed", f"In force at {', '.join(policy.holders)}")

    def _parent_conditions(self, parent: ParentIntent, conditions: Conditions) -> Iterable[Condition]:
        yield from parent.conditions
        if not parent.accepted:
            yield conditions.false("Programmed", "Invalid", "The route is not accepted")
            return
        yield self._programmed(parent.services, conditions)
        hostnames = [hostname for name in parent.services if (hostname := self._hostnames[name])]
        if hostnames:
            yield self._dns_ready(hostnames, conditions)
        certificates = [self._certificates[name] for name in parent.services if name in self._certificates]
        if certificates:
            yield _certificate_ready(certificates, conditions)

    def _programmed(self, services: Sequence[str], conditions: Conditions) -> Condition:
        results = [self._services.get(name, ServiceResult(name, "PENDING")) for name in services]
        for status, fallback in (("REFUSED", "Invalid"), ("PENDING", "Pending")):
            missing = [result for result in results if result.status == status]
            if missing:
                messages = [
                    _told(result.message, f"VPC Lattice service {result.name} is not ready") for result in missing
                ]
                return conditions.false("Programmed", missing[0].reason or fallback, joined(messages))
        return conditions.true("Programmed", "Programmed", f"VPC Lattice services: {', '.join(services)}")

    def _dns_ready(self, hostnames: Sequence[str], conditions: Conditions) -> Condition:
        results = [self._names.get(name, NameResult(name, "PENDING")) for name in sorted(hostnames)]
        for status, fallback in (("REFUSED", "Refused"), ("PENDING", "Pending")):
            missing = [result for result in results if result.status == status]
            if missing:
                messages = [_told(result.message, f"{result.hostname} has no record yet") for result in missing]
                return conditions.false(DNS_READY, missing[0].reason or fallback, joined(messages))
        return conditions.true(DNS_READY, "RecordsReady", joined(result.hostname for result in results))

    def _gateway_programmed(self, gateway: GatewayIntent) -> Condition:
        conditions = Conditions(gateway.generation)
        if not gateway.accepted:
            return conditions.false("Programmed", "Invalid", "The Gateway is not accepted")
        result = self._networks.get(gateway.name, NetworkResult(gateway.name, "PENDING"))
        if result.status == "PROGRAMMED":
            return conditions.true("Programmed", "Programmed", f"VPC Lattice service network {gateway.name}")
        fallback = "Invalid" if result.status == "REFUSED" else "Pending"
        message = _told(result.message, f"VPC Lattice service network {gateway.name} is not ready")
        return conditions.false("Programmed", result.reason or fallback, message)

    def _listener(self, listener: ListenerIntent, gateway: Condition) -> dict[str, Any]:
        conditions = Conditions(gateway.observed_generation)
        if listener.usable:
            programmed = gateway
        else:
            programmed = conditions.false("Programmed", "Invalid", "The listener is not accepted")
        return {
            "name": listener.name,
            "supportedKinds": [{"group": GATEWAY_GROUP, "kind": kind} for kind in listener.supported_kinds],
            "attachedRoutes": listener.attached_routes,
            "conditions": _raw((*self._resolved(listener, conditions), programmed)),
        }

    def _resolved(self, listener: ListenerIntent, conditions: Conditions) -> Iterable[Condition]:
        """The listener's conditions; the certificate that it names is a reference, of which only ACM knows."""
        bad = [
            result.message
            for result in self._certificates.values()
            if listener.certificate_arn in result.named and not result.is_ready
        ]
        for found in listener.conditions:
            if bad and (found.type, found.status) == ("ResolvedRefs", "True"):
                yield conditions.false("ResolvedRefs", INVALID_CERTIFICATE_REF, joined(bad))
            else:
                yield found

    def _domains(self, parents: Iterable[ParentIntent]) -> list[str]:
        names = {name for parent in parents for name in parent.services if name in self._services}
        return sorted({self._services[name].domain_name for name in names} - {""})


def _group_policy(policy: GroupPolicyIntent) -> ObjectStatus:
    status = {"conditions": _raw((policy.accepted,))}
    return ObjectStatus("TargetGroupPolicy", policy.namespace, policy.name, status, {})


def _certificate_ready(results: Sequence[CertificateResult], conditions: Conditions) -> Condition:
    bad = [result for result in results if not result.is_ready]
    if bad:
        return conditions.false(CERTIFICATE_READY, bad[0].reason, joined(result.message for result in bad))
    return conditions.true(CERTIFICATE_READY, "CertificateReady", joined(result.message for result in results))


def _told(message: str, otherwise: str) -> str:
    return message or otherwise


def _raw(conditions: Iterable[Condition]) -> list[dict[str, Any]]:
    return [
        {
            **{name: value for name, value in asdict(found).items() if name != "observed_generation"},
            "observedGeneration": found.observed_generation,
        }
        for found in conditions
    ]
