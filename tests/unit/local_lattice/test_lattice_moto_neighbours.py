"""The contract with the other services of moto that the backend looks at: certificates, load balancers, functions,
organizations, callers and Service Quotas. Each test names the seam that an upgrade of moto would break.
"""

import boto3
import pytest
from moto.servicequotas.responses import ServiceQuotasResponse

from trellis_local import lattice
from trellis_local.lattice import moto_seam

REGION = "us-west-2"
PLACE = {"account": "111122223333", "region": REGION}


def test_acm_tells_status_key_and_names_of_a_certificate(mocked_aws):
    members = {"DomainName": "shop.example.com", "SubjectAlternativeNames": ["*.shop.example.com"]}
    arn = boto3.client("acm", REGION).request_certificate(**members)["CertificateArn"]
    found = moto_seam.certificate(**PLACE, arn=arn)
    assert (found.status, found.key_algorithm) == ("PENDING_VALIDATION", "RSA_2048")
    assert set(found.names) == {"shop.example.com", "*.shop.example.com"}
    assert moto_seam.certificate(**PLACE, arn=arn[:-1] + "x") is None


def test_elastic_load_balancing_tells_the_ports_of_a_load_balancer(ec2, vpc_id):
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"us-west-2{zone}")
        for number, zone in enumerate("ab")
    ]
    elbv2 = boto3.client("elbv2", REGION)
    subnet_ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    balancer = elbv2.create_load_balancer(Name="contract", Scheme="internal", Subnets=subnet_ids)["LoadBalancers"][0]
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=8080, DefaultActions=actions
    )
    expected = moto_seam.LoadBalancer(type="application", scheme="internal", vpc_id=vpc_id, ports=frozenset({8080}))
    assert moto_seam.load_balancer(**PLACE, arn=balancer["LoadBalancerArn"]) == expected
    assert moto_seam.load_balancer(**PLACE, arn="arn:aws:elasticloadbalancing:unknown") is None


def test_lambda_tells_that_it_has_no_such_function(mocked_aws):
    assert not moto_seam.function_exists(**PLACE, arn="arn:aws:lambda:us-west-2:111122223333:function:unknown")


def test_ec2_tells_the_addresses_of_vpc_endpoints(ec2, vpc_id):
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.9.0/24")["Subnet"]["SubnetId"]
    ec2.create_vpc_endpoint(
        VpcId=vpc_id, ServiceName="com.amazonaws.us-west-2.sts", VpcEndpointType="Interface", SubnetIds=[subnet_id]
    )
    assert len(moto_seam.endpoint_addresses(**PLACE, vpc_id=vpc_id)) == 1
    assert moto_seam.endpoint_addresses(**PLACE, vpc_id="vpc-01234567") == frozenset()


@pytest.mark.parametrize("principal", ["444455556666", "arn:aws:iam::444455556666:root"])
def test_ram_tells_what_an_owner_shares_until_the_share_is_deleted(mocked_aws, principal):
    arn = f"arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-{len(principal):017}"
    ram = boto3.client("ram", REGION)
    share = ram.create_resource_share(name="services", resourceArns=[arn], principals=[principal])["resourceShare"]
    shared = {"owner": "111122223333", "region": REGION, "account": "444455556666"}
    assert arn in moto_seam.shared_arns(**shared)
    ram.delete_resource_share(resourceShareArn=share["resourceShareArn"])
    assert arn not in moto_seam.shared_arns(**shared)


def test_sts_and_iam_tell_who_calls(mocked_aws):
    role = boto3.client("sts", REGION).assume_role(RoleArn="arn:aws:iam::444455556666:role/team", RoleSessionName="me")
    session_key = role["Credentials"]["AccessKeyId"]
    iam = boto3.client("iam", REGION)
    user = iam.create_user(UserName="ada")["User"]
    user_key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    arns = [moto_seam.caller_arn(account="111122223333", access_key=key) for key in (session_key, user_key, "other")]
    session_arn = "arn:aws:sts::444455556666:assumed-role/team/me"
    assert arns == [session_arn, user["Arn"], "arn:aws:iam::111122223333:root"]


def test_service_quotas_are_installed_once(mocked_aws):
    before = dict(vars(ServiceQuotasResponse))
    lattice.install()
    assert dict(vars(ServiceQuotasResponse)) == before
