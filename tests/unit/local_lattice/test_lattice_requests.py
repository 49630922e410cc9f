"""What holds for all operations: validation, pages, client tokens and operations that are not emulated."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize("name", ["Orders", "-orders", "orders-", "or--ders", "svc-orders", "o" * 41])
def test_names_follow_the_pattern_of_the_model(client, error_of, name):
    error = error_of(client.create_service, name=name)
    assert (error["status"], error["code"], error["reason"]) == (400, "ValidationException", "fieldValidationFailed")
    assert {field["name"] for field in error["fieldList"]} == {"name"}


def test_an_enum_is_checked(client, error_of):
    error = error_of(client.create_service, name="orders", authType="OIDC")
    assert error["fieldList"] == [{"name": "authType", "message": "must be one of NONE, AWS_IAM"}]


def test_all_wrong_fields_are_named_with_their_path(client, error_of):
    config = {"port": 70000, "healthCheck": {"healthCheckIntervalSeconds": 301}}
    error = error_of(client.create_target_group, name="orders-v1", type="IP", config=config)
    names = {field["name"] for field in error["fieldList"]}
    assert names == {"config.port", "config.healthCheck.healthCheckIntervalSeconds"}


def test_identifiers_must_have_the_form_of_an_id_or_arn(client, error_of):
    error = error_of(client.get_service, serviceIdentifier="orders-service-by-name")
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "serviceIdentifier")


def test_lists_come_in_pages(client, make_service):
    for number in range(5):
        make_service(f"service-{number}")
    first = client.list_services(maxResults=2)
    second = client.list_services(maxResults=2, nextToken=first["nextToken"])
    third = client.list_services(maxResults=2, nextToken=second["nextToken"])
    names = [item["name"] for page in (first, second, third) for item in page["items"]]
    assert names == [f"service-{number}" for number in range(5)]
    assert "nextToken" not in third


def test_a_paginator_sees_each_resource_once_although_some_go_meanwhile(client, make_service, stepped):
    first_id = make_service("service-0")
    for number in range(1, 4):
        make_service(f"service-{number}")
    names = []
    for page in client.get_paginator("list_services").paginate(PaginationConfig={"PageSize": 2}):
        names += [item["name"] for item in page["items"]]
        if len(names) == 2:
            client.delete_service(serviceIdentifier=first_id)
            stepped.advance(3)
    assert names == [f"service-{number}" for number in range(4)]


def test_a_token_of_another_list_is_refused(client, make_service, make_listener, error_of):
    services = [make_service("orders"), make_service("carts")]
    token = client.list_services(maxResults=1)["nextToken"]
    error = error_of(client.list_listeners, serviceIdentifier=services[0], nextToken=token)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "nextToken")
    assert error_of(client.list_target_groups, nextToken=token)["status"] == 400
    assert error_of(client.list_services, nextToken="made-up")["status"] == 400


def test_a_repeated_client_token_creates_nothing_and_answers_the_same(client):
    members = {"name": "orders", "clientToken": "spec-1", "tags": {"team": "shop"}}
    first, second = client.create_service(**members), client.create_service(**members)
    assert {**first, "ResponseMetadata": None} == {**second, "ResponseMetadata": None}
    assert len(client.list_services()["items"]) == 1


def test_a_client_token_is_forgotten_with_its_resource(client, stepped):
    first = client.create_service(name="orders", clientToken="spec-1")["id"]
    stepped.advance(3)
    client.delete_service(serviceIdentifier=first)
    stepped.advance(3)
    assert client.create_service(name="orders", clientToken="spec-1")["id"] != first


def test_one_of_many_concurrent_creates_of_a_name_wins(client):
    def create(_):
        try:
            return client.create_service(name="orders")["id"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert sorted(outcomes)[:15] == ["ConflictException"] * 15
