"""What a call of VPC Lattice costs on the local stack as the number of resources grows to 2,000 services.

Each service has a listener that forwards to its two target groups, and an association with one service network.
Everything goes through the real endpoint, over HTTP. Exit status 1 if anything costs more than twice as much among the
last services as among the first.
"""

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from botocore.exceptions import ClientError

from trellis_local import clock, lattice
from trellis_local.aws.server import AwsEndpoint
from trellis_local.lattice import configuration, quotas, view

WINDOWS = (100, 500, 1000, 2000)  # the number of services at the end of each window
WINDOW = 50
REPETITIONS = 50
SPEED = 2000.0  # so that a change of a few virtual seconds is over before the next call
MOST_GROWTH = 2.0
QUOTAS = {
    quotas.SERVICES: max(WINDOWS),
    quotas.TARGET_GROUPS: 2 * max(WINDOWS),
    quotas.SERVICE_ASSOCIATIONS_PER_NETWORK: max(WINDOWS),
}


class Stopwatch:
    """Milliseconds of single calls by what was done, for the window that is being measured, if any.

    They are time of the processor, of client and endpoint together, which other programs do not lengthen.
    """

    def __init__(self) -> None:
        self.windows: dict[int, dict[str, list[float]]] = {}
        self.calls = 0
        self._current: dict[str, list[float]] | None = None

    @contextmanager
    def window(self, services: int) -> Iterator[None]:
        """Measure from here on; garbage of the calls before is none of the calls that are measured."""
        gc.collect()
        self._current = self.windows.setdefault(services, defaultdict(list))
        yield
        self._current = None

    def __call__(self, name: str, act: Callable[..., Any], /, **members: Any) -> Any:
        """Do it, and note how long it took."""
        start = time.process_time()
        answer = act(**members)
        if self._current is not None:
            self._current[name].append((time.process_time() - start) * 1000)
        self.calls += 1
        return answer

    def growth(self, name: str) -> float:
        """The median of the last window in relation to the first."""
        return median(self.windows[WINDOWS[-1]][name]) / median(self.windows[WINDOWS[0]][name])


class Platform:
    """One network with services, made and looked at through the API; `stopwatch` measures what it does."""

    def __init__(self, client: Any, vpc_id: str, stopwatch: Stopwatch) -> None:
        self._client, self._vpc_id, self._stopwatch = client, vpc_id, stopwatch
        self._network = client.create_service_network(name="platform")["id"]
        self._services: list[str] = []
        self._groups: list[str] = []
        self._arns: list[str] = []
        self._hosts: list[str] = []
        client.create_service_network_vpc_association(serviceNetworkIdentifier=self._network, vpcIdentifier=vpc_id)

    def grow(self, services: int) -> None:
        """Add services until there are this many."""
        while len(self._services) < services:
            self._add_service()

    def _add_service(self) -> None:
        """A service with a listener, two target groups with a target each, and an association."""
        number = len(self._services)
        groups = [self._add_group(f"service-{number}-v{version}") for version in (1, 2)]
        service = self._call("create_service", name=f"service-{number}")
        forward = {"targetGroups": [{"targetGroupIdentifier": group, "weight": 50} for group in groups]}
        members = {"serviceIdentifier": service["id"], "name": "http", "protocol": "HTTP"}
        self._call("create_listener", **members, defaultAction={"forward": forward})
        self._call(
            "create_service_network_service_association",
            serviceNetworkIdentifier=self._network,
            serviceIdentifier=service["id"],
        )
        self._services.append(service["id"])
        self._arns.append(service["arn"])
        self._hosts.append(service["dnsEntry"]["domainName"])

    def look(self) -> None:
        """Read each kind of thing, and look up what the data plane looks up for a request."""
        for number in range(REPETITIONS):
            place = -1 - number % WINDOW
            self._call("get_service", serviceIdentifier=self._services[place])
            self._call("get_target_group", targetGroupIdentifier=self._groups[place])
            self._call("get_service_network", serviceNetworkIdentifier=self._network)
            self._call("list_services", maxResults=50)
            self._call("list_target_groups", maxResults=50, vpcIdentifier=self._vpc_id)
            associations = "list_service_network_service_associations"
            self._call(associations, maxResults=50, serviceNetworkIdentifier=self._network)
            self._call("list_tags_for_resource", resourceArn=self._arns[place])
            for found in (
                self._stopwatch("view.find_service", view.find_service, vpc_id=self._vpc_id, host=self._hosts[place]),
                self._stopwatch("view.network_of", view.network_of, vpc_id=self._vpc_id),
                self._stopwatch("view.service_by_domain", view.service_by_domain, host=self._hosts[place]),
                self._stopwatch("view.target_group", view.target_group, identifier=self._groups[place]),
            ):
                if found is None:
                    raise RuntimeError("the data plane does not see what was created")

    def counted(self) -> tuple[int, int]:
        """List everything, page by page: the numbers of services and target groups, each seen once."""
        return self._listed("list_services"), self._listed("list_target_groups")

    def _listed(self, operation: str) -> int:
        pages = self._client.get_paginator(operation).paginate()
        return len({item["arn"] for page in pages for item in page["items"]})

    def _add_group(self, name: str) -> str:
        config = {"port": 8080, "protocol": "HTTP", "vpcIdentifier": self._vpc_id}
        group: str = self._call("create_target_group", name=name, type="IP", config=config)["id"]
        self._call("register_targets", targetGroupIdentifier=group, targets=[{"id": "10.1.0.5"}])
        self._groups.append(group)
        return group

    def _call(self, operation: str, **members: Any) -> Any:
        """One call; one that comes while its resource is still being created is made again, and measured alone."""
        for _ in range(100):
            try:
                return self._stopwatch(operation, getattr(self._client, operation), **members)
            except ClientError as error:
                if "CREATE_IN_PROGRESS" not in str(error):
                    raise
        raise RuntimeError(f"{operation} {members} was refused all the time")


def measure(endpoint: AwsEndpoint) -> Stopwatch:
    """Create everything, looking at the end of each window."""
    configuration.reconfigure(quotas=QUOTAS)
    stopwatch = Stopwatch()
    vpc_id = endpoint.identity.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    platform = Platform(endpoint.identity.client("vpc-lattice"), vpc_id, stopwatch)
    for services in WINDOWS:
        platform.grow(services - WINDOW)
        with stopwatch.window(services):
            platform.grow(services)
            platform.look()
    start = time.perf_counter()
    services, groups = platform.counted()
    print(f"listed {services} services and {groups} target groups in {time.perf_counter() - start:.1f} s")
    return stopwatch


def main() -> int:
    """Print the table; exit status 1 when something grows too much."""
    clock.use(clock.Clock(start=clock.current().time(), speed=SPEED))
    lattice.install()
    endpoint = AwsEndpoint()
    endpoint.start()
    try:
        stopwatch = measure(endpoint)
    finally:
        endpoint.stop()
    names = sorted(stopwatch.windows[WINDOWS[0]])
    print(f"{stopwatch.calls} calls; median CPU milliseconds of a call by the number of services")
    print(f"{'':<44}{''.join(f'{services:>8}' for services in WINDOWS)}{'growth':>8}")
    for name in names:
        cells = "".join(f"{median(stopwatch.windows[services][name]):>8.2f}" for services in WINDOWS)
        print(f"{name:<44}{cells}{stopwatch.growth(name):>8.2f}")
    return 1 if any(stopwatch.growth(name) > MOST_GROWTH for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
