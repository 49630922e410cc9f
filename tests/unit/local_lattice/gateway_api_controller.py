"""The API conversation of the AWS Gateway API Controller for one route, as a client that knows nothing of Trellis.

After `pkg/deploy/lattice` of aws-application-networking-k8s 2.1: what it looks up before it creates, by which members
it recognises what exists, which answers make it wait (RetryError), and how it deletes.
"""

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

PREFIX = "application-networking.k8s.aws"
MANAGED_BY = {f"{PREFIX}/ManagedBy": "111122223333/blue/vpc-1"}


class NotYet(Exception):  # noqa: N818 - the controller's RetryError
    """The controller asks to be called again in ten seconds."""


@dataclass
class Route:
    """What one HTTPRoute asks for: the targets of each backend, and rules of a path prefix and backends by weight."""

    name: str
    backends: dict[str, list[str]]
    rules: list[tuple[str, dict[str, int]]] = field(default_factory=list)


class Controller:
    """Reconciles routes of one VPC with the clients of VPC Lattice and the Resource Groups Tagging API."""

    def __init__(self, lattice: Any, tagging: Any, *, vpc_id: str, network: str) -> None:
        self.lattice, self.tagging = lattice, tagging
        self.vpc_id, self.network = vpc_id, network

    def reconcile(self, route: Route) -> None:
        """One pass; raises NotYet until AWS is ready for the next step."""
        groups = {name: self._target_group(route, name) for name in route.backends}
        for name, addresses in route.backends.items():
            self._targets(groups[name], addresses)
        service_id = self._service(route)
        listener_id = self._listener(service_id)
        self._rules(service_id, listener_id, route, groups)

    def delete(self, route: Route) -> None:
        """Service associations, listeners, service, then targets and target groups; raises NotYet while AWS is busy."""
        found = [item for item in self._all("list_services") if item["name"] == route.name]
        for service in found:
            self._delete_service(service["id"])
        for name in route.backends:
            for group_id in self._tagged_groups(route, name):
                self._delete_group(group_id)

    # -- target groups

    def _tagged_groups(self, route: Route, backend: str) -> list[str]:
        filters = [{"Key": key, "Values": [value]} for key, value in self._group_tags(route, backend).items()]
        pages = self.tagging.get_paginator("get_resources").paginate(
            TagFilters=filters, ResourceTypeFilters=["vpc-lattice:targetgroup"]
        )
        return [item["ResourceARN"].rsplit("/", 1)[-1] for page in pages for item in page["ResourceTagMappingList"]]

    @staticmethod
    def _group_tags(route: Route, backend: str) -> dict[str, str]:
        return {
            f"{PREFIX}/ServiceName": backend,
            f"{PREFIX}/RouteName": route.name,
            f"{PREFIX}/ProtocolVersion": "HTTP1",
        }

    def _target_group(self, route: Route, backend: str) -> str:
        for group_id in self._tagged_groups(route, backend):
            group = self.lattice.get_target_group(targetGroupIdentifier=group_id)
            if group["status"] in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
                raise NotYet
            config = group["config"]
            wanted = (80, "HTTP", "HTTP1", "IPV4", self.vpc_id)
            found = tuple(
                config[member] for member in ("port", "protocol", "protocolVersion", "ipAddressType", "vpcIdentifier")
            )
            if found == wanted and group["status"] != "CREATE_FAILED":
                return group_id
        created = self.lattice.create_target_group(
            name=f"k8s-apps-{backend}-abcdefghij",
            type="IP",
            config={
                "port": 80,
                "protocol": "HTTP",
                "protocolVersion": "HTTP1",
                "ipAddressType": "IPV4",
                "vpcIdentifier": self.vpc_id,
            },
            tags={**MANAGED_BY, **self._group_tags(route, backend)},
        )
        if created["status"] != "ACTIVE":
            raise NotYet
        return str(created["id"])

    def _targets(self, group_id: str, addresses: list[str]) -> None:
        listed = self._all("list_targets", targetGroupIdentifier=group_id)
        stale = [
            {"id": target["id"], "port": target["port"]}
            for target in listed
            if target["status"] != "DRAINING" and target["id"] not in addresses
        ]
        if stale:
            self.lattice.deregister_targets(targetGroupIdentifier=group_id, targets=stale)
        wanted = [{"id": address, "port": 8080} for address in addresses]
        answer = self.lattice.register_targets(targetGroupIdentifier=group_id, targets=wanted)
        assert answer["unsuccessful"] == []

    # -- service

    def _service(self, route: Route) -> str:
        service_id = next((item["id"] for item in self._all("list_services") if item["name"] == route.name), None)
        if service_id is None:
            tags = {**MANAGED_BY, f"{PREFIX}/RouteName": route.name, f"{PREFIX}/RouteType": "http"}
            service_id = self.lattice.create_service(name=route.name, tags=tags)["id"]
        else:
            arn = self.lattice.get_service(serviceIdentifier=service_id)["arn"]
            assert self.lattice.list_tags_for_resource(resourceArn=arn)["tags"].items() >= MANAGED_BY.items()
        self._associate(service_id)
        return str(service_id)

    def _associate(self, service_id: str) -> None:
        networks = {item["name"]: item["id"] for item in self._all("list_service_networks")}
        for association in self._all("list_service_network_service_associations", serviceIdentifier=service_id):
            if association["serviceNetworkName"] == self.network:
                if association["status"] in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
                    raise NotYet
                return
        try:
            created = self.lattice.create_service_network_service_association(
                serviceIdentifier=service_id, serviceNetworkIdentifier=networks[self.network], tags=MANAGED_BY
            )
        except ClientError as error:
            # The controller waits only when the text says that something is still being created.
            if "CREATE_IN_PROGRESS" in error.response["Error"]["Message"]:
                raise NotYet from error
            raise
        if created["status"] != "ACTIVE":
            raise NotYet

    def _delete_service(self, service_id: str) -> None:
        for association in self._all("list_service_network_service_associations", serviceIdentifier=service_id):
            self._attempt(
                self.lattice.delete_service_network_service_association,
                serviceNetworkServiceAssociationIdentifier=association["id"],
            )
        for listener in self._all("list_listeners", serviceIdentifier=service_id):
            self.lattice.delete_listener(serviceIdentifier=service_id, listenerIdentifier=listener["id"])
        self._attempt(self.lattice.delete_service, serviceIdentifier=service_id)

    def _delete_group(self, group_id: str) -> None:
        targets = self._all("list_targets", targetGroupIdentifier=group_id)
        if any(target["status"] == "DRAINING" for target in targets):
            raise NotYet
        if targets:
            gone = [{"id": target["id"], "port": target["port"]} for target in targets]
            self.lattice.deregister_targets(targetGroupIdentifier=group_id, targets=gone)
        self._attempt(self.lattice.delete_target_group, targetGroupIdentifier=group_id)

    @staticmethod
    def _attempt(call: Any, **parameters: str) -> None:
        try:
            call(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConflictException":
                raise NotYet from error
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    # -- listeners and rules

    def _listener(self, service_id: str) -> str:
        for listener in self._all("list_listeners", serviceIdentifier=service_id):
            if listener["port"] == 80:
                return str(listener["id"])
        created = self.lattice.create_listener(
            serviceIdentifier=service_id,
            name="apps-route-80-http",
            protocol="HTTP",
            port=80,
            defaultAction={"fixedResponse": {"statusCode": 404}},
            tags=MANAGED_BY,
        )
        return str(created["id"])

    def _rules(self, service_id: str, listener_id: str, route: Route, groups: dict[str, str]) -> None:
        parent = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
        kept: dict[str, int] = {}
        for priority, (prefix, weights) in enumerate(route.rules, start=1):
            match = {"httpMatch": {"pathMatch": {"match": {"prefix": prefix}, "caseSensitive": True}}}
            action = {
                "forward": {
                    "targetGroups": [
                        {"targetGroupIdentifier": groups[name], "weight": weight} for name, weight in weights.items()
                    ]
                }
            }
            kept[self._rule(parent, match, action)] = priority
        for rule in self._all("list_rules", **parent):
            if not rule["isDefault"] and rule["id"] not in kept:
                self.lattice.delete_rule(**parent, ruleIdentifier=rule["id"])
        self._priorities(parent, kept)

    def _rule(self, parent: dict[str, str], match: dict[str, Any], action: dict[str, Any]) -> str:
        """Recognise a rule by its whole match, or create it at the lowest free priority."""
        rules = [
            self.lattice.get_rule(**parent, ruleIdentifier=item["id"]) for item in self._all("list_rules", **parent)
        ]
        for rule in rules:
            if not rule["isDefault"] and _normalized(rule["match"]) == match:
                if rule["action"] != action:
                    self.lattice.update_rule(**parent, ruleIdentifier=rule["id"], match=match, action=action)
                return str(rule["id"])
        used = {rule["priority"] for rule in rules if not rule["isDefault"]}
        free = next(number for number in range(1, 101) if number not in used)
        created = self.lattice.create_rule(
            **parent, name=f"k8s-rule-{free}-{len(used)}", priority=free, match=match, action=action, tags=MANAGED_BY
        )
        return str(created["id"])

    def _priorities(self, parent: dict[str, str], wanted: dict[str, int]) -> None:
        found = {item["id"]: item.get("priority") for item in self._all("list_rules", **parent)}
        if any(found[rule_id] != priority for rule_id, priority in wanted.items()):
            rules = [{"ruleIdentifier": rule_id, "priority": priority} for rule_id, priority in wanted.items()]
            answer = self.lattice.batch_update_rule(**parent, rules=rules)
            assert answer["unsuccessful"] == []

    def _all(self, operation: str, **parameters: Any) -> list[dict[str, Any]]:
        pages = self.lattice.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page["items"]]


def _normalized(match: dict[str, Any]) -> dict[str, Any]:
    """VPC Lattice returns an empty list of header matches for a rule that was created without any."""
    return {"httpMatch": {name: value for name, value in match["httpMatch"].items() if value != []}}
