"""From the intent to the AWS resources that it asks for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from trellis.gateway_api import limits
from trellis.gateway_api.intent_model import Backend, Intent, RuleIntent, ServiceIntent, Share
from trellis.gateway_api.names import rule_name, target_group_name
from trellis.model import (
    Action,
    Cluster,
    Desired,
    DnsName,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    Rule,
    Service,
    TargetGroup,
    WeightedTargetGroup,
    service_holder,
)

_UNRESOLVED_PORT = 80


def build_desired(intent: Intent, cluster: Cluster, certificates: Mapping[str, str | None] | None = None) -> Desired:
    """The services and names of the intent, each ordered by name.

    `certificates` are the ARNs chosen for services that need one, by name; without a choice it stays what it is.
    """
    asking = {policy.holder: policy.source for policy in intent.auth_policies}
    chosen = certificates or {}
    services = tuple(
        replace(
            _Service(found, cluster).build(),
            auth_policy=asking.get(service_holder(found.name), ""),
            certificate_arn="" if found.certificates is None else chosen.get(found.name),
        )
        for found in sorted(intent.services, key=lambda found: found.name)
    )
    names = tuple(
        DnsName(service.custom_domain_name, service.name, service.stands_for)
        for service in services
        if service.custom_domain_name
    )
    clients = tuple(found.identity for found in intent.clients if found.identity)
    return Desired(services, tuple(sorted(names, key=lambda name: name.hostname)), intent.auth_policies, clients)


class _Service:
    def __init__(self, service: ServiceIntent, cluster: Cluster) -> None:
        self._service = service
        self._cluster = cluster
        self._known: dict[Backend | None, TargetGroup] = {}

    def build(self) -> Service:
        rules = [rule for listener in self._service.listeners for rule in listener.rules]
        groups = {group.name: group for rule in rules for group in map(self._group, rule.shares)}
        return Service(
            name=self._service.name,
            custom_domain_name=self._service.hostname,
            listeners=tuple(
                Listener(
                    name=f"{found.protocol.lower()}-{found.port}",
                    protocol=found.protocol,
                    port=found.port,
                    default_action=FixedResponse(404),
                    rules=tuple(self._rule(rule, priority) for priority, rule in _placed(found.rules)),
                )
                for found in self._service.listeners
            ),
            target_groups=tuple(group for _, group in sorted(groups.items())),
            service_networks=self._service.service_networks,
            stands_for=self._service.stands_for,
        )

    def _rule(self, rule: RuleIntent, priority: int) -> Rule:
        return Rule(rule_name(rule.match), priority, rule.match, self._action(rule))

    def _action(self, rule: RuleIntent) -> Action:
        if not rule.shares:
            return FixedResponse(500)
        return Forward(tuple(WeightedTargetGroup(self._group(share).name, share.weight) for share in rule.shares))

    def _group(self, share: Share) -> TargetGroup:
        if share.backend not in self._known:
            self._known[share.backend] = self._backed(share.backend) if share.backend else self._unresolved()
        return self._known[share.backend]

    def _backed(self, backend: Backend) -> TargetGroup:
        port, family = backend.target_port, backend.ip_address_type
        identity = (backend.namespace, backend.name, str(backend.port), str(port), "HTTP", "HTTP1", family)
        service = f"{backend.namespace[:20]}-{backend.name[:27]}-{backend.port}"
        return TargetGroup(
            name=self._name(service, *identity),
            vpc_id=self._cluster.vpc_id,
            port=port,
            ip_address_type=family,
            health_check=backend.health_check,
            targets=backend.targets,
            stands_for=f"Service {backend.namespace}/{backend.name}"[: limits.MAX_TAG_VALUE - 11]
            + f" port {backend.port}",
        )

    def _unresolved(self) -> TargetGroup:
        """A group that stays empty, so that the requests of its share fail as the Gateway API wants it, with a 503."""
        return TargetGroup(
            name=self._name(f"{self._service.namespace[:20]}-unresolved", "unresolved"),
            vpc_id=self._cluster.vpc_id,
            port=_UNRESOLVED_PORT,
            health_check=HealthCheck(),
            stands_for=f"backends that cannot be used: {self._service.stands_for}"[: limits.MAX_TAG_VALUE],
        )

    def _name(self, readable: str, *identity: str) -> str:
        cluster = self._cluster
        return target_group_name(readable, cluster.account, cluster.name, cluster.vpc_id, self._service.name, *identity)


def _placed(rules: Sequence[RuleIntent]) -> Iterator[tuple[int, RuleIntent]]:
    """The rules with their priorities, with room between them as far as priorities reach."""
    step = min(limits.PRIORITY_STEP, limits.MAX_PRIORITY // len(rules))
    return ((place * step, rule) for place, rule in enumerate(rules, start=1))
