"""What may be registered as a target, by the type of the target group; what is refused comes in `unsuccessful`."""

import json

import boto3
import pytest

ACCOUNT, REGION = "111122223333", "us-west-2"


@pytest.fixture
def register(client, stepped):
    """Register one target with a new group; the failure, or None."""

    def run(group_type, target, *, name="subject", **config):
        group = client.create_target_group(name=name, type=group_type, config=config)
        stepped.advance(2)
        answer = client.register_targets(targetGroupIdentifier=group["id"], targets=[target])
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        return answer["unsuccessful"][0] if answer["unsuccessful"] else None

    return run


@pytest.fixture
def in_vpc(ec2, vpc_id):
    """The configuration of a group in a VPC that has a private and a publicly routable CIDR."""
    ec2.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="11.0.0.0/24")
    return {"vpcIdentifier": vpc_id, "protocol": "HTTP", "port": 80}


ADDRESSES = [
    pytest.param("10.1.3.4", {}, True, id="UG, Register targets: in the CIDR of the VPC"),
    pytest.param("10.2.3.4", {}, False, id="UG, Register targets: outside the CIDR of the VPC"),
    pytest.param("11.0.0.7", {}, False, id="UG, Register targets: publicly routable, in a CIDR of the VPC"),
    pytest.param("10.1.3", {}, False, id="API, Target.id: an IP address"),
    pytest.param("2600:1f14::1", {}, False, id="UG, Target groups: IPv6 in a group of IPV4"),
    pytest.param("10.1.3.4", {"ipAddressType": "IPV6"}, False, id="UG, Target groups: IPv4 in a group of IPV6"),
]


@pytest.mark.parametrize(("address", "config", "is_accepted"), ADDRESSES)
def test_an_address_is_accepted_or_refused(register, in_vpc, address, config, is_accepted):
    failure = register("IP", {"id": address}, **in_vpc, **config)
    assert (failure is None) == is_accepted
    assert failure is None or set(failure) == {"id", "failureCode", "failureMessage"}


def test_an_ipv6_address_of_the_vpc_is_accepted(register, ec2, vpc_id, in_vpc):
    """User Guide, "Target groups": IP address type IPV6."""
    answer = ec2.associate_vpc_cidr_block(VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    block = answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    assert register("IP", {"id": block.split("/")[0] + "5"}, **in_vpc, ipAddressType="IPV6") is None


def test_an_address_of_a_vpc_endpoint_is_refused(register, ec2, vpc_id, in_vpc):
    """User Guide, "Target groups": no addresses of VPC endpoints."""
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/16")["Subnet"]["SubnetId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc_id, ServiceName="com.amazonaws.us-west-2.sts", VpcEndpointType="Interface", SubnetIds=[subnet_id]
    )["VpcEndpoint"]
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=endpoint["NetworkInterfaceIds"])
    address = interface["NetworkInterfaces"][0]["PrivateIpAddress"]
    assert register("IP", {"id": address}, **in_vpc) is not None


@pytest.fixture
def run_instance(ec2):
    def run(vpc_id, cidr):
        subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]
        image_id = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        answer = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, SubnetId=subnet_id)
        return answer["Instances"][0]["InstanceId"]

    return run


def test_an_instance_must_run_in_the_vpc(register, ec2, run_instance, vpc_id, in_vpc):
    """User Guide, "Register targets": instances that are running, in the VPC of the target group."""
    elsewhere = run_instance(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"], "10.9.1.0/24")
    instance_id = run_instance(vpc_id, "10.1.1.0/24")
    assert register("INSTANCE", {"id": instance_id}, **in_vpc) is None
    assert register("INSTANCE", {"id": elsewhere}, name="other", **in_vpc)["id"] == elsewhere
    ec2.stop_instances(InstanceIds=[instance_id])
    assert register("INSTANCE", {"id": instance_id}, name="stopped", **in_vpc)["id"] == instance_id


@pytest.fixture
def make_balancer(ec2, vpc_id):
    """An Application Load Balancer with a listener on port 80."""

    def make(name, *, vpc=vpc_id, **members):
        block = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"].removesuffix("0.0/16")
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"{block}{10 * n}.0/24", AvailabilityZone=REGION + zone)["Subnet"]
            for n, zone in enumerate("ab", start=1)
        ]
        elbv2 = boto3.client("elbv2", REGION)
        members = {"Scheme": "internal", "Subnets": [subnet["SubnetId"] for subnet in subnets], **members}
        arn = elbv2.create_load_balancer(Name=name, **members)["LoadBalancers"][0]["LoadBalancerArn"]
        actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
        if members.get("Type") != "network":
            elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=actions)
        return arn

    return make


BALANCERS = [
    pytest.param({}, {}, True, id="UG, ALB as targets: an internal one, a port of a listener"),
    pytest.param({}, {"port": 8080}, False, id="UG, ALB as targets: no listener has the port"),
    pytest.param({"Scheme": "internet-facing"}, {}, False, id="UG, ALB as targets: must be internal"),
    pytest.param({"Type": "network"}, {}, False, id="UG, ALB as targets: no Network Load Balancer"),
]


@pytest.mark.parametrize(("members", "port", "is_accepted"), BALANCERS)
def test_a_load_balancer_is_accepted_or_refused(register, make_balancer, in_vpc, members, port, is_accepted):
    arn = make_balancer("subject", **members)
    assert (register("ALB", {"id": arn, **port}, **in_vpc) is None) == is_accepted


def test_a_load_balancer_of_another_vpc_is_refused(register, ec2, make_balancer, in_vpc):
    """User Guide, "Application Load Balancers as targets": the same VPC."""
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert register("ALB", {"id": make_balancer("elsewhere", vpc=elsewhere)}, **in_vpc) is not None


def test_a_load_balancer_is_in_two_target_groups_at_most(register, make_balancer, in_vpc):
    """User Guide, "Application Load Balancers as targets": for two services."""
    arn = make_balancer("popular")
    failures = [register("ALB", {"id": arn}, name=name, **in_vpc) for name in ("first", "second", "third")]
    assert [failure is None for failure in failures] == [True, True, False]


@pytest.fixture
def make_function():
    """A Lambda function."""

    def make(name):
        role_policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        iam = boto3.client("iam", REGION)
        role_arn = iam.create_role(RoleName=f"role-of-{name}", AssumeRolePolicyDocument=role_policy)["Role"]["Arn"]
        return boto3.client("lambda", REGION).create_function(
            FunctionName=name, Runtime="python3.12", Role=role_arn, Handler="index.handler", Code={"ZipFile": b"code"}
        )["FunctionArn"]

    return make


def test_a_lambda_group_has_one_function_that_exists_and_no_port(client, register, make_function):
    """API reference, RegisterTargets: "you can only have one target"; User Guide, "Lambda functions as targets"."""
    first, second = make_function("first"), make_function("second")
    assert register("LAMBDA", {"id": first}) is None
    assert register("LAMBDA", {"id": first, "port": 80}, name="with-port") is not None
    assert register("LAMBDA", {"id": first.replace("first", "third")}, name="unknown") is not None
    assert register("LAMBDA", {"id": first.replace(ACCOUNT, "444455556666")}, name="foreign") is not None
    group_id = next(group["id"] for group in client.list_target_groups()["items"] if group["name"] == "subject")
    answer = client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": second}])
    assert [failure["id"] for failure in answer["unsuccessful"]] == [second]
    assert [target["id"] for target in client.list_targets(targetGroupIdentifier=group_id)["items"]] == [first]


def test_a_lambda_target_in_use_is_not_health_checked(client, register, make_function, make_service, make_listener):
    """User Guide, "Health checks": "Health checks do not support Lambda target groups"."""
    register("LAMBDA", {"id": make_function("handler")})
    group_id = client.list_target_groups()["items"][0]["id"]
    make_listener(make_service("orders"), group_id)
    (target,) = client.list_targets(targetGroupIdentifier=group_id)["items"]
    assert (target["status"], "port" in target) == ("UNAVAILABLE", False)


def test_a_call_with_two_functions_registers_one(client, make_function, stepped):
    """API reference, RegisterTargets: "If it's a Lambda target, you can only have one target in a target group"."""
    group_id = client.create_target_group(name="functions", type="LAMBDA")["id"]
    stepped.advance(2)
    functions = [{"id": make_function(name)} for name in ("one", "two")]
    answer = client.register_targets(targetGroupIdentifier=group_id, targets=functions)
    assert answer["successful"] == functions[:1]
    assert [failure["id"] for failure in answer["unsuccessful"]] == [functions[1]["id"]]


def test_some_targets_of_a_call_succeed_and_some_do_not(client, make_group):
    """API model, RegisterTargets and DeregisterTargets: 200 with successful and unsuccessful."""
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    targets = [{"id": "10.1.0.5"}, {"id": "10.2.0.5", "port": 8080}]
    registered = client.register_targets(**key, targets=targets)
    deregistered = client.deregister_targets(**key, targets=targets)
    for answer in (registered, deregistered):
        assert answer["successful"] == [{"id": "10.1.0.5", "port": 80}]
        (failure,) = answer["unsuccessful"]
        assert (failure["id"], failure["port"]) == ("10.2.0.5", 8080)
        assert failure["failureCode"]
        assert failure["failureMessage"]


@pytest.mark.parametrize("operation", ["register_targets", "deregister_targets"])
@pytest.mark.parametrize("number", [0, 101])
def test_a_call_has_1_to_100_targets(unchecked_client, make_group, error_of, operation, number):
    """API model, TargetList; User Guide, "Quotas"."""
    targets = [{"id": f"10.1.0.{n}"} for n in range(number)]
    members = {"targetGroupIdentifier": make_group("orders-v1"), "targets": targets}
    error = error_of(getattr(unchecked_client, operation), **members)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "targets")


def test_the_port_of_a_target_overrides_that_of_its_group(client, make_group):
    """User Guide, "Register targets": "You can override this port when you register each target"."""
    key = {"targetGroupIdentifier": make_group("orders-v1", port=8080)}
    client.register_targets(**key, targets=[{"id": "10.1.0.5"}, {"id": "10.1.0.6", "port": 9090}])
    assert [target["port"] for target in client.list_targets(**key)["items"]] == [8080, 9090]


def test_a_list_of_targets_is_filtered(client, unchecked_client, make_group, error_of):
    """API reference, ListTargets: "filter the results by target"; API model: at most 20."""
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    client.register_targets(**key, targets=[{"id": "10.1.0.5"}, {"id": "10.1.0.5", "port": 81}, {"id": "10.1.0.6"}])
    by_id = client.list_targets(**key, targets=[{"id": "10.1.0.5"}])["items"]
    by_port = client.list_targets(**key, targets=[{"id": "10.1.0.5", "port": 81}])["items"]
    assert ([target["port"] for target in by_id], [target["port"] for target in by_port]) == ([80, 81], [81])
    assert error_of(unchecked_client.list_targets, **key, targets=[{"id": "10.1.0.5"}] * 21)["status"] == 400
