"""Whatever Trellis writes down has neither the token with which it signs in to clusters, nor data of Secrets."""

import base64
import contextlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from observing import CLUSTER_B, execute

from trellis_local.walkthrough import Walkthrough, World

SECRET = "/api/v1/namespaces/default/secrets/database"
PASSWORD = "correct-horse-battery-staple"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
# What a token begins with, what it is once decoded, and credentials of any kind in a signed URL.
TOKENS = ("k8s-aws-v1.", "X-Amz-Signature=", "X-Amz-Security-Token=", "Bearer ")


@pytest.fixture(scope="module")
def written(onboarded: Walkthrough, world: World) -> dict[str, str]:
    """Everything that exists of logs, documents, records and executions, by where it is."""
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "database", "namespace": "default"},
        "data": {"password": ENCODED},
    }
    before = {execution["executionArn"] for execution in _listed(world)}
    world.kubernetes(CLUSTER_B).apply(SECRET, document, manager="team")
    world.run("onboard-cluster", {"cluster": CLUSTER_B, "repair": True})
    assert execute(world, "reconcile-cluster", {"cluster": "nobody"})["status"] == "FAILED"
    found = dict([*_logs(world), *_objects(world), *_items(world), *_executions(world), *_histories(world, before)])
    world.kubernetes(CLUSTER_B).delete(SECRET)
    return found


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ("log", "cluster nobody is not registered"),
        ("object", "datastore.lattice-test.io"),
        ("item", CLUSTER_B),
        ("item FINGERPRINTS#", "forward"),  # compressed
        ("execution", CLUSTER_B),
        ("history", "snapshots/"),
    ],
)
def test_what_must_be_there_is_found_where_secrets_are_looked_for(
    written: dict[str, str], place: str, known: str
) -> None:
    assert [found for found, text in written.items() if found.startswith(place) and known in text]


@pytest.mark.parametrize("token", TOKENS)
def test_no_token_is_written_down(written: dict[str, str], token: str) -> None:
    assert [place for place, text in written.items() if token in text] == []


@pytest.mark.parametrize("secret", [PASSWORD, ENCODED])
def test_no_data_of_a_secret_is_written_down(written: dict[str, str], secret: str) -> None:
    assert [place for place, text in written.items() if secret in text] == []


def test_the_role_that_reads_clusters_may_not_read_secrets(onboarded: Walkthrough, world: World) -> None:
    role = world.kubernetes(CLUSTER_B).get("/apis/rbac.authorization.k8s.io/v1/clusterroles/trellis-reader")
    assert role is not None
    assert [rule for rule in role["rules"] if "httproutes" in rule["resources"]], "it reads nothing at all"
    assert not [rule for rule in role["rules"] if {"secrets", "*"} & {*rule["resources"], *rule["verbs"]}]


def _logs(world: World) -> Iterator[tuple[str, str]]:
    logs = world.aws("logs")
    groups = [group for page in logs.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]]
    for group in groups:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                yield f"log {group['logGroupName']} {event['eventId']}", event["message"]


def _objects(world: World) -> Iterator[tuple[str, str]]:
    s3 = world.aws("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for item in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
                yield f"object {item['Key']}", body.decode("utf-8", "replace")


def _items(world: World) -> Iterator[tuple[str, str]]:
    dynamodb = world.aws("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield f"item {item['pk']['S']} {item['sk']['S']}", json.dumps(item, default=_readable)


def _readable(value: bytes) -> str:
    with contextlib.suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode("utf-8", "replace")


def _executions(world: World) -> Iterator[tuple[str, str]]:
    states = world.aws("stepfunctions")
    for execution in _listed(world):
        described = states.describe_execution(executionArn=execution["executionArn"])
        yield f"execution {execution['name']}", json.dumps(described, default=str)


def _histories(world: World, before: set[str]) -> Iterator[tuple[str, str]]:
    """What the states of later executions were given and gave back; those of all tests would take minutes to read."""
    paginator = world.aws("stepfunctions").get_paginator("get_execution_history")
    for execution in (found for found in _listed(world) if found["executionArn"] not in before):
        pages = paginator.paginate(executionArn=execution["executionArn"])
        events = [event for page in pages for event in page["events"]]
        yield f"history {execution['name']}", json.dumps(events, default=str)


def _listed(world: World) -> Iterator[dict[str, Any]]:
    pages = world.aws("stepfunctions").get_paginator("list_executions")
    for arn in world.status()["stateMachines"].values():
        for page in pages.paginate(stateMachineArn=arn):
            yield from page["executions"]
