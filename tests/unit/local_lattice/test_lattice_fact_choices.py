"""What AWS leaves open and a user of the emulator chooses; the other choices are tested with their operations."""

import pytest
from lattice_actions import NOT_FOUND

from trellis_local.lattice import configuration
from trellis_local.lattice.choices import Choices


def test_a_client_token_with_the_same_parameters_does_nothing(client):
    """API reference, CreateService: "the retry succeeds without performing any actions"."""
    answers = [client.create_service(name="orders", clientToken="spec-1") for _ in range(2)]
    assert answers[0]["id"] == answers[1]["id"]
    assert len(client.list_services()["items"]) == 1


@pytest.mark.parametrize(("choice", "status"), [("ConflictException", 409), ("ValidationException", 400)])
def test_a_client_token_with_other_parameters_fails(client, error_of, choice, status):
    """API reference, CreateService: "If the parameters aren't identical, the retry fails"."""
    configuration.reconfigure(choices=Choices(reused_client_token=choice))
    client.create_service(name="orders", clientToken="spec-1")
    error = error_of(client.create_service, name="carts", clientToken="spec-1")
    assert (error["status"], error["code"]) == (status, choice)


@pytest.mark.parametrize("is_sensitive", [True, False])
def test_case_sensitivity_has_defaults(client, make_service, make_listener, is_sensitive):
    """API reference of PathMatch says true and the User Guide, "Listener rules", no; headers: no."""
    configuration.reconfigure(choices=Choices(path_is_case_sensitive=is_sensitive))
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    match = {"pathMatch": {"match": {"prefix": "/a"}}, "headerMatches": [{"name": "x-user", "match": {"exact": "b"}}]}
    seen = client.create_rule(**key, name="reads", priority=1, match={"httpMatch": match}, action=NOT_FOUND)["match"]
    assert seen["httpMatch"]["pathMatch"]["caseSensitive"] is is_sensitive
    assert seen["httpMatch"]["headerMatches"][0]["caseSensitive"] is False


@pytest.mark.parametrize(("is_shown", "seconds"), [(False, None), (True, 60)])
def test_the_default_idle_timeout_is_shown_by_choice(client, make_service, is_shown, seconds):
    """API reference, CreateService: "the default is 60 seconds"; answers of 2026-07 lack the member."""
    configuration.reconfigure(choices=Choices(shows_default_idle_timeout=is_shown))
    assert client.get_service(serviceIdentifier=make_service("orders")).get("idleTimeoutSeconds") == seconds


def test_choices_stay_when_other_things_are_reconfigured(client, network_id):
    """The configuration is one object."""
    configuration.reconfigure(choices=Choices(missing_auth_policy="empty"))
    configuration.reconfigure(durations={("Service", "CREATE_IN_PROGRESS"): 1.0})
    assert client.get_auth_policy(resourceIdentifier=network_id)["policy"] == ""
