"""The page `/_local/faults`: what it takes, shows and forgets."""

import pytest

from trellis_local import faults
from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault

SERVICES_QUOTA = "L-620C821E"


def test_a_fault_is_shown_with_its_defaults_until_it_is_removed(order, page):
    ordered = order("throttle", service="vpc-lattice", operation="CreateRule", probability=0.3)
    assert page("GET") == (200, {"faults": [ordered]})
    assert ordered == {
        "id": ordered["id"],
        "kind": "throttle",
        "service": "vpc-lattice",
        "operation": "CreateRule",
        "caller": "*",
        "probability": 0.3,
        "retryAfterSeconds": 1,
        "hits": 0,
        "remaining": None,
    }
    assert page("DELETE", query=f"?id={ordered['id']}") == (200, {"removed": 1})
    assert page("GET") == (200, {"faults": []})


def test_all_faults_can_be_removed_at_once(order, page, client):
    order("throttle")
    order("server-error")
    order("stale-reads", lagSeconds=5)
    order("quota", code=SERVICES_QUOTA, value=0)
    assert page("DELETE") == (200, {"removed": 4})
    service_id = client("vpc-lattice").create_service(name="orders")["id"]
    assert client("vpc-lattice").list_services()["items"][0]["id"] == service_id


def test_what_does_not_exist_cannot_be_removed(order, page):
    order("throttle")
    assert page("DELETE", query="?id=fault-77") == (404, {"message": "there is no fault fault-77"})
    assert page("DELETE", query="?identifier=1")[0] == 400
    assert len(page("GET")[1]["faults"]) == 1


def test_other_methods_are_refused(page):
    assert page("PUT", {}) == (405, {"message": "allowed: GET, POST, DELETE"})


@pytest.mark.parametrize(
    ("document", "name", "allowed"),
    [
        ({"kind": "chaos"}, "kind", "throttle, server-error, latency, stale-reads, state-failure, duration, quota, "),
        ({"kind": "chaos"}, "kind", ", cluster-outage"),
        ({"service": "ec2"}, "kind", "throttle"),
        ({"kind": "throttle", "probability": 1.5}, "probability", "less than or equal to 1"),
        ({"kind": "throttle", "probability": 0}, "probability", "greater than 0"),
        ({"kind": "throttle", "probability": "0.3"}, "probability", "valid number"),
        ({"kind": "throttle", "times": 0}, "times", "greater than or equal to 1"),
        ({"kind": "throttle", "service": "lattice"}, "service", "vpc-lattice"),
        ({"kind": "throttle", "service": "route53", "operation": "CreateZone"}, "operation", "ActivateKeySigningKey"),
        ({"kind": "throttle", "milliseconds": 5}, "milliseconds", "retryAfterSeconds"),
        ({"kind": "latency"}, "milliseconds", "required"),
        ({"kind": "latency", "milliseconds": -1}, "milliseconds", "greater than 0"),
        ({"kind": "stale-reads", "lagSeconds": 0}, "lagSeconds", "greater than 0"),
        ({"kind": "stale-reads", "lagSeconds": 5, "operation": "CreateRule"}, "operation", "GetAccessLogSubscription"),
        ({"kind": "duration", "resource": "Rule", "during": "x", "seconds": 1}, "resource", "Service, "),
        (
            {"kind": "duration", "resource": "Service", "during": "ACTIVE", "seconds": 1},
            "during",
            "CREATE_IN_PROGRESS, DELETE_IN_PROGRESS",
        ),
        ({"kind": "state-failure", "resource": "Service", "during": "CREATE_IN_PROGRESS"}, "code", "required"),
        ({"kind": "quota", "code": "L-00000000", "value": 1}, "code", SERVICES_QUOTA),
        ({"kind": "quota", "code": SERVICES_QUOTA, "value": -1}, "value", "greater than or equal to 0"),
        ({"kind": "cluster-outage", "cluster": "green"}, "cluster", "green is unknown; allowed: blue"),
    ],
)
def test_a_refused_document_names_the_member_and_what_is_allowed_and_changes_nothing(page, document, name, allowed):
    before = configuration.current()
    status, answer = page("POST", document)
    assert status == 400
    messages = {field["name"]: field["message"] for field in answer["fields"]}
    assert allowed in messages[name]
    assert page("GET") == (200, {"faults": []})
    assert configuration.current() is before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"throttle"'])
def test_what_is_no_document_is_refused(page, body):
    assert page("POST", body=body)[0] == 400
    assert page("GET") == (200, {"faults": []})


def test_a_state_change_fails_as_often_as_ordered(order, page, client):
    order("duration", resource="Service", during="CREATE_IN_PROGRESS", seconds=0)
    failure = {"resource": "Service", "during": "CREATE_IN_PROGRESS", "code": "InternalError", "message": "no luck"}
    order("state-failure", name="orders", **failure)
    lattice = client("vpc-lattice")
    ids = [lattice.create_service(name=name)["id"] for name in ("carts", "orders")]
    carts, orders = (lattice.get_service(serviceIdentifier=service_id) for service_id in ids)
    assert carts["status"] == "ACTIVE"
    assert (orders["status"], orders["failureCode"], orders["failureMessage"]) == (
        "CREATE_FAILED",
        "InternalError",
        "no luck",
    )
    lattice.delete_service(serviceIdentifier=ids[1])
    assert [fault.get("hits") for fault in page("GET")[1]["faults"]] == [None, 1]


def test_a_removed_failure_does_not_happen(order, page, client):
    order("duration", resource="Service", during="CREATE_IN_PROGRESS", seconds=0)
    failure = {"resource": "Service", "during": "CREATE_IN_PROGRESS", "code": "InternalError", "message": "no luck"}
    removed = order("state-failure", times=None, **failure)
    page("DELETE", query=f"?id={removed['id']}")
    service_id = client("vpc-lattice").create_service(name="orders")["id"]
    assert client("vpc-lattice").get_service(serviceIdentifier=service_id)["status"] == "ACTIVE"


def test_a_quota_holds_until_it_is_removed(order, page, client, error_of):
    quota = order("quota", code=SERVICES_QUOTA, value=0)
    lattice = client("vpc-lattice")
    error = error_of(lambda: lattice.create_service(name="orders"))
    assert (error["status"], error["quotaCode"]) == (402, SERVICES_QUOTA)
    page("DELETE", query=f"?id={quota['id']}")
    assert lattice.create_service(name="orders")["name"] == "orders"


def test_a_cluster_answers_again_when_the_last_of_its_outages_is_over(order, page, cluster):
    outages = [order("cluster-outage", cluster="blue") for _ in range(2)]
    seen = [cluster.reachable]
    for outage in outages:
        page("DELETE", query=f"?id={outage['id']}")
        seen.append(cluster.reachable)
    assert seen == [False, False, True]


def test_the_last_of_two_durations_counts_and_both_can_go_in_any_order(order, page):
    state = ("Service", "CREATE_IN_PROGRESS")
    default = configuration.current().durations[state]
    first, second = (order("duration", resource=state[0], during=state[1], seconds=seconds) for seconds in (50, 60))
    seen = [configuration.current().durations[state]]
    for fault in (first, second):
        page("DELETE", query=f"?id={fault['id']}")
        seen.append(configuration.current().durations[state])
    assert seen == [60, 60, default]


def test_another_duration_does_not_forget_what_was_configured_in_python(order):
    configuration.reconfigure(durations={("TargetGroup", "CREATE_IN_PROGRESS"): 9.0})
    order("duration", resource="Service", during="CREATE_IN_PROGRESS", seconds=50)
    assert configuration.current().durations["TargetGroup", "CREATE_IN_PROGRESS"] == 9.0


def test_nothing_is_left_for_the_next_stack(endpoint, order, client):
    before = configuration.current()
    uninstall = faults.install(endpoint, {})
    order("throttle")
    order("quota", code=SERVICES_QUOTA, value=0)
    order("stale-reads", lagSeconds=60)
    plan_of_stack = configuration.current().faults
    plan_of_stack.inject(Fault("Service", "CREATE_IN_PROGRESS", "InternalError", "no luck"))
    uninstall()
    assert configuration.current() is before
    assert before.faults is not plan_of_stack
    service_id = client("vpc-lattice").create_service(name="orders")["id"]
    assert client("vpc-lattice").list_services()["items"][0]["id"] == service_id


def test_a_stale_read_is_ordered_for_the_past_only_until_it_is_removed(order, page, client):
    lattice = client("vpc-lattice")
    stale = order("stale-reads", lagSeconds=3600, operation="ListServices", times=1)
    lattice.create_service(name="orders")
    assert [len(lattice.list_services()["items"]) for _ in range(2)] == [0, 1]
    assert page("GET")[1]["faults"][0] == {**stale, "hits": 1, "remaining": 0}
