"""Auth policies and resource policies: their states, their form, and what happens without one."""

import json

import pytest

from trellis_local.lattice import configuration
from trellis_local.lattice.choices import Choices

POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})


@pytest.fixture(params=["service", "service network"])
def make_policed(request, client, make_service):
    """Create a service or a network with an auth type; its id and its ARN."""

    def make(auth_type="NONE"):
        if request.param == "service":
            answer = client.get_service(serviceIdentifier=make_service("orders", authType=auth_type))
        else:
            answer = client.create_service_network(name="policed", authType=auth_type)
        return answer["id"], answer["arn"]

    return make


@pytest.mark.parametrize(("auth_type", "state"), [("NONE", "Inactive"), ("AWS_IAM", "Active")])
def test_the_state_of_an_auth_policy_follows_the_auth_type(client, make_policed, auth_type, state):
    """API reference, PutAuthPolicy: "Active" with AWS_IAM, "Inactive" with NONE."""
    resource_id, arn = make_policed(auth_type)
    assert client.put_auth_policy(resourceIdentifier=resource_id, policy=POLICY)["state"] == state
    answer = client.get_auth_policy(resourceIdentifier=arn)
    assert (answer["policy"], answer["state"]) == (POLICY, state)


def test_an_auth_policy_is_replaced_and_keeps_its_creation_time(client, make_policed, stepped):
    """API reference, PutAuthPolicy: "Creates or updates the auth policy"."""
    resource_id, _ = make_policed()
    client.put_auth_policy(resourceIdentifier=resource_id, policy=POLICY)
    created = client.get_auth_policy(resourceIdentifier=resource_id)["createdAt"]
    stepped.advance(60)
    client.put_auth_policy(resourceIdentifier=resource_id, policy='{"Statement": []}')
    answer = client.get_auth_policy(resourceIdentifier=resource_id)
    assert answer["policy"] == '{"Statement": []}'
    assert (answer["createdAt"], (answer["lastUpdatedAt"] - created).total_seconds()) == (created, 60)


MALFORMED = [
    pytest.param(POLICY.replace(", ", ",\n"), id="API, PutAuthPolicy: must not contain newlines"),
    pytest.param(POLICY + "\r\n", id="API, PutAuthPolicy: nor blank lines"),
    pytest.param("allow all", id="API, PutAuthPolicy: JSON"),
    pytest.param("[]", id="UG, Auth policies: a policy document"),
]


@pytest.mark.parametrize("policy", MALFORMED)
def test_a_malformed_policy_is_refused(client, make_policed, error_of, policy):
    resource_id, arn = make_policed()
    errors = (
        error_of(client.put_auth_policy, resourceIdentifier=resource_id, policy=policy),
        error_of(client.put_resource_policy, resourceArn=arn, policy=policy),
    )
    assert [(error["status"], error["fieldList"][0]["name"]) for error in errors] == [(400, "policy")] * 2


def test_an_auth_policy_can_be_deleted_while_it_is_active(client, make_policed, error_of):
    """API reference, DeleteAuthPolicy: "If an auth is set to AWS_IAM and the auth policy is deleted, all requests are
    denied".
    """
    resource_id, _ = make_policed("AWS_IAM")
    client.put_auth_policy(resourceIdentifier=resource_id, policy=POLICY)
    answer = client.delete_auth_policy(resourceIdentifier=resource_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error_of(client.get_auth_policy, resourceIdentifier=resource_id)["status"] == 404


def test_an_active_auth_policy_cannot_be_deleted_by_choice(client, make_policed, error_of):
    """User Guide, "Auth policies", says that the request fails."""
    configuration.reconfigure(choices=Choices(auth_policy_deletable=False))
    resource_id, _ = make_policed("AWS_IAM")
    client.put_auth_policy(resourceIdentifier=resource_id, policy=POLICY)
    assert error_of(client.delete_auth_policy, resourceIdentifier=resource_id)["status"] == 400
    assert client.get_auth_policy(resourceIdentifier=resource_id)["policy"] == POLICY


def test_no_auth_policy_is_not_found_or_empty_by_choice(client, make_policed, error_of):
    """AWS Gateway API Controller, drift detection test: it accepts both."""
    resource_id, _ = make_policed()
    error = error_of(client.get_auth_policy, resourceIdentifier=resource_id)
    assert (error["status"], error["code"]) == (404, "ResourceNotFoundException")
    configuration.reconfigure(choices=Choices(missing_auth_policy="empty"))
    assert client.get_auth_policy(resourceIdentifier=resource_id)["policy"] == ""


def test_a_resource_policy_is_put_got_and_deleted(client, make_policed, error_of):
    """API model, PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: 200, 200, 204."""
    _, arn = make_policed()
    client.put_resource_policy(resourceArn=arn, policy=POLICY)
    assert client.get_resource_policy(resourceArn=arn)["policy"] == POLICY
    assert client.delete_resource_policy(resourceArn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error_of(client.get_resource_policy, resourceArn=arn)["status"] == 404


def test_a_resource_policy_has_at_most_10000_characters(client, make_policed, error_of):
    """API model, PolicyString."""
    _, arn = make_policed()
    error = error_of(client.put_resource_policy, resourceArn=arn, policy=POLICY.ljust(10_001))
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "policy")
