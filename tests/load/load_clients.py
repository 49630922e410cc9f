"""What each of the concurrent clients does, and what it takes down as acknowledged.

A client has things of its own inside of shared resources (a tag, a rule, targets), so that an update that is lost shows
up as a difference to its ledger; and it races the others for names, priorities and client tokens.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from load_client import LoadClient

ROUND_SECONDS = 0.5
PAGE_SIZE = 50


@dataclass(frozen=True)
class SharedService:
    """A service that many clients change at once: its tags, the rules of its listener, the targets of its group."""

    id: str
    arn: str
    listener: str
    group: str


@dataclass(frozen=True)
class Shared:
    """What the clients work on, each with the shared service of its number; `start` and `until` are Unix times."""

    url: str
    services: tuple[SharedService, ...]
    network: str
    race: SharedService
    stable: frozenset[str]
    start: float
    until: float


@dataclass
class Ledger:
    """What was acknowledged to one client; it is sent back to the test."""

    number: int
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    tag_writes: int = 0
    rule: str | None = None
    weight: int = 0
    targets: set[str] = field(default_factory=set)
    services: dict[str, str] = field(default_factory=dict)
    associations: dict[str, str] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    won_names: list[str] = field(default_factory=list)
    tried_names: set[str] = field(default_factory=set)
    won_priorities: list[int] = field(default_factory=list)
    token_answers: set[tuple[str, str]] = field(default_factory=set)
    bad_pages: list[str] = field(default_factory=list)
    passes: int = 0


class Client:
    """One client; `run` works until the time is over."""

    def __init__(self, number: int, shared: Shared) -> None:
        self._shared, self._random = shared, random.Random(number)
        self._client = LoadClient(shared.url)
        self.ledger = Ledger(number)
        self._service = shared.services[number % len(shared.services)]
        self._created = 0
        self._deleted: list[str] = []

    def run(self) -> None:
        """Do one thing after another."""
        actions = self._actions()
        time.sleep(max(0.0, self._shared.start - time.time()))
        while time.time() < self._shared.until:
            self._random.choice(actions)()
        self.ledger.answers, self.ledger.surprises = self._client.answers, self._client.surprises
        self._client.close()

    def _actions(self) -> list[Callable[[], None]]:
        return [
            self._tag,
            self._tag,
            self._change_weight,
            self._change_weight,
            self._register,
            self._deregister,
            self._create_service,
            self._associate,
            self._disassociate,
            self._delete_service,
            self._delete_again,
            self._create_network,
            self._race_for_name,
            self._race_for_priority,
            self._share_token,
            self._list_pages,
        ]

    def _tag(self) -> None:
        tags = {f"client-{self.ledger.number}": str(self.ledger.tag_writes + 1)}
        if self._call("TagResource", resourceArn=self._service.arn, tags=tags) is not None:
            self.ledger.tag_writes += 1

    def _change_weight(self) -> None:
        if self.ledger.rule is None:
            self._create_rule()
            return
        weight = self.ledger.weight + 1
        update = {"ruleIdentifier": self.ledger.rule, "action": self._forward(weight)}
        answer = self._call("BatchUpdateRule", **of_listener(self._service), rules=[update])
        if answer is not None and [rule["id"] for rule in answer["successful"]] == [self.ledger.rule]:
            self.ledger.weight = weight

    def _create_rule(self) -> None:
        number = self.ledger.number
        match = {"httpMatch": {"method": "GET"}}
        members = {"name": f"client-{number}", "priority": number + 1, "match": match, "action": self._forward(0)}
        answer = self._call("CreateRule", **of_listener(self._service), **members)
        self.ledger.rule = answer["id"] if answer is not None else None

    def _register(self) -> None:
        address = f"10.1.{self.ledger.number}.{self._random.randrange(1, 5)}"
        answer = self._call("RegisterTargets", targetGroupIdentifier=self._service.group, targets=[{"id": address}])
        self.ledger.targets |= {target["id"] for target in (answer or {}).get("successful", ())}

    def _deregister(self) -> None:
        address = f"10.1.{self.ledger.number}.{self._random.randrange(1, 5)}"
        answer = self._call("DeregisterTargets", targetGroupIdentifier=self._service.group, targets=[{"id": address}])
        self.ledger.targets -= {target["id"] for target in (answer or {}).get("successful", ())}

    def _create_service(self) -> None:
        self._created += 1
        name = f"own-{self.ledger.number}-{self._created}"
        answer = self._call("CreateService", name=name)
        if answer is not None:
            self.ledger.services[answer["id"]] = name

    def _delete_service(self) -> None:
        if not self.ledger.services:
            return
        service_id = self._random.choice(list(self.ledger.services))
        if self._call("DeleteService", serviceIdentifier=service_id) is not None:
            del self.ledger.services[service_id]
            self._deleted.append(service_id)

    def _delete_again(self) -> None:
        """Succeeds while the service is being deleted, and is a 404 from then on."""
        if self._deleted:
            self._call("DeleteService", serviceIdentifier=self._random.choice(self._deleted))

    def _create_network(self) -> None:
        """All clients together soon meet the quota."""
        name = f"network-{self.ledger.number}-{len(self.ledger.networks)}"
        answer = self._call("CreateServiceNetwork", name=name)
        if answer is not None:
            self.ledger.networks.add(answer["id"])

    def _associate(self) -> None:
        free = self.ledger.services.keys() - self.ledger.associations.values()
        if not free:
            return
        service_id = min(free)
        members = {"serviceNetworkIdentifier": self._shared.network, "serviceIdentifier": service_id}
        answer = self._call("CreateServiceNetworkServiceAssociation", **members)
        if answer is not None:
            self.ledger.associations[answer["id"]] = service_id

    def _disassociate(self) -> None:
        for association_id in list(self.ledger.associations)[:1]:
            members = {"serviceNetworkServiceAssociationIdentifier": association_id}
            if self._call("DeleteServiceNetworkServiceAssociation", **members) is not None:
                del self.ledger.associations[association_id]

    def _race_for_name(self) -> None:
        name = f"contested-{self._round()}"
        self.ledger.tried_names.add(name)
        if self._call("CreateService", name=name) is not None:
            self.ledger.won_names.append(name)

    def _race_for_priority(self) -> None:
        priority = self._round() + 1
        answer = self._call(
            "CreateRule",
            **of_listener(self._shared.race),
            name=f"priority-{priority}-of-{self.ledger.number}",
            priority=priority,
            match={"httpMatch": {"method": "GET"}},
            action={"fixedResponse": {"statusCode": 404}},
        )
        if answer is not None:
            self.ledger.won_priorities.append(priority)

    def _share_token(self) -> None:
        name = f"token-{self._round()}"
        answer = self._call("CreateService", name=name, clientToken=name)
        if answer is not None:
            self.ledger.token_answers.add((name, answer["id"]))

    def _list_pages(self) -> None:
        """Every service that exists throughout must be in the pages, and nothing twice."""
        seen: list[str] = []
        members: dict[str, Any] = {"maxResults": PAGE_SIZE}
        while True:
            answer = self._call("ListServices", **members)
            if answer is None:
                return
            seen += [item["id"] for item in answer["items"]]
            if "nextToken" not in answer:
                break
            members["nextToken"] = answer["nextToken"]
        self.ledger.passes += 1
        missing = self._shared.stable - set(seen)
        if missing or len(set(seen)) != len(seen):
            self.ledger.bad_pages.append(f"{len(missing)} missing, {len(seen) - len(set(seen))} twice")

    def _round(self) -> int:
        return int((time.time() - self._shared.start) / ROUND_SECONDS)

    def _forward(self, weight: int) -> dict[str, Any]:
        return {"forward": {"targetGroups": [{"targetGroupIdentifier": self._service.group, "weight": weight}]}}

    def _call(self, operation: str, **members: Any) -> dict[str, Any] | None:
        return self._client.call(operation, **members)


def of_listener(service: SharedService) -> dict[str, str]:
    """How a request names the listener of a shared service."""
    return {"serviceIdentifier": service.id, "listenerIdentifier": service.listener}


def run_clients(shared: Shared, numbers: range) -> list[Ledger]:
    """Run clients in threads of this process until the time is over; what they took down."""
    clients = [Client(number, shared) for number in numbers]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [client.ledger for client in clients]
