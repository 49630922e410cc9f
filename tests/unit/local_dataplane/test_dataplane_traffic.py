"""Real HTTP requests through the loopback ports."""

import json
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from dataplane_fakes import HOST, NETWORK, World, forward, path_rule, plane_of, pod, target_group, walkthrough

from trellis_local import clock
from trellis_local.dataplane.messages import NoAnswer
from trellis_local.dataplane.plane import DataPlane
from trellis_local.lattice.view import TargetView


@pytest.fixture
def world() -> World:
    return walkthrough()


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def fast_clock() -> Iterator[None]:
    before = clock.current()
    clock.use(clock.Clock(start=time.time(), speed=1000))
    yield
    clock.use(before)


def get(plane: DataPlane, path: str, vpc_id: str = "vpc-a"):
    return plane.request(vpc_id, "GET", f"http://{HOST}{path}")


def raw(plane: DataPlane, data: bytes, vpc_id: str = "vpc-a") -> bytes:
    port = int(plane.url_for(vpc_id).rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_a_path_rule_sends_all_requests_to_its_only_group(plane):
    assert {get(plane, "/popular").json()["version"] for _ in range(20)} == {"v1"}


def test_a_thousand_requests_split_as_the_weights_say(plane):
    versions = Counter(get(plane, "/summary").json()["version"] for _ in range(1000))
    assert abs(versions["v2"] - 100) <= 3 * math.sqrt(1000 * 0.1 * 0.9)
    assert versions.total() == 1000


def test_a_path_without_a_rule_gets_the_default_action(plane):
    assert get(plane, "/other").status == 404


def test_the_pod_says_who_it_is_and_what_it_was_asked(plane):
    told = plane.request("vpc-a", "PUT", f"http://{HOST}/popular?x=1", {"X-Test": "yes"}).json()
    assert (told["cluster"], told["namespace"], told["service"], told["pod"], told["version"]) == (
        "cluster-b",
        "apps",
        "datastore",
        "pod-192.168.48.10",
        "v1",
    )
    assert (told["method"], told["path"], told["host"], told["headers"]["x-test"]) == (
        "PUT",
        "/popular?x=1",
        HOST,
        "yes",
    )


def test_a_vpc_without_association_gets_no_answer(plane):
    with pytest.raises(NoAnswer):
        get(plane, "/popular", vpc_id="vpc-c")


def test_an_association_that_is_not_active_yet_gives_no_answer(plane, world):
    world.networks["vpc-a"] = replace(NETWORK, association_status="CREATE_IN_PROGRESS")
    with pytest.raises(NoAnswer):
        get(plane, "/popular")


def test_a_name_that_the_vpc_cannot_resolve_gives_no_answer(plane, world):
    world.zone_vpcs = ("vpc-b",)
    with pytest.raises(NoAnswer):
        get(plane, "/popular")


def test_a_port_without_listener_gives_no_answer(plane):
    with pytest.raises(NoAnswer):
        plane.request("vpc-a", "GET", f"http://{HOST}:8443/popular")


def test_a_service_that_the_network_lacks_is_not_found(plane, world):
    world.find_service = lambda *, vpc_id, host: None
    assert get(plane, "/popular").status == 404


def test_iam_auth_denies_every_request(plane, world):
    world.service = replace(world.service, auth_type="AWS_IAM")
    answer = get(plane, "/popular")
    assert answer.status == 403
    assert b"no service-based policy allows" in answer.body


def test_a_pod_that_is_gone_gives_500(plane, world):
    del world.pods["vpc-b", "192.168.48.10"]
    assert get(plane, "/popular").status == 500


def test_a_port_that_the_pod_does_not_declare_gives_500(plane, world):
    world.add_pod(pod("vpc-b", "192.168.48.10", port=9090))
    assert get(plane, "/popular").status == 500


def test_a_closed_security_group_gives_500_and_fails_the_health_check(plane, world):
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0) == 200
    world.closed = True
    assert get(plane, "/popular").status == 500
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0) is None


def test_an_empty_target_group_gives_503(plane, world):
    world.groups["tg-v1"] = target_group("v1")
    assert get(plane, "/popular").status == 503


def test_weights_that_are_all_zero_give_503(plane, world):
    listener = world.service.listeners[0]
    rules = (path_rule(1, "/popular", forward(v1=0, v2=0)),)
    world.service = replace(world.service, listeners=(replace(listener, rules=rules),))
    assert get(plane, "/popular").status == 503


def test_lattice_tells_the_target_where_a_request_comes_from(plane):
    sent = {"x-amzn-lattice-identity": "Principal=forged", "x-amzn-requestid": "mine"}
    answer = plane.request("vpc-a", "GET", f"http://{HOST}/popular", sent)
    seen = answer.json()["headers"]
    assert seen["x-amzn-lattice-network"] == "SourceVpcArn=arn:aws:ec2:us-west-2:111122223333:vpc/vpc-a"
    assert seen["x-amzn-lattice-target"].count("Arn=arn:aws:vpc-lattice") == 3
    assert (seen["x-forwarded-for"], seen["x-forwarded-port"], seen["x-forwarded-proto"]) == ("127.0.0.1", "80", "http")
    assert "x-amzn-lattice-identity" not in seen
    assert seen["x-amzn-requestid"] == answer.headers["x-amzn-requestid"] == "mine"


def test_lattice_makes_a_request_id_where_the_client_sends_none(plane):
    assert len(get(plane, "/other").headers["x-amzn-requestid"]) == 36


def test_the_response_status_annotation_acts_at_once(plane, world):
    world.annotate("vpc-b", "192.168.48.10", response_status="503")
    assert get(plane, "/popular").status == 503


@pytest.mark.parametrize("value", ["teapot", "99", "600", "-1", "2e2", "٢٠٠"])
def test_a_meaningless_status_annotation_gives_500_with_the_reason(plane, world, value):
    world.annotate("vpc-b", "192.168.48.10", response_status=value)
    answer = get(plane, "/popular")
    assert answer.status == 500
    assert "local.trellis.dev/response-status" in answer.json()["error"]


def test_latency_passes_on_the_virtual_clock_and_in_the_metric(plane, world, fast_clock):
    world.annotate("vpc-b", "192.168.48.10", latency_ms="20000")
    before = time.monotonic()
    assert get(plane, "/popular").status == 200
    assert 0.02 <= time.monotonic() - before < 10
    world.metrics.flush()
    assert 20_000 <= world.total("RequestTime", "svc-1") < 30_000


def test_a_probe_fails_at_once_when_the_pod_is_slower_than_the_time_out(plane, world):
    world.annotate("vpc-b", "192.168.48.10", latency_ms="5001")
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0) is None


def test_the_frontend_answers_with_what_the_datastore_of_the_other_vpc_says(plane):
    answer = plane.request("vpc-a", "GET", "http://192.168.48.10:3000/popular")
    assert answer.json()["service"] == "frontend"
    assert answer.json()["upstream"]["status"] == 200
    assert answer.json()["upstream"]["body"]["version"] == "v1"
    assert "vpc/vpc-a" in answer.json()["upstream"]["body"]["headers"]["x-amzn-lattice-network"]


def test_the_frontend_fails_with_its_upstream(plane, world):
    del world.networks["vpc-a"]
    answer = plane.request("vpc-a", "GET", "http://192.168.48.10:3000/popular")
    assert answer.status == 502
    assert "not associated" in answer.json()["upstream"]["error"]


def test_an_upstream_that_is_the_pod_itself_ends_in_an_error(plane, world):
    world.annotate("vpc-a", "192.168.48.10", upstream="http://192.168.48.10:3000")
    answer = plane.request("vpc-a", "GET", "http://192.168.48.10:3000/")
    assert answer.status == 502
    assert "form a loop" in answer.body.decode()


def test_healthy_targets_take_turns(plane, world):
    world.add_pod(pod("vpc-b", "192.168.48.11"))
    targets = [TargetView(f"192.168.48.{last}", 8080, "HEALTHY") for last in (10, 11)]
    world.groups["tg-v1"] = target_group("v1", *targets)
    assert Counter(get(plane, "/popular").json()["pod"] for _ in range(10)) == {
        "pod-192.168.48.10": 5,
        "pod-192.168.48.11": 5,
    }


def test_a_connection_serves_many_requests(plane):
    one = f"GET /popular HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    last = f"POST /popular HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc".encode()
    assert raw(plane, one + one + last).count(b"HTTP/1.1 200 OK") == 3


def test_a_chunked_body_is_read_before_the_next_request(plane):
    head = f"POST /popular HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    last = f"GET /popular HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    assert raw(plane, head + b"3\r\nabc\r\n0\r\n\r\n" + last).count(b"HTTP/1.1 200 OK") == 2


def test_a_proxy_style_request_goes_to_the_host_of_its_url(plane):
    answer = raw(plane, f"GET http://{HOST}/popular HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["host"] == HOST


def test_head_has_no_body(plane):
    answer = raw(plane, f"HEAD /popular HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"b" * 61_000 + b"\r\n\r\n",
    ],
)
def test_a_malformed_request_gets_400(plane, request_text):
    assert raw(plane, request_text.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)).startswith(b"HTTP/1.1 400 ")


def test_a_client_without_answer_sees_an_empty_reply(plane):
    assert raw(plane, b"GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n") == b""


def test_ports_are_listed_for_every_vpc_and_stay_the_same_over_a_restart(world):
    plane = plane_of(world)
    plane.start()
    first = plane.ports()
    plane.stop()
    plane.start()
    assert plane.ports() == first
    plane.stop()
    assert sorted(first) == ["vpc-a", "vpc-b", "vpc-c"]


def test_an_unknown_vpc_has_no_port(plane):
    with pytest.raises(KeyError, match="vpc-z"):
        plane.url_for("vpc-z")


def test_many_clients_are_served_at_once(plane, world, fast_clock):
    world.annotate("vpc-b", "192.168.48.10", latency_ms="200000")
    started = time.monotonic()
    clients = [threading.Thread(target=get, args=(plane, "/popular")) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert time.monotonic() - started < 1.5


def test_stop_frees_the_ports(world):
    plane = plane_of(world)
    plane.start()
    port = int(plane.url_for("vpc-a").rpartition(":")[2])
    plane.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_requests_are_counted_for_the_service_and_its_target_groups(plane, world):
    for path in ("/popular", "/popular", "/other"):
        get(plane, path)
    world.metrics.flush()
    assert world.total("TotalRequestCount", "svc-1") == 3
    assert world.total("HTTPCode_4XX_Count", "svc-1") == 1
    assert world.total("TotalRequestCount", "tg-v1") == 2
    assert world.total("HTTPCode_2XX_Count", "tg-v1") == 2
    assert world.total("TotalConnectionCount", "tg-v1") == 2


def test_a_request_without_a_connection_is_not_counted(plane, world):
    with pytest.raises(NoAnswer):
        get(plane, "/popular", vpc_id="vpc-c")
    world.metrics.flush()
    assert world.published == []


def test_finished_minutes_are_published_in_the_background(world, fast_clock):
    plane = plane_of(world)
    plane.start()
    get(plane, "/popular")
    deadline = time.monotonic() + 5
    while not world.published and time.monotonic() < deadline:
        time.sleep(0.01)
    published = list(world.published)
    plane.stop()
    assert {datum["Timestamp"].second for datum in published} == {0}
