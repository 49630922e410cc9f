"""What the service makes of requests that no SDK of its own version would send."""

import json
import logging

import pytest
import requests

URL = "https://vpc-lattice.us-west-2.amazonaws.com"


@pytest.fixture
def send(client):
    """Send a request as it stands; answers the status and the document."""

    def run(method, path, body=None):
        text = body if isinstance(body, str) else json.dumps(body)
        response = requests.request(method, URL + path, data=None if body is None else text, timeout=5)
        return response.status_code, json.loads(response.content or b"{}")

    return run


def test_members_of_a_newer_api_are_ignored_at_any_depth_and_logged(send, caplog):
    body = {"name": "platform", "color": "red", "sharingConfig": {"enabled": False, "with": ["all"]}}
    with caplog.at_level(logging.WARNING, logger="trellis_local.lattice.request"):
        status, network = send("POST", "/servicenetworks", body)
    assert (status, network["sharingConfig"]) == (201, {"enabled": False})
    assert "CreateServiceNetworkRequest.color" in caplog.text
    assert "CreateServiceNetworkRequest.sharingConfig.with" in caplog.text


def test_an_ignored_member_does_not_count_for_a_client_token(send):
    body = {"name": "platform", "clientToken": "once"}
    assert send("POST", "/servicenetworks", body)[1] == send("POST", "/servicenetworks", {**body, "color": "red"})[1]


def test_null_is_the_same_as_absent(send):
    status, network = send("POST", "/servicenetworks", {"name": "platform", "authType": None, "tags": None})
    assert (status, network["authType"]) == (201, "NONE")
    status, error = send("POST", "/servicenetworks", {"name": None})
    assert (status, error["fieldList"]) == (400, [{"name": "name", "message": "is required"}])


def test_a_member_of_the_query_counts_in_the_query_only(send):
    assert send("POST", "/targetgroups/tg-0123456789abcdef0/listtargets", {"maxResults": 1000})[0] == 404


@pytest.mark.parametrize(("name", "value"), [("name", 5), ("authType", True), ("sharingConfig", "on"), ("tags", [])])
def test_a_value_of_the_wrong_type_is_refused_with_its_name(send, name, value):
    status, error = send("POST", "/servicenetworks", {"name": "platform", name: value})
    assert (status, [field["name"] for field in error["fieldList"]]) == (400, [name])


@pytest.mark.parametrize("body", ["{", "[]", '"text"'])
def test_a_body_that_is_no_json_object_cannot_be_parsed(send, body):
    status, error = send("POST", "/servicenetworks", body)
    assert (status, error["reason"]) == (400, "cannotParse")


@pytest.mark.parametrize("text", ["1_0", "ten", "%D9%A1", "1.5", ""])
def test_a_number_in_the_query_has_ascii_digits_only(send, text):
    status, error = send("GET", f"/services?maxResults={text}")
    assert (status, error["fieldList"][0]["name"]) == (400, "maxResults")


def test_digits_of_other_scripts_are_no_digits_of_an_account(send):
    arn = "arn%3Aaws%3Avpc-lattice%3Aus-west-2%3A" + "%D9%A1" * 12 + "%3Aservice%2Fsvc-0123456789abcdef0"
    status, error = send("GET", f"/services/{arn}")
    assert (status, error["fieldList"][0]["name"]) == (400, "serviceIdentifier")


def test_a_path_that_no_operation_has_is_an_unknown_operation(send):
    status, error = send("GET", "/servicenetwork")
    assert (status, "is not an operation" in error["message"]) == (404, True)
