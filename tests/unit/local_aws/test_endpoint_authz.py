import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trellis_local.aws import AwsEndpoint

Client = Callable[[str], Any]
ADMIN = "arn:aws:iam::111122223333:user/admin"


def allow(*actions: str, resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def error_of(call: Callable[[], Any]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "status", "code"),
    [
        ("vpc-lattice", "list_services", {}, 403, "AccessDeniedException"),
        ("eks", "describe_cluster", {"name": "x"}, 403, "AccessDeniedException"),
        ("lambda", "list_functions", {}, 403, "AccessDeniedException"),
        ("scheduler", "list_schedules", {}, 403, "AccessDeniedException"),
        ("dynamodb", "list_tables", {}, 400, "AccessDeniedException"),
        ("stepfunctions", "list_state_machines", {}, 400, "AccessDeniedException"),
        ("events", "list_rules", {}, 400, "AccessDeniedException"),
        ("logs", "describe_log_groups", {}, 400, "AccessDeniedException"),
        ("sqs", "list_queues", {}, 400, "AccessDeniedException"),
        ("resourcegroupstaggingapi", "get_resources", {}, 400, "AccessDeniedException"),
        ("sns", "list_topics", {}, 403, "AuthorizationError"),
        ("iam", "list_roles", {}, 403, "AccessDenied"),
        ("route53", "list_hosted_zones", {}, 403, "AccessDenied"),
        ("s3", "list_buckets", {}, 403, "AccessDenied"),
        ("ec2", "describe_vpcs", {}, 403, "UnauthorizedOperation"),
    ],
)
def test_a_refused_call_gets_the_error_of_the_service(
    role: Callable[..., Client], service: str, operation: str, parameters: dict[str, Any], status: int, code: str
) -> None:
    found = error_of(lambda: getattr(role()(service), operation)(**parameters))
    assert found[:2] == (status, code)
    assert "is not authorized to perform: " in found[2]
    assert "because no identity-based policy allows the " in found[2]


def test_a_refused_head_request_has_the_status_only(role: Callable[..., Client]) -> None:
    assert error_of(lambda: role()("s3").head_object(Bucket="b", Key="k"))[:2] == (403, "403")


def test_a_role_may_do_what_its_policy_allows_and_no_more(role: Callable[..., Client], admin: Client) -> None:
    for name in ("mine", "theirs"):
        admin("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    table = role(allow("dynamodb:PutItem", resource="arn:aws:dynamodb:us-west-2:*:table/mine"))("dynamodb")
    table.put_item(TableName="mine", Item={"id": {"S": "1"}})
    assert error_of(lambda: table.put_item(TableName="theirs", Item={"id": {"S": "1"}}))[1] == "AccessDeniedException"
    assert error_of(lambda: table.get_item(TableName="mine", Key={"id": {"S": "1"}}))[1] == "AccessDeniedException"


def test_a_call_with_parameters_in_its_path_is_checked_on_its_resource(
    role: Callable[..., Client], admin: Client
) -> None:
    admin("s3").create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3 = role(allow("s3:PutObject", "s3:GetObject", resource="arn:aws:s3:::reports/runs/*"))("s3")
    s3.put_object(Bucket="reports", Key="runs/1.json", Body=b"{}")
    assert s3.get_object(Bucket="reports", Key="runs/1.json")["Body"].read() == b"{}"
    assert error_of(lambda: s3.put_object(Bucket="reports", Key="other", Body=b""))[1] == "AccessDenied"


def test_an_explicit_deny_is_named_in_the_message(role: Callable[..., Client]) -> None:
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    message = error_of(lambda: role(allow("*"), deny)("ec2").describe_vpcs())[2]
    assert "with an explicit deny in an identity-based policy" in message


def test_tags_of_a_security_group_decide(role: Callable[..., Client], admin: Client) -> None:
    ec2 = admin("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    groups = [ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"] for name in "ab"]
    ec2.create_tags(Resources=[groups[0]], Tags=[{"Key": "Owner", "Value": "trellis"}])
    condition = {"StringEquals": {"aws:ResourceTag/Owner": "trellis"}}
    mine = role(allow("ec2:DeleteSecurityGroup", Condition=condition))("ec2")
    mine.delete_security_group(GroupId=groups[0])
    assert error_of(lambda: mine.delete_security_group(GroupId=groups[1]))[1] == "UnauthorizedOperation"


def test_tags_of_a_role_decide(role: Callable[..., Client], admin: Client) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    for name, tags in (("tagged", [{"Key": "Owner", "Value": "trellis"}]), ("untagged", [])):
        admin("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path="/some/path/", Tags=tags)
    mine = role(allow("iam:DeleteRole", Condition={"StringLike": {"aws:ResourceTag/Owner": "*"}}))("iam")
    mine.delete_role(RoleName="tagged")
    assert error_of(lambda: mine.delete_role(RoleName="untagged"))[1] == "AccessDenied"


def test_creating_a_state_machine_needs_pass_role(role: Callable[..., Client]) -> None:
    states = role(allow("states:*"))("stepfunctions")
    machine = {"name": "m", "definition": "{}", "roleArn": "arn:aws:iam::111122223333:role/machine"}
    message = error_of(lambda: states.create_state_machine(**machine))[2]
    assert "iam:PassRole on resource: arn:aws:iam::111122223333:role/machine" in message


def test_an_attached_managed_policy_counts(role: Callable[..., Client], admin: Client) -> None:
    client = role()
    name = client("sts").get_caller_identity()["Arn"].split("/")[1]
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    admin("iam").attach_role_policy(RoleName=name, PolicyArn=arn)
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")


def test_any_key_that_iam_does_not_know_is_the_administrator(endpoint: AwsEndpoint, admin: Client) -> None:
    assert admin("sts").get_caller_identity()["Arn"] == ADMIN
    assert endpoint.identity.principal_of("AKIAIOSFODNN7EXAMPLE").arn == ADMIN


def test_a_session_is_the_assumed_role(role: Callable[..., Client]) -> None:
    arn = role()("sts").get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::111122223333:assumed-role/role-")
    assert arn.endswith("/fn")


def test_an_iam_user_has_the_policies_of_its_groups(endpoint: AwsEndpoint, admin: Client) -> None:
    iam = admin("iam")
    iam.create_user(UserName="ann")
    keys = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(UserName="ann", GroupName="readers")
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("ec2:DescribeVpcs")]})
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document)
    principal = endpoint.identity.principal_of(keys["AccessKeyId"])
    assert principal.arn == "arn:aws:iam::111122223333:user/ann"


def test_a_role_session_of_a_service_that_is_not_trusted_is_refused(endpoint: AwsEndpoint, cluster_role: str) -> None:
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        endpoint.identity.role_session(cluster_role, session_name="s", service_principal="lambda.amazonaws.com")


def test_a_role_that_does_not_exist_cannot_be_assumed(admin: Client) -> None:
    arn = "arn:aws:iam::111122223333:role/nobody"
    assert error_of(lambda: admin("sts").assume_role(RoleArn=arn, RoleSessionName="me"))[1] == "AccessDenied"


def test_assuming_a_role_asks_its_trust_policy(admin: Client, cluster_role: str) -> None:
    found = error_of(lambda: admin("sts").assume_role(RoleArn=cluster_role, RoleSessionName="me"))
    assert found[:2] == (403, "AccessDenied")
    statement = {"Effect": "Allow", "Principal": {"AWS": ADMIN}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    admin("iam").create_role(RoleName="for-admin", AssumeRolePolicyDocument=document)
    arn = "arn:aws:iam::111122223333:role/for-admin"
    assumed = admin("sts").assume_role(RoleArn=arn, RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["Arn"] == "arn:aws:sts::111122223333:assumed-role/for-admin/me"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("ec2", "describe_ipams", {}),
        ("route53", "list_cidr_collections", {}),
        ("eks", "list_addons", {"clusterName": "c"}),
    ],
)
def test_what_is_not_implemented_is_a_loud_error(
    admin: Client, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    status, code, message = error_of(lambda: getattr(admin(service), operation)(**parameters))
    assert (status, code) == (501, "NotImplemented")
    assert "the local stack does not implement" in message


def test_an_unsigned_request_is_refused(endpoint: AwsEndpoint) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(endpoint.url + "/bucket/key"):
        pass
    caught.value.close()
    assert caught.value.code == 403


def test_the_call_log_tells_who_did_what(endpoint: AwsEndpoint, role: Callable[..., Client]) -> None:
    before = endpoint.calls.last_seq
    client = role(allow("ec2:DescribeVpcs"))
    client("ec2").describe_vpcs()
    error_of(lambda: client("eks").delete_cluster(name="c"))
    allowed, refused = endpoint.calls.after(before)[-2:]
    assert (allowed.service, allowed.operation, allowed.read_only, allowed.error_code) == (
        "ec2",
        "DescribeVpcs",
        True,
        None,
    )
    assert allowed.role is not None
    assert allowed.principal.startswith("arn:aws:sts::111122223333:assumed-role/")
    assert (refused.read_only, refused.denied_action, refused.status) == (False, "eks:DeleteCluster", 403)
    assert refused.resources == ("arn:aws:eks:us-west-2:111122223333:cluster/c",)


def test_the_call_log_is_served_as_json(endpoint: AwsEndpoint, admin: Client) -> None:
    admin("ec2").describe_vpcs()
    after = endpoint.calls.last_seq - 1
    with urllib.request.urlopen(f"{endpoint.url}/_local/calls?after={after}") as response:
        (call,) = json.loads(response.read())
    assert (call["seq"], call["operation"]) == (after + 1, "DescribeVpcs")


def test_local_routes_can_be_added(endpoint: AwsEndpoint) -> None:
    endpoint.add_local_route("/_local/echo", lambda request: (202, {"a": request.query["a"]}))
    with urllib.request.urlopen(f"{endpoint.url}/_local/echo?a=b") as response:
        assert (response.status, json.loads(response.read())) == (202, {"a": "b"})


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_who_may_not_list_a_bucket_does_not_learn_that_an_object_is_missing(
    role: Callable[..., Client], admin: Client, operation: str
) -> None:
    bucket = f"absence-{operation.replace('_', '-')}"
    admin("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    reads = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*")
    lists = allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}")
    reader, lister = role(reads)("s3"), role(reads, lists)("s3")
    assert error_of(lambda: getattr(reader, operation)(Bucket=bucket, Key="none"))[0] == 403
    assert error_of(lambda: getattr(lister, operation)(Bucket=bucket, Key="none"))[0] == 404
