"""The judgement of health check results, and the checker that collects them."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trellis_local.lattice.backend import lattice_backends
from trellis_local.lattice.health import HealthChecker
from trellis_local.lattice.health_status import CheckHistory
from trellis_local.lattice.resources import Target

CONFIG = {"matcher": {"httpCode": "200-299"}, "healthyThresholdCount": 3, "unhealthyThresholdCount": 2}


def health_after(*codes, start="INITIAL"):
    history = CheckHistory(start)
    for code in codes:
        history = history.after(code, config=CONFIG)
    return history.health


@pytest.mark.parametrize(
    ("start", "codes", "health"),
    [
        ("INITIAL", [200], "HEALTHY"),
        ("INITIAL", [500], "INITIAL"),
        ("INITIAL", [None, 503], "UNHEALTHY"),
        ("HEALTHY", [404], "HEALTHY"),
        ("HEALTHY", [404, 200, 404], "HEALTHY"),
        ("HEALTHY", [404, None], "UNHEALTHY"),
        ("UNHEALTHY", [200, 204], "UNHEALTHY"),
        ("UNHEALTHY", [200, 204, 299], "HEALTHY"),
    ],
)
def test_health_follows_the_thresholds(start, codes, health):
    """User Guide, "Health checks": one passing check makes a new target healthy, later on the thresholds count."""
    assert health_after(*codes, start=start) == health


@given(st.lists(st.sampled_from([200, 500, None])))
def test_enough_passing_checks_make_any_target_healthy(codes):
    assert health_after(*codes, 200, 200, 200) == "HEALTHY"


class Pods:
    """Answers probes as the test says, and remembers them."""

    def __init__(self):
        self.status_code = 200
        self.probes = []

    def __call__(self, **arguments):
        self.probes.append(arguments)
        if self.status_code == 0:
            raise ConnectionRefusedError
        return self.status_code


@pytest.fixture
def pods(client):
    pods = Pods()
    checker = HealthChecker(pods)
    checker.start()
    yield pods
    checker.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "lattice-health"]


@pytest.fixture
def wait_for_status(client):
    def wait(group_id, status):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            (target,) = client.list_targets(targetGroupIdentifier=group_id)["items"]
            if target["status"] == status:
                return
        pytest.fail(f"still {target['status']}, not {status}")

    return wait


@pytest.fixture
def group_in_use(client, make_group, make_service, make_listener):
    check = {"path": "/healthz", "healthCheckIntervalSeconds": 10, "healthyThresholdCount": 2}
    group_id = make_group("orders-v1", port=8080, healthCheck=check)
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    make_listener(make_service("orders"), group_id)
    return group_id


def test_a_new_target_is_checked_at_once_with_the_configuration_of_its_group(
    pods, group_in_use, vpc_id, wait_for_status
):
    wait_for_status(group_in_use, "HEALTHY")
    address = {"vpc_id": vpc_id, "ip": "10.1.0.5", "port": 8080}
    assert pods.probes == [address | {"path": "/healthz", "timeout": 5, "protocol": "HTTP"}]


def test_a_target_that_stops_to_answer_becomes_unhealthy_and_recovers(pods, group_in_use, wait_for_status, stepped):
    wait_for_status(group_in_use, "HEALTHY")
    for status_code, health in ((0, "UNHEALTHY"), (200, "HEALTHY")):
        pods.status_code = status_code
        for _ in range(2):
            seen = len(pods.probes)
            stepped.advance(10)
            while len(pods.probes) == seen:
                time.sleep(0.005)
        wait_for_status(group_in_use, health)


def test_targets_of_an_unused_group_are_not_checked(pods, client, make_group, wait_for_status):
    group_id = make_group("orders-v1")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    time.sleep(0.1)
    wait_for_status(group_id, "UNUSED")
    assert pods.probes == []


def test_a_target_that_was_there_before_the_checker_is_checked(group_in_use, client, wait_for_status):
    lattice_backends["111122223333"]["us-west-2"].take_groups_to_check()  # as an earlier checker did
    checker = HealthChecker(Pods())
    checker.start()
    wait_for_status(group_in_use, "HEALTHY")
    checker.stop()


def test_a_group_that_comes_into_use_again_is_checked_anew(
    pods, group_in_use, client, make_service, make_listener, wait_for_status
):
    wait_for_status(group_in_use, "HEALTHY")
    (service,) = client.list_services()["items"]
    (listener,) = client.list_listeners(serviceIdentifier=service["id"])["items"]
    client.delete_listener(serviceIdentifier=service["id"], listenerIdentifier=listener["id"])
    wait_for_status(group_in_use, "UNUSED")
    pods.status_code = 500
    make_listener(service["id"], group_in_use)
    wait_for_status(group_in_use, "INITIAL")


def test_a_look_at_what_is_due_does_not_visit_targets_that_are_not(group_in_use, monkeypatch, stepped):
    checker, reads = HealthChecker(Pods()), []

    def counting(target, name):
        reads.append(name)
        return object.__getattribute__(target, name)

    checker.look(stepped.time())
    monkeypatch.setattr(Target, "__getattribute__", counting)
    checker.look(stepped.time())
    assert reads == []
    stepped.advance(10)
    checker.look(stepped.time())
    assert reads
