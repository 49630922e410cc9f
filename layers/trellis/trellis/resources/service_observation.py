"""Reads the services and target groups of one owner from VPC Lattice.

Whose a resource is comes from the Resource Groups Tagging API in one call for all, and, where that lags behind, from
the tags of the few resources that hold a wanted name. That something exists is only ever believed of the lists of VPC
Lattice itself. What cannot be read raises: it is never taken for absent.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from trellis.model import AUTH_POLICY_TAG, FOR_TAG, OWNER_TAG, Forward, Listener, Rule, Service, Target, TargetGroup
from trellis.planning.service_state import SERVICE_TAG, ObservedGroup, ObservedService, ObservedServices, is_failed
from trellis.resources.at_once import Each, at_once
from trellis.resources.read_memory import NoMemory, ReadMemory
from trellis.resources.service_details import ServiceDetails, Summary
from trellis.resources.service_errors import is_absent
from trellis.resources.service_requests import read_action, read_health_check, read_match

if TYPE_CHECKING:
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

_MOST_TAGGED_PER_PAGE = 100

_MOST_VALUES = 20
"""Of one tag that GetResources filters by. Who asks for more services gets the tags of all that the owner has."""

Tags = Mapping[str, str]
T = TypeVar("T")


class ServiceClients(Protocol):
    """The AWS clients that services need."""

    @property
    def lattice(self) -> "VPCLatticeClient":
        """Amazon VPC Lattice."""

    @property
    def tagging(self) -> "ResourceGroupsTaggingAPIClient":
        """Resource Groups Tagging API."""


@dataclass(frozen=True)
class ServiceScope:
    """What to read: everything of `owner`, or what belongs to the services in `only`.

    `desired` names what somebody else might hold, and says whose a target group is.
    """

    owner: str
    desired: tuple[Service, ...] = ()
    only: frozenset[str] | None = None

    @property
    def account(self) -> str:
        """The account of the owner's services."""
        return self.owner.split("/", 1)[0]

    @property
    def is_narrow(self) -> bool:
        """Whether so few services are read that their tags are asked for by their names."""
        return self.only is not None and len(self.only) <= _MOST_VALUES

    @property
    def names(self) -> frozenset[str]:
        """The names of the services that must be found whoever owns them."""
        return frozenset(service.name for service in self.desired) if self.only is None else self.only

    def wants_certificate(self, name: str) -> bool:
        """Whether the service of that name is to have a certificate."""
        return any(service.certificate_arn for service in self.desired if service.name == name)

    def service_of_group(self, name: str) -> str | None:
        """The desired service that wants a target group of that name."""
        return self._wanting.get(name)

    @cached_property
    def _wanting(self) -> Mapping[str, str]:
        return {group.name: service.name for service in reversed(self.desired) for group in service.target_groups}


@dataclass(frozen=True)
class Reading:
    """How to read: what need not be read again, and how many calls are made at the same time."""

    memory: ReadMemory = field(default_factory=NoMemory)
    concurrency: int = 1


def observe_services(clients: ServiceClients, scope: ServiceScope, reading: Reading | None = None) -> ObservedServices:
    """Read what exists in the scope; raises botocore's ClientError when anything cannot be read."""
    reading = reading or Reading()
    if scope.only == frozenset():
        return ObservedServices(scope.owner)
    with at_once(reading.concurrency) as each:
        return _Observation(clients, scope, reading.memory, each).run()


class _Observation:
    def __init__(self, clients: ServiceClients, scope: ServiceScope, memory: ReadMemory, each: Each) -> None:
        self._lattice = clients.lattice
        self._scope = scope
        self._memory = memory
        self._each = each
        tagging = clients.tagging
        lists: tuple[Callable[[], Any], ...] = (
            lambda: _tags_of_services(tagging, scope),
            lambda: list(_pages(self._lattice, "list_services")),
            lambda: list(_pages(self._lattice, "list_target_groups")),
        )
        found = tuple(each(lambda read: read(), lists))
        self._tags: dict[str, Tags] = found[0]
        self._service_summaries: list[Summary] = found[1]
        self._group_summaries: list[Summary] = found[2]
        self._group_names = {summary["id"]: summary["name"] for summary in self._group_summaries}
        # The longest list, of an API that may be called seldom: the services are read meanwhile.
        self._tags_of_groups = iter(each(lambda read: read(), (lambda: _tags_of_groups(tagging, scope),)))

    def run(self) -> ObservedServices:
        services = {service.name: (service, failure) for service, failure in self._services()}
        groups = self._groups([service for service, _ in services.values()])
        names = {*services, *(group.service for group in groups), *self._scope.names}
        result = []
        for name in sorted(names):
            service, failure = services.get(name, (None, ""))
            members = tuple(group for group in groups if group.service == name)
            result.append(ObservedService(name, self._scope.owner, service, members, failure))
        return ObservedServices(self._scope.owner, tuple(result))

    def _services(self) -> list[tuple[Service, str]]:
        summaries = filter(self._wants_service, self._service_summaries)
        return [found for found in self._each(self._service, summaries) if found is not None]

    def _wants_service(self, summary: Summary) -> bool:
        # Services that other accounts share are listed too; their names collide with nothing, their tags are secret.
        if summary["arn"].split(":")[4] != self._scope.account:
            return False
        if self._scope.only is not None:
            return summary["name"] in self._scope.only
        return summary["arn"] in self._tags or summary["name"] in self._scope.names

    def _service(self, summary: Summary) -> tuple[Service, str] | None:
        tags = self._tags_of(summary["arn"])
        if tags is None:
            return None
        try:
            owned = tags.get(OWNER_TAG) == self._scope.owner
            listeners = tuple(self._listeners(summary)) if owned else ()
            associations = self._associations(summary["id"]) if owned else []
            failure = self._service_failure(summary) if owned and is_failed(summary["status"]) else ""
            certificate_arn = self._certificate(summary, listeners) if owned else ""
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        service = Service(
            name=summary["name"],
            custom_domain_name=summary.get("customDomainName"),
            listeners=listeners,
            service_networks=tuple(sorted(item["serviceNetworkName"] for item in associations)),
            certificate_arn=certificate_arn,
            stands_for=tags.get(FOR_TAG, ""),
            id=summary["id"],
            arn=summary["arn"],
            status=summary["status"],
            domain_name=summary.get("dnsEntry", {}).get("domainName", ""),
            owner=tags.get(OWNER_TAG, ""),
            auth_policy=tags.get(AUTH_POLICY_TAG, ""),
            association_ids=tuple((item["serviceNetworkName"], item["id"]) for item in associations),
            association_status=tuple((item["serviceNetworkName"], item["status"]) for item in associations),
        )
        return service, failure

    def _service_failure(self, summary: Summary) -> str:
        return self._lattice.get_service(serviceIdentifier=summary["id"]).get("failureMessage", "")

    def _certificate(self, summary: Summary, listeners: Sequence[Listener]) -> str:
        """The certificate's ARN; empty also where it has no meaning, since lists do not show it and it costs a call."""
        wanted = self._scope.wants_certificate(summary["name"])
        served = "customDomainName" in summary and any(listener.protocol == "HTTPS" for listener in listeners)
        if not (wanted or served):
            return ""
        return ServiceDetails(self._lattice, self._memory, summary["name"]).certificate(summary)

    def _associations(self, service_id: str) -> list[Summary]:
        return list(_pages(self._lattice, "list_service_network_service_associations", serviceIdentifier=service_id))

    def _listeners(self, service: Summary) -> Iterator[Listener]:
        details = ServiceDetails(self._lattice, self._memory, service["name"])
        for summary in _pages(self._lattice, "list_listeners", serviceIdentifier=service["id"]):
            listener = _unless_absent(partial(self._listener, details, service["id"], summary))
            if listener:
                yield listener

    def _listener(self, details: ServiceDetails, service_id: str, summary: Summary) -> Listener:
        listener = details.listener(service_id, summary)
        rules = self._rules(details, service_id, summary["id"])
        return Listener(
            name=summary["name"],
            protocol=summary["protocol"],
            port=summary["port"],
            default_action=read_action(listener["defaultAction"], self._group_names),
            rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
            id=summary["id"],
            arn=summary["arn"],
        )

    def _rules(self, details: ServiceDetails, service_id: str, listener_id: str) -> Iterator[Rule]:
        parents = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
        for summary in _pages(self._lattice, "list_rules", **parents):
            if summary["isDefault"]:
                continue
            rule = _unless_absent(partial(details.rule, service_id, listener_id, summary))
            if rule:
                yield Rule(
                    name=rule["name"],
                    priority=rule["priority"],
                    match=read_match(rule["match"]),
                    action=read_action(rule["action"], self._group_names),
                    id=rule["id"],
                    arn=rule["arn"],
                )

    def _groups(self, services: Sequence[Service]) -> list[ObservedGroup]:
        self._tags |= next(self._tags_of_groups)
        users = {name: service.name for service in services for name in _forwarded_to(service)}
        of_service = [(summary, self._service_of_group(summary, users)) for summary in self._group_summaries]
        wanted = [(summary, service) for summary, service in of_service if service is not None]
        return [found for found in self._each(self._group, wanted) if found is not None]

    def _service_of_group(self, summary: Summary, users: Mapping[str, str]) -> str | None:
        """Whose group it is: who wants it, else for whom it was made, else who uses it; None when out of scope.

        Where only few tags are known, a group for none of these services may seem to be: its own tags tell.
        """
        only, name = self._scope.only, summary["name"]
        tags = self._tags.get(summary["arn"])
        service = self._scope.service_of_group(name) or (tags or {}).get(SERVICE_TAG) or users.get(name)
        if service is None and (tags is not None or name in (only or ())):
            service = name  # it lost the mark of its service, and so stands alone
        return None if only is not None and service not in only else service

    def _group(self, found: tuple[Summary, str]) -> ObservedGroup | None:
        summary, service = found
        tags = self._tags_of(summary["arn"])
        if tags is None:
            return None
        if tags.get(OWNER_TAG) != self._scope.owner:
            return ObservedGroup(_group_of(summary, {}, owner=tags.get(OWNER_TAG, "")), service)
        wanting = self._scope.service_of_group(summary["name"])
        if (wanting or tags.get(SERVICE_TAG, service)) != service:
            return None
        try:
            details = ServiceDetails(self._lattice, self._memory, service).group(summary)
            targets = list(_pages(self._lattice, "list_targets", targetGroupIdentifier=summary["id"]))
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        config = details.get("config", {})
        group = _group_of(details, config, owner=self._scope.owner, stands_for=tags.get(FOR_TAG, ""))
        return ObservedGroup(
            group=_with_targets(group, targets),
            service=service,
            draining=tuple(_target(item) for item in targets if item["status"] == "DRAINING"),
            used_by=tuple(details.get("serviceArns", ())),
            failure=details.get("failureMessage", ""),
            health=Counter(item["status"] for item in targets),
        )

    def _tags_of(self, arn: str) -> Tags | None:
        """The tags of a resource; None when it has disappeared."""
        if arn in self._tags:
            return self._tags[arn]
        try:
            return self._lattice.list_tags_for_resource(resourceArn=arn)["tags"]
        except ClientError as error:
            if is_absent(error):
                return None
            raise


def _tags_of_services(tagging: "ResourceGroupsTaggingAPIClient", scope: ServiceScope) -> dict[str, Tags]:
    """The tags of the owner's services; of few, each is asked for its own."""
    return {} if scope.is_narrow else _tags(tagging, "vpc-lattice:service", {OWNER_TAG: [scope.owner]})


def _tags_of_groups(tagging: "ResourceGroupsTaggingAPIClient", scope: ServiceScope) -> dict[str, Tags]:
    """The tags of the owner's target groups; for few services, of those that were made for them."""
    made_for = {SERVICE_TAG: sorted(scope.only)} if scope.only is not None and scope.is_narrow else {}
    return _tags(tagging, "vpc-lattice:targetgroup", {OWNER_TAG: [scope.owner], **made_for})


def _tags(
    tagging: "ResourceGroupsTaggingAPIClient", resource_type: str, values: Mapping[str, Sequence[str]]
) -> dict[str, Tags]:
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": key, "Values": list(wanted)} for key, wanted in values.items()],
        ResourceTypeFilters=[resource_type],
        PaginationConfig={"PageSize": _MOST_TAGGED_PER_PAGE},
    )
    return {
        item["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        for page in pages
        for item in page["ResourceTagMappingList"]
    }


def _unless_absent(read: Callable[[], T]) -> T | None:
    """What is read, or None when it has disappeared since it was listed; what it was a part of need not have."""
    try:
        return read()
    except ClientError as error:
        if is_absent(error):
            return None
        raise


def _pages(lattice: "VPCLatticeClient", operation: Any, **request: str) -> Iterator[Summary]:
    for page in lattice.get_paginator(operation).paginate(**request):
        yield from page["items"]


def _forwarded_to(service: Service) -> Iterator[str]:
    for listener in service.listeners:
        for action in (listener.default_action, *(rule.action for rule in listener.rules)):
            if isinstance(action, Forward):
                yield from (share.target_group for share in action.target_groups)


def _group_of(summary: Summary, config: Summary, *, owner: str, stands_for: str = "") -> TargetGroup:
    # A Lambda group has none of these members.
    return TargetGroup(
        name=summary["name"],
        vpc_id=summary.get("vpcIdentifier", ""),
        port=summary.get("port", 0),
        protocol=summary.get("protocol", ""),
        protocol_version=config.get("protocolVersion", ""),
        ip_address_type=summary.get("ipAddressType", ""),
        health_check=read_health_check(config["healthCheck"]) if "healthCheck" in config else None,
        stands_for=stands_for,
        id=summary["id"],
        arn=summary["arn"],
        status=summary["status"],
        owner=owner,
    )


def _with_targets(group: TargetGroup, targets: Sequence[Summary]) -> TargetGroup:
    registered = sorted(_target(item) for item in targets if item["status"] != "DRAINING")
    return replace(group, targets=tuple(registered))


def _target(item: Summary) -> Target:
    return Target(item["id"], item["port"])
