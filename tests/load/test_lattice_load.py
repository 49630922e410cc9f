"""Two hundred clients at once, for one minute, against the real endpoint: what was acknowledged is what is there.

The clients are threads of two other processes; the endpoint is in this one. All tests look at one run.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from load_clients import Ledger, Shared, SharedService, of_listener, run_clients

from trellis_local import clock, lattice
from trellis_local.aws import AwsEndpoint
from trellis_local.lattice import configuration, quotas
from trellis_local.lattice.backend import lattice_backends

SECONDS = 60.0
STARTUP_SECONDS = 4.0  # in which the processes import what they need
CLIENTS, PROCESSES = 200, 2
SHARED_SERVICES = 5  # a resource has at most 50 tags, one for each of its clients
STABLE_SERVICES = 60
SPEED = 20.0
QUOTAS = {quotas.SERVICES: 100_000, quotas.RULES_PER_LISTENER: 1000, quotas.SERVICE_ASSOCIATIONS_PER_NETWORK: 100}
OPERATIONS = {
    "BatchUpdateRule",
    "CreateRule",
    "CreateService",
    "CreateServiceNetwork",
    "CreateServiceNetworkServiceAssociation",
    "DeleteService",
    "DeleteServiceNetworkServiceAssociation",
    "DeregisterTargets",
    "ListServices",
    "RegisterTargets",
    "TagResource",
}
FEWEST_CALLS = 2000  # far below what even a busy machine reaches; the run would prove nothing with less


@dataclass(frozen=True)
class Outcome:
    """The ledgers of all clients, and a client that looks at what is left."""

    shared: Shared
    ledgers: list[Ledger]
    client: Any

    def of_service(self, place: int) -> list[Ledger]:
        return [ledger for ledger in self.ledgers if ledger.number % SHARED_SERVICES == place]

    def all_of(self, operation: str, member: str = "items", **members: Any) -> list[Any]:
        pages = self.client.get_paginator(operation).paginate(**members)
        return [item for page in pages for item in page[member]]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[AwsEndpoint]:
    clock_before, settings_before = clock.current(), configuration.current()
    clock.use(clock.Clock(start=clock_before.time(), speed=SPEED))
    configuration.use(configuration.Configuration())
    configuration.reconfigure(quotas=QUOTAS)
    lattice.install()
    lattice_backends["111122223333"]["us-west-2"].reset()
    started = AwsEndpoint()
    started.start()
    yield started
    started.stop()
    configuration.use(settings_before)
    clock.use(clock_before)


def shared_service(client: Any, vpc_id: str, name: str) -> SharedService:
    service = client.create_service(name=name)
    config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": vpc_id}
    group = client.create_target_group(name=name, type="IP", config=config)["id"]
    action = {"fixedResponse": {"statusCode": 404}}
    listener = client.create_listener(
        serviceIdentifier=service["id"], name="http", protocol="HTTP", defaultAction=action
    )
    return SharedService(service["id"], service["arn"], listener["id"], group)


@pytest.fixture(scope="module")
def outcome(endpoint: AwsEndpoint) -> Outcome:
    client = endpoint.identity.client("vpc-lattice")
    vpc_id = endpoint.identity.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    shared = Shared(
        url=endpoint.url,
        services=tuple(shared_service(client, vpc_id, f"shared-{number}") for number in range(SHARED_SERVICES)),
        network=client.create_service_network(name="platform")["id"],
        race=shared_service(client, vpc_id, "race"),
        stable=frozenset(client.create_service(name=f"stable-{number}")["id"] for number in range(STABLE_SERVICES)),
        start=time.time() + STARTUP_SECONDS,
        until=time.time() + STARTUP_SECONDS + SECONDS,
    )
    each = CLIENTS // PROCESSES
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as processes:
        parts = [range(first, first + each) for first in range(0, CLIENTS, each)]
        ledgers = [ledger for part in processes.map(run_clients, [shared] * PROCESSES, parts) for ledger in part]
    answers = sum((ledger.answers for ledger in ledgers), Counter())
    print(f"\n{sum(answers.values())} calls of {len(ledgers)} clients")
    for (operation, status), number in sorted(answers.items()):
        print(f"{operation:<40}{status:>5}{number:>8}")
    return Outcome(shared, ledgers, client)


def test_every_client_worked_and_every_operation_succeeded_somewhere(outcome):
    answers = sum((ledger.answers for ledger in outcome.ledgers), Counter())
    assert len(outcome.ledgers) == CLIENTS
    assert all(ledger.answers for ledger in outcome.ledgers)
    assert sum(answers.values()) > FEWEST_CALLS
    assert {operation for operation, status in answers if status < 300} == OPERATIONS
    assert {status for _, status in answers} >= {402, 404, 409}


def test_no_answer_is_one_that_aws_would_not_give_and_no_connection_breaks(outcome):
    assert [surprise for ledger in outcome.ledgers for surprise in ledger.surprises] == []


def test_no_change_of_tags_is_lost(outcome):
    for place, service in enumerate(outcome.shared.services):
        written = {f"client-{e.number}": str(e.tag_writes) for e in outcome.of_service(place) if e.tag_writes}
        assert outcome.client.list_tags_for_resource(resourceArn=service.arn)["tags"] == written


def test_no_change_of_a_weight_is_lost(outcome):
    for place, service in enumerate(outcome.shared.services):
        for ledger in outcome.of_service(place):
            if ledger.rule is not None:
                rule = outcome.client.get_rule(**of_listener(service), ruleIdentifier=ledger.rule)
                assert rule["action"]["forward"]["targetGroups"][0]["weight"] == ledger.weight


def test_the_registered_targets_are_those_that_were_acknowledged(outcome):
    for place, service in enumerate(outcome.shared.services):
        listed = outcome.all_of("list_targets", targetGroupIdentifier=service.group)
        registered = [target["id"] for target in listed if target["status"] != "DRAINING"]
        assert sorted(registered) == sorted(set().union(*(e.targets for e in outcome.of_service(place))))


def test_the_services_are_those_that_were_acknowledged_and_no_name_is_there_twice(outcome):
    clock.current().sleep(5)  # what is being deleted
    names = [service["name"] for service in outcome.all_of("list_services")]
    assert len(names) == len(set(names))
    acknowledged = {"race", *(f"shared-{number}" for number in range(SHARED_SERVICES))}
    acknowledged |= {f"stable-{number}" for number in range(STABLE_SERVICES)}
    for ledger in outcome.ledgers:
        acknowledged |= {*ledger.services.values(), *ledger.won_names, *(name for name, _ in ledger.token_answers)}
    assert set(names) == acknowledged


def test_the_associations_are_those_that_were_acknowledged(outcome):
    clock.current().sleep(5)
    listed = outcome.all_of(
        "list_service_network_service_associations", serviceNetworkIdentifier=outcome.shared.network
    )
    acknowledged = {key: service for ledger in outcome.ledgers for key, service in ledger.associations.items()}
    assert {item["id"]: item["serviceId"] for item in listed} == acknowledged


def test_a_quota_that_all_clients_meet_is_used_up_and_not_overrun(outcome):
    networks = {network["id"] for network in outcome.all_of("list_service_networks")}
    acknowledged = set().union(*(ledger.networks for ledger in outcome.ledgers))
    assert networks == acknowledged | {outcome.shared.network}
    assert len(networks) == quotas.DEFAULT_QUOTAS[quotas.SERVICE_NETWORKS]


def test_each_contested_name_is_won_once(outcome):
    won = Counter(name for ledger in outcome.ledgers for name in ledger.won_names)
    tried = Counter(name for ledger in outcome.ledgers for name in ledger.tried_names)
    assert set(won.values()) == {1}
    assert won.keys() == tried.keys()
    assert max(tried.values()) > 1


def test_each_contested_priority_is_won_once_and_names_one_rule(outcome):
    won = Counter(priority for ledger in outcome.ledgers for priority in ledger.won_priorities)
    rules = outcome.all_of("list_rules", **of_listener(outcome.shared.race))
    assert set(won.values()) == {1}
    assert sorted(rule["priority"] for rule in rules if not rule["isDefault"]) == sorted(won)


def test_a_client_token_that_is_raced_makes_one_service(outcome):
    answers = Counter(answer for ledger in outcome.ledgers for answer in ledger.token_answers)
    assert len({name for name, _ in answers}) == len(answers)
    assert max(answers.values()) > 1


def test_pages_show_nothing_twice_and_skip_nothing_that_was_there_throughout(outcome):
    assert sum(ledger.passes for ledger in outcome.ledgers) > 0
    assert [bad for ledger in outcome.ledgers for bad in ledger.bad_pages] == []
