"""Makes one change to a service in VPC Lattice: one call, which can be made twice.

Creating calls carry a token made of the whole request and of the run, so that a repeated call in one run is the same
call, while a later run can make a resource anew that somebody deleted. A call that answers 200 can have failed in part;
what failed is returned, never dropped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trellis.model import AUTH_POLICY_TAG, Action, Target, ownership_tags
from trellis.planning.service_changes import (
    AssociateService,
    CreateListener,
    CreateRule,
    CreateService,
    CreateTargetGroup,
    DeleteListener,
    DeleteRule,
    DeleteService,
    DeleteTargetGroup,
    DeregisterTargets,
    DisassociateService,
    RegisterTargets,
    ServiceChange,
    SetCertificate,
    SetHealthCheck,
    SetRulePriorities,
    UpdateListener,
    UpdateRule,
    same_action,
    same_match,
)
from trellis.planning.service_state import SERVICE_TAG, ObservedService
from trellis.planning.work import Refusal
from trellis.resources.client_token import client_token
from trellis.resources.service_errors import RefusedError
from trellis.resources.service_requests import action_request, health_check_request, match_request

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient
    from mypy_boto3_vpc_lattice.type_defs import RuleActionUnionTypeDef


@dataclass(frozen=True)
class Application:
    """Applies changes against what was observed; `run` tells the tokens of one run from those of the next."""

    lattice: "VPCLatticeClient"
    observed: ObservedService
    run: str

    def apply(self, change: ServiceChange) -> tuple[Refusal, ...]:
        """Make the change and return what VPC Lattice did not do of it.

        Raises ClientError, and RefusedError when something that the change needs does not exist.
        """
        call = _CALLS[type(change)]
        return call(self, change)

    def _create_target_group(self, change: CreateTargetGroup) -> tuple[Refusal, ...]:
        group = change.group
        config: dict[str, Any] = {
            "port": group.port,
            "protocol": group.protocol,
            "ipAddressType": group.ip_address_type,
            "vpcIdentifier": group.vpc_id,
        }
        # TCP has no versions, and VPC Lattice refuses to be told one.
        if group.protocol_version:
            config["protocolVersion"] = group.protocol_version
        request: dict[str, Any] = {
            "name": group.name,
            "type": "IP",
            "config": config,
            "tags": {**self._tags(group.stands_for), SERVICE_TAG: change.service},
        }
        self._create(self.lattice.create_target_group, request)
        return ()

    def _set_health_check(self, change: SetHealthCheck) -> tuple[Refusal, ...]:
        self.lattice.update_target_group(
            targetGroupIdentifier=self._group_id(change.group.name),
            healthCheck=health_check_request(change.wanted, change.old),
        )
        return ()

    def _register_targets(self, change: RegisterTargets) -> tuple[Refusal, ...]:
        answer = self.lattice.register_targets(
            targetGroupIdentifier=self._group_id(change.group.name), targets=_targets(change.targets)
        )
        return _failures(change, answer["unsuccessful"])

    def _deregister_targets(self, change: DeregisterTargets) -> tuple[Refusal, ...]:
        answer = self.lattice.deregister_targets(
            targetGroupIdentifier=self._group_id(change.group.name), targets=_targets(change.targets)
        )
        return _failures(change, answer["unsuccessful"])

    def _delete_target_group(self, change: DeleteTargetGroup) -> tuple[Refusal, ...]:
        self.lattice.delete_target_group(targetGroupIdentifier=change.group.id)
        return ()

    def _create_service(self, change: CreateService) -> tuple[Refusal, ...]:
        request: dict[str, Any] = {"name": change.service, "tags": self._tags(change.stands_for)}
        if change.custom_domain_name:
            request["customDomainName"] = change.custom_domain_name
        if change.auth_policy:
            request["authType"] = "AWS_IAM"
            request["tags"][AUTH_POLICY_TAG] = change.auth_policy
        self._create(self.lattice.create_service, request)
        return ()

    def _delete_service(self, _: DeleteService) -> tuple[Refusal, ...]:
        self.lattice.delete_service(serviceIdentifier=self._service_id())
        return ()

    def _set_certificate(self, change: SetCertificate) -> tuple[Refusal, ...]:
        self.lattice.update_service(serviceIdentifier=self._service_id(), certificateArn=change.certificate_arn)
        return ()

    def _associate_service(self, change: AssociateService) -> tuple[Refusal, ...]:
        request = {
            "serviceIdentifier": self._service_id(),
            "serviceNetworkIdentifier": self._network_arn(change),
            "tags": self._tags(change.stands_for),
        }
        self._create(self.lattice.create_service_network_service_association, request)
        return ()

    def _disassociate_service(self, change: DisassociateService) -> tuple[Refusal, ...]:
        service = self.observed.service
        identifier = dict(service.association_ids)[change.network] if service else ""
        self.lattice.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=identifier)
        return ()

    def _create_listener(self, change: CreateListener) -> tuple[Refusal, ...]:
        listener = change.listener
        request = {
            "serviceIdentifier": self._service_id(),
            "name": listener.name,
            "protocol": listener.protocol,
            "port": listener.port,
            "defaultAction": self._action(listener.default_action),
            "tags": self._tags(change.stands_for),
        }
        self._create(self.lattice.create_listener, request)
        return ()

    def _update_listener(self, change: UpdateListener) -> tuple[Refusal, ...]:
        self.lattice.update_listener(
            serviceIdentifier=self._service_id(),
            listenerIdentifier=change.old.id,
            defaultAction=self._action(change.listener.default_action),
        )
        return ()

    def _delete_listener(self, change: DeleteListener) -> tuple[Refusal, ...]:
        self.lattice.delete_listener(serviceIdentifier=self._service_id(), listenerIdentifier=change.listener.id)
        return ()

    def _create_rule(self, change: CreateRule) -> tuple[Refusal, ...]:
        rule = change.rule
        request = {
            "serviceIdentifier": self._service_id(),
            "listenerIdentifier": self._listener_id(change.listener),
            "name": rule.name,
            "priority": rule.priority,
            "match": match_request(rule.match),
            "action": self._action(rule.action),
            "tags": self._tags(change.stands_for),
        }
        self._create(self.lattice.create_rule, request)
        return ()

    def _update_rule(self, change: UpdateRule) -> tuple[Refusal, ...]:
        differing: dict[str, Any] = {}
        if not same_match(change.rule.match, change.old.match):
            differing["match"] = match_request(change.rule.match)
        if not same_action(change.rule.action, change.old.action):
            differing["action"] = self._action(change.rule.action)
        self.lattice.update_rule(
            serviceIdentifier=self._service_id(),
            listenerIdentifier=self._listener_id(change.listener),
            ruleIdentifier=change.old.id,
            **differing,
        )
        return ()

    def _set_rule_priorities(self, change: SetRulePriorities) -> tuple[Refusal, ...]:
        listener = self.observed.listener(change.listener)
        ids = {rule.name: rule.id for rule in listener.rules} if listener else {}
        answer = self.lattice.batch_update_rule(
            serviceIdentifier=self._service_id(),
            listenerIdentifier=self._listener_id(change.listener),
            rules=[{"ruleIdentifier": ids[name], "priority": priority} for name, priority in change.priorities],
        )
        return _failures(change, answer["unsuccessful"])

    def _delete_rule(self, change: DeleteRule) -> tuple[Refusal, ...]:
        self.lattice.delete_rule(
            serviceIdentifier=self._service_id(),
            listenerIdentifier=self._listener_id(change.listener),
            ruleIdentifier=change.rule.id,
        )
        return ()

    def _create(self, operation: Callable[..., Any], request: Mapping[str, Any]) -> None:
        operation(**request, clientToken=client_token(self.run, dict(request)))

    def _tags(self, stands_for: str) -> dict[str, str]:
        return ownership_tags(self.observed.owner, stands_for)

    def _action(self, action: Action) -> "RuleActionUnionTypeDef":
        return action_request(action, {found.group.name: found.group.id for found in self.observed.groups})

    def _service_id(self) -> str:
        return self.observed.service.id if self.observed.service else ""

    def _listener_id(self, name: str) -> str:
        listener = self.observed.listener(name)
        return listener.id if listener else ""

    def _group_id(self, name: str) -> str:
        found = self.observed.group(name)
        return found.group.id if found else ""

    def _network_arn(self, change: AssociateService) -> str:
        for page in self.lattice.get_paginator("list_service_networks").paginate():
            for network in page["items"]:
                if network["name"] == change.network:
                    return network["arn"]
        message = f"the service network {change.network} does not exist"
        raise RefusedError(Refusal(change.resource, "ServiceNetworkNotFound", message))


_CALLS: Mapping[type[ServiceChange], Callable[[Application, Any], tuple[Refusal, ...]]] = {
    CreateTargetGroup: Application._create_target_group,
    SetHealthCheck: Application._set_health_check,
    RegisterTargets: Application._register_targets,
    DeregisterTargets: Application._deregister_targets,
    DeleteTargetGroup: Application._delete_target_group,
    CreateService: Application._create_service,
    DeleteService: Application._delete_service,
    SetCertificate: Application._set_certificate,
    AssociateService: Application._associate_service,
    DisassociateService: Application._disassociate_service,
    CreateListener: Application._create_listener,
    UpdateListener: Application._update_listener,
    DeleteListener: Application._delete_listener,
    CreateRule: Application._create_rule,
    UpdateRule: Application._update_rule,
    SetRulePriorities: Application._set_rule_priorities,
    DeleteRule: Application._delete_rule,
}


def _targets(targets: Sequence[Target]) -> list[Any]:
    return [{"id": target.id, "port": target.port} for target in targets]


def _failures(change: ServiceChange, failures: Sequence[Mapping[str, Any]]) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(
            f"{change.resource} ({failure.get('id') or failure.get('ruleIdentifier')})",
            failure.get("failureCode", "Unsuccessful"),
            failure.get("failureMessage", ""),
        )
        for failure in failures
    )
