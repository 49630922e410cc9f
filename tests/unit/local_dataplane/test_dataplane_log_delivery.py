"""Access logs in moto's CloudWatch Logs, S3 and Firehose: VPC Lattice User Guide, "Access log destinations"."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from random import Random

import boto3
import pytest
from dataplane_fakes import HOST, World, walkthrough
from moto import mock_aws

from trellis_local import lattice
from trellis_local.dataplane.access_logs import AccessLogs, LogLine
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.log_delivery import deliver, log_stream_name, object_key
from trellis_local.dataplane.on_moto import data_plane
from trellis_local.dataplane.plane import DataPlane
from trellis_local.lattice import configuration, view
from trellis_local.lattice.backend import lattice_backends
from trellis_local.lattice.log_destinations import parse_destination
from trellis_local.lattice.view import LogSubscriptionView

ACCOUNT, REGION, SERVICE = "111122223333", "us-west-2", "svc-0123456789abcdef0"
LINES = (LogLine(1_785_326_400_000, '{"requestPath": "/one"}'), LogLine(1_785_326_401_000, '{"requestPath": "/two"}'))
BUCKET, GROUP = "arn:aws:s3:::access-logs", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:access:*"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/access"


@cache
def client(service: str):
    return boto3.client(service, REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    lattice.install()
    with mock_aws():
        client("s3").create_bucket(Bucket="access-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
        client("logs").create_log_group(logGroupName="access")
        to_bucket = {"BucketARN": BUCKET, "Prefix": "firehose/", "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose"}
        client("firehose").create_delivery_stream(
            DeliveryStreamName="access", ExtendedS3DestinationConfiguration=to_bucket
        )
        yield
        lattice_backends[ACCOUNT][REGION].reset()


def subscription(destination: str) -> LogSubscriptionView:
    return LogSubscriptionView("als-1", ACCOUNT, REGION, SERVICE, parse_destination(destination))


def objects() -> dict[str, bytes]:
    keys = [item["Key"] for item in client("s3").list_objects_v2(Bucket="access-logs").get("Contents", ())]
    return {key: client("s3").get_object(Bucket="access-logs", Key=key)["Body"].read() for key in keys}


def records(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.decode().splitlines()]


def events() -> list[dict]:
    return client("logs").filter_log_events(logGroupName="access")["events"]


@pytest.mark.parametrize(("prefix", "start"), [("", ""), ("/lattice/prod", "lattice/prod/"), ("/lattice/", "lattice/")])
def test_the_key_of_a_file_is_the_documented_one(prefix, start):
    key = object_key(subscription(BUCKET + prefix), at=datetime(2026, 7, 9, 5, 4, 59, tzinfo=UTC), unique="0a1b2c3d")
    assert key == (
        f"{start}AWSLogs/{ACCOUNT}/VpcLattice/AccessLogs/{REGION}/2026/07/09/{SERVICE}/"
        f"{ACCOUNT}_VpcLatticeAccessLogs_{REGION}_{SERVICE}_20260709T0504Z_0a1b2c3d.json.gz"
    )


def test_a_file_in_s3_is_gzipped_and_has_one_json_object_in_each_line():
    deliver(subscription(f"{BUCKET}/lattice"), LINES)
    ((key, data),) = objects().items()
    folder = rf"lattice/AWSLogs/{ACCOUNT}/VpcLattice/AccessLogs/{REGION}/\d{{4}}/\d\d/\d\d/{SERVICE}"
    name = rf"{ACCOUNT}_VpcLatticeAccessLogs_{REGION}_{SERVICE}_\d{{8}}T\d{{4}}Z_[0-9a-f]{{8}}\.json\.gz"
    assert re.fullmatch(f"{folder}/{name}", key)
    assert [record["requestPath"] for record in records(gzip.decompress(data))] == ["/one", "/two"]


def test_files_of_one_minute_do_not_replace_each_other():
    deliver(subscription(BUCKET), LINES)
    deliver(subscription(BUCKET), LINES)
    assert len(objects()) == 2


def test_a_log_group_gets_one_stream_for_the_resource_with_the_time_of_each_request():
    deliver(subscription(GROUP), LINES[:1])
    deliver(subscription(GROUP), LINES[1:])
    stream = log_stream_name(subscription(GROUP))
    assert [(event["logStreamName"], event["timestamp"], event["message"]) for event in events()] == [
        (stream, line.milliseconds, line.text) for line in LINES
    ]


def test_records_of_a_clock_that_runs_ahead_are_kept():
    deliver(subscription(GROUP), (LogLine(4_000_000_000_000, "{}"),))
    assert [event["timestamp"] for event in events()] == [4_000_000_000_000]


def test_firehose_hands_the_records_on_to_its_bucket():
    deliver(subscription(STREAM), LINES)
    ((key, data),) = objects().items()
    assert key.startswith("firehose/")
    assert [record["requestPath"] for record in records(data)] == ["/one", "/two"]


@pytest.mark.parametrize(
    "gone", ["arn:aws:s3:::gone", GROUP.replace("access:", "gone:"), STREAM.replace("/access", "/gone")]
)
def test_a_destination_that_is_gone_gets_nothing(gone):
    deliver(subscription(gone), LINES)
    assert (objects(), events()) == ({}, [])


@pytest.fixture
def at_once() -> Iterator[None]:
    """VPC Lattice's resources are ready at once."""
    before = configuration.current()
    configuration.reconfigure(durations=dict.fromkeys(before.durations, 0.0))
    yield
    configuration.use(before)


def associated_service(vpc_id: str, **members) -> tuple[str, str, str]:
    """Network id, service id and host of a service that answers 404 to clients in the VPC."""
    vpc_lattice = client("vpc-lattice")
    network = vpc_lattice.create_service_network(name="platform")["id"]
    created = vpc_lattice.create_service(name="orders", **members)
    fixed = {"fixedResponse": {"statusCode": 404}}
    vpc_lattice.create_listener(
        serviceIdentifier=created["id"], name="http", protocol="HTTP", port=80, defaultAction=fixed
    )
    vpc_lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network, serviceIdentifier=created["id"]
    )
    vpc_lattice.create_service_network_vpc_association(serviceNetworkIdentifier=network, vpcIdentifier=vpc_id)
    return network, created["id"], created["dnsEntry"]["domainName"]


def test_a_request_of_a_client_ends_up_in_the_logs_of_its_network_and_its_service(at_once):
    vpc_id = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    network, service, host = associated_service(vpc_id)
    for resource, destination in ((network, BUCKET), (service, GROUP)):
        client("vpc-lattice").create_access_log_subscription(resourceIdentifier=resource, destinationArn=destination)
    plane = data_plane(view=view, pods=World(), region=REGION)
    plane.start()
    answer = plane.request(vpc_id, "GET", f"http://{host}/popular?page=1", {"User-Agent": "test"})
    plane.stop()
    (data,) = objects().values()
    (of_network,) = records(gzip.decompress(data))
    (of_service,) = [json.loads(event["message"]) for event in events()]
    assert of_network == of_service
    assert of_network["serviceNetworkArn"].endswith(network)
    assert of_network["serviceArn"].endswith(service)
    assert (of_network["requestPath"], of_network["responseCode"]) == ("/popular?page=1", 404)
    assert (of_network["hostHeader"], of_network["userAgent"], of_network["sourceVpcId"]) == (host, "test", vpc_id)
    assert answer.status == 404


def test_a_denied_request_is_logged_with_who_denied_it(at_once):
    vpc_id = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    _, service, host = associated_service(vpc_id, authType="AWS_IAM")
    client("vpc-lattice").create_access_log_subscription(resourceIdentifier=service, destinationArn=GROUP)
    plane = data_plane(view=view, pods=World(), region=REGION)
    plane.start()
    plane.request(vpc_id, "GET", f"http://{host}/")
    plane.stop()
    (record,) = [json.loads(event["message"]) for event in events()]
    assert (record["responseCode"], record["authDeniedReason"], record["failureReason"]) == (
        403,
        "Service",
        "ClientAccessDenied",
    )
    assert record["resolvedUser"] == "Anonymous"


@pytest.mark.parametrize(
    ("path", "closed", "expected"),
    [
        ("/popular", False, (200, "arn:aws:vpc-lattice:us-west-2:111122223333:targetgroup/tg-v1", "-")),
        (
            "/popular",
            True,
            (500, "arn:aws:vpc-lattice:us-west-2:111122223333:targetgroup/tg-v1", "TargetConnectionError"),
        ),
        ("/other", False, (404, "-", "-")),
    ],
)
def test_a_record_names_the_target_group_and_what_became_of_the_request(path, closed, expected):
    world = walkthrough()
    world.closed = closed
    logs = AccessLogs(subscriptions=lambda arn: [subscription(GROUP)] if ":service/" in arn else [], deliver=deliver)
    surroundings = Surroundings(view=world, pods=world, vpcs=world, admits=world.admits)
    plane = DataPlane(surroundings, observers=(logs,), random=Random(1))
    plane.start()
    plane.request("vpc-a", "GET", f"http://{HOST}{path}")
    plane.stop()
    (record,) = [json.loads(event["message"]) for event in events()]
    assert (record["responseCode"], record["targetGroupArn"], record["failureReason"]) == expected
    met = ("-", "-") if path == "/other" else ("192.168.48.10:8080", "vpc-b")
    assert (record["targetIpPort"], record["destinationVpcId"]) == met
