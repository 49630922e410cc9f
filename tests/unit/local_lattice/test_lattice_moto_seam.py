"""The contract with moto: each test names the seam that an upgrade of moto would break."""

import json
import urllib.error
import urllib.request

import boto3
import moto.backends
import moto.vpclattice
import moto.vpclattice.models
import pytest
from moto.core.resource_tagging import iter_taggable_backends
from moto.server import ThreadedMotoServer

from trellis_local import lattice
from trellis_local.lattice import moto_seam
from trellis_local.lattice.backend import lattice_backends


def test_moto_looks_the_backends_up_by_the_name_that_install_replaces():
    lattice.install()
    assert moto.backends.get_backend("vpc-lattice") is lattice_backends
    assert moto.vpclattice.models.vpclattice_backends is lattice_backends


def test_moto_accepts_the_catch_all_url_of_the_backend():
    backend = lattice_backends["111122223333"]["us-west-2"]
    assert len(backend.flask_paths) == 1
    assert backend.url_bases == [r"https?://vpc-lattice\.(.+)\.amazonaws\.com"]


def test_moto_routes_a_request_that_lacks_a_required_query_argument(wire):
    arn = "arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-0123456789abcdef0"
    assert wire.call("UntagResource", {"resourceArn": arn, "tagKeys": []}).fields == {"tagKeys"}


def test_the_tagging_api_finds_the_backend_by_itself(client):
    assert lattice_backends["111122223333"]["us-west-2"] in list(iter_taggable_backends("111122223333", "us-west-2"))


def test_ec2_tells_the_cidr_blocks_of_a_vpc(ec2, vpc_id):
    ec2.associate_vpc_cidr_block(VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    place = {"account": "111122223333", "region": "us-west-2"}
    assert [block.version for block in moto_seam.vpc_networks(**place, vpc_id=vpc_id)] == [4, 6]
    assert moto_seam.vpc_networks(**place, vpc_id="vpc-01234567") is None


def test_ec2_tells_the_vpc_of_a_security_group(ec2, vpc_id):
    group_id = ec2.create_security_group(GroupName="clients", Description="d", VpcId=vpc_id)["GroupId"]
    place = {"account": "111122223333", "region": "us-west-2"}
    assert moto_seam.security_group_vpc(**place, group_id=group_id) == vpc_id
    assert moto_seam.security_group_vpc(**place, group_id="sg-01234567") is None


def test_ec2_tells_where_a_running_instance_is(ec2, vpc_id):
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    image_id = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    (instance,) = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, SubnetId=subnet_id)["Instances"]
    place = {"account": "111122223333", "region": "us-west-2", "instance_id": instance["InstanceId"]}
    assert moto_seam.instance_vpc(**place) == vpc_id
    assert moto_seam.instance_address(**place) == instance["PrivateIpAddress"]
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    assert moto_seam.instance_vpc(**place) is None


def test_ram_tells_what_is_shared_with_an_account(mocked_aws):
    arn = "arn:aws:vpc-lattice:us-west-2:111122223333:servicenetwork/sn-0123456789abcdef0"
    share = {"owner": "111122223333", "region": "us-west-2", "arn": arn, "account": "444455556666"}
    assert not moto_seam.is_shared_with(**share)
    ram = boto3.client("ram", "us-west-2")
    ram.create_resource_share(name="networks", resourceArns=[arn], principals=["444455556666"])
    assert moto_seam.is_shared_with(**share)


@pytest.fixture
def endpoint(stepped, monkeypatch):
    lattice.install()
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    lattice_backends["111122223333"]["us-west-2"].reset()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_the_backend_answers_in_server_mode(endpoint):
    client = boto3.client(
        "vpc-lattice", "us-west-2", endpoint_url=endpoint, aws_access_key_id="any", aws_secret_access_key="any"
    )
    arn = client.create_service_network(name="platform", tags={"team": "shop"})["arn"]
    assert client.get_service_network(serviceNetworkIdentifier=arn)["name"] == "platform"
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
        client.get_service(serviceIdentifier="svc-0123456789abcdef0")
    assert raised.value.response["resourceId"] == "svc-0123456789abcdef0"


def test_an_unknown_path_is_an_error_in_json(endpoint):
    scope = "AKIA/20270101/us-west-2/vpc-lattice/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/nonsense", headers=headers))
    with raised.value as answer:
        assert (answer.code, json.load(answer)["message"]) == (404, "GET /nonsense is not an operation of VPC Lattice.")


def test_moto_tells_which_destinations_of_logs_exist(mocked_aws):
    place = {"account": "111122223333", "region": "us-west-2"}
    boto3.client("s3", "us-east-1").create_bucket(Bucket="seam-logs")
    boto3.client("logs", "us-west-2").create_log_group(logGroupName="seam-logs")
    to_bucket = {"BucketARN": "arn:aws:s3:::seam-logs", "RoleARN": "arn:aws:iam::111122223333:role/firehose"}
    boto3.client("firehose", "us-west-2").create_delivery_stream(
        DeliveryStreamName="seam-logs", S3DestinationConfiguration=to_bucket
    )
    for name, expected in (("seam-logs", True), ("none", False)):
        assert moto_seam.has_bucket(name) is expected
        assert moto_seam.has_log_group(**place, name=name) is expected
        assert moto_seam.has_delivery_stream(**place, name=name) is expected
    assert not moto_seam.has_log_group(account="444455556666", region="us-west-2", name="seam-logs")
