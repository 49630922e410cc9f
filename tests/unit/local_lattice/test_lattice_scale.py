"""What a call costs does not depend on how many resources there are: counted in reads of resources, not in seconds."""

from collections.abc import Callable, Iterator

import pytest

from trellis_local.lattice import configuration, quotas, view
from trellis_local.lattice.backend import forwarded_groups, lattice_backends
from trellis_local.lattice.operations import find_operation
from trellis_local.lattice.resources import Resource, Target

FEW, MANY = 100, 2000
QUOTAS = {quotas.SERVICES: 9000, quotas.TARGET_GROUPS: 9000, quotas.SERVICE_ASSOCIATIONS_PER_NETWORK: 9000}


class Fleet:
    """Services with two target groups each, in one network, made without HTTP; it counts what its calls read."""

    def __init__(self, backend, vpc_id, stepped):
        self.backend, self.vpc_id, self._stepped = backend, vpc_id, stepped
        self.services, self.groups = [], []
        self.reads = 0
        self.network = self.call("CreateServiceNetwork", name="platform")["id"]
        self.call("CreateServiceNetworkVpcAssociation", serviceNetworkIdentifier=self.network, vpcIdentifier=vpc_id)

    def call(self, operation, **members):
        self.backend.settle_region()
        answer = find_operation(operation)(self.backend, members)
        self.backend.follow_references()
        return answer

    def add_service(self):
        number = len(self.services)
        self.services.append(self.call("CreateService", name=f"service-{number}"))
        for version in (1, 2):
            config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": self.vpc_id}
            group = self.call("CreateTargetGroup", name=f"service-{number}-v{version}", type="IP", config=config)
            self.groups.append(group["id"])
        self._stepped.advance(3)
        for group_id in self.groups[-2:]:
            self.call("RegisterTargets", targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
        key = {"serviceIdentifier": self.services[-1]["id"]}
        groups = [{"targetGroupIdentifier": group_id, "weight": 1} for group_id in self.groups[-2:]]
        action = {"forward": {"targetGroups": groups}}
        self.call("CreateListener", **key, name="http", protocol="HTTP", defaultAction=action)
        self.call("CreateServiceNetworkServiceAssociation", **key, serviceNetworkIdentifier=self.network)

    def grow(self, services):
        while len(self.services) < services:
            self.add_service()
        self._stepped.advance(10)

    def reads_of(self, act):
        before = self.reads
        act(self)
        return self.reads - before


@pytest.fixture
def fleet(client, vpc_id, stepped, monkeypatch) -> Iterator[Fleet]:
    configuration.reconfigure(quotas=QUOTAS)
    fleet = Fleet(lattice_backends["111122223333"]["us-west-2"], vpc_id, stepped)

    def counting(self, name):
        fleet.reads += 1
        return object.__getattribute__(self, name)

    monkeypatch.setattr(Resource, "__getattribute__", counting)
    monkeypatch.setattr(Target, "__getattribute__", counting)
    return fleet


def host(fleet: Fleet) -> str:
    domain_name: str = fleet.services[-1]["dnsEntry"]["domainName"]
    return domain_name


COSTS: dict[str, Callable[[Fleet], object]] = {
    "create everything of a service": lambda fleet: fleet.add_service(),
    "get a service": lambda fleet: fleet.call("GetService", serviceIdentifier=fleet.services[-1]["id"]),
    "get a target group": lambda fleet: fleet.call("GetTargetGroup", targetGroupIdentifier=fleet.groups[-1]),
    "get the network": lambda fleet: fleet.call("GetServiceNetwork", serviceNetworkIdentifier=fleet.network),
    "a page of services": lambda fleet: fleet.call("ListServices", maxResults=50),
    "a page of target groups of a VPC": lambda fleet: fleet.call(
        "ListTargetGroups", maxResults=50, vpcIdentifier=fleet.vpc_id
    ),
    "a page of associations of the network": lambda fleet: fleet.call(
        "ListServiceNetworkServiceAssociations", maxResults=50, serviceNetworkIdentifier=fleet.network
    ),
    "the tags of a service": lambda fleet: fleet.call("ListTagsForResource", resourceArn=fleet.services[-1]["arn"]),
    "the data plane's service": lambda fleet: view.find_service(vpc_id=fleet.vpc_id, host=host(fleet)),
    "the data plane's network": lambda fleet: view.network_of(fleet.vpc_id),
    "the data plane's target group": lambda fleet: view.target_group(fleet.groups[-1]),
    "the service of a domain name": lambda fleet: view.service_by_domain(host(fleet)),
}


def test_twenty_times_the_services_cost_at_most_twice_the_reads(fleet):
    fleet.grow(FEW)
    few = {name: fleet.reads_of(act) for name, act in COSTS.items()}
    fleet.grow(MANY)
    many = {name: fleet.reads_of(act) for name, act in COSTS.items()}
    assert {name: (few[name], many[name]) for name in COSTS if many[name] > 2 * few[name]} == {}
    assert min(few.values()) > 0


def test_the_count_would_show_a_walk_over_all_services(fleet):
    fleet.grow(FEW)
    assert fleet.reads_of(lambda fleet: [service.name for service in fleet.backend.services.values()]) >= FEW


def test_references_are_what_a_walk_over_all_rules_finds(fleet):
    fleet.grow(3)
    fleet.call("DeleteListener", **listener_of(fleet, fleet.services[0]["id"]))
    found = {}
    for service in fleet.backend.services.values():
        for group_id in forwarded_groups(service):
            found.setdefault(group_id, set()).add(service.arn)
    assert fleet.backend.references() == found
    assert {group.id for group in fleet.backend.target_groups.values() if group.in_use} == set(found)


def listener_of(fleet: Fleet, service_id: str) -> dict[str, str]:
    (listener,) = fleet.call("ListListeners", serviceIdentifier=service_id)["items"]
    return {"serviceIdentifier": service_id, "listenerIdentifier": listener["id"]}
