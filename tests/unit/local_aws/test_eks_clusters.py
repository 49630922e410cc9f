import base64
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from trellis_local.aws import AwsEndpoint
from trellis_local.aws.eks_policies import CLUSTER_ADMIN, PREFIX
from trellis_local.kubernetes.contract import AccessRule, UserInfo

Client = Callable[[str], Any]
API = {"authenticationMode": "API"}


def wait(admin: Client, name: str, status: str) -> Any:
    for _ in range(200):
        cluster = admin("eks").describe_cluster(name=name)["cluster"]
        if cluster["status"] == status:
            return cluster
        time.sleep(0.01)
    raise AssertionError(f"{name} is {cluster['status']}, not {status}")


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def token(
    access_key: str, secret: str, session_token: str | None = None, *, cluster: str, region: str = "us-west-2"
) -> str:
    session = boto3.Session(aws_access_key_id=access_key, aws_secret_access_key=secret, aws_session_token=session_token)
    sts, credentials = session.client("sts", region_name=region), session.get_credentials()
    assert credentials is not None
    signer = RequestSigner(sts.meta.service_model.service_id, region, "sts", "v4", credentials, session.events)
    request = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name=region, expires_in=60, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def test_a_cluster_becomes_active_with_its_endpoint(create: Callable[..., Any], admin: Client, launcher: Any) -> None:
    created = create("one")
    assert (created["status"], "endpoint" in created) == ("CREATING", False)
    active = wait(admin, "one", "ACTIVE")
    assert active["endpoint"] == launcher.clusters["one"].endpoint
    assert base64.b64decode(active["certificateAuthority"]["data"]).decode() == launcher.clusters["one"].ca_pem
    assert launcher.specs["one"].cidr_blocks == ("192.168.48.0/20",)
    assert launcher.specs["one"].vpc_id == active["resourcesVpcConfig"]["vpcId"]


def test_the_cluster_security_group_is_a_real_one(create: Callable[..., Any], admin: Client) -> None:
    config = create("grouped")["resourcesVpcConfig"]
    (group,) = admin("ec2").describe_security_groups(GroupIds=[config["clusterSecurityGroupId"]])["SecurityGroups"]
    assert group["GroupName"].startswith("eks-cluster-sg-grouped-")
    assert group["VpcId"] == config["vpcId"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    assert {"Key": "aws:eks:cluster-name", "Value": "grouped"} in group["Tags"]


def test_a_deleted_cluster_stops_and_goes(create: Callable[..., Any], admin: Client, launcher: Any) -> None:
    create("gone")
    wait(admin, "gone", "ACTIVE")
    assert admin("eks").delete_cluster(name="gone")["cluster"]["status"] == "DELETING"
    assert launcher.clusters["gone"].stopped
    admin("eks").get_waiter("cluster_deleted").wait(name="gone", WaiterConfig={"Delay": 0.02, "MaxAttempts": 100})
    assert code_of(lambda: admin("eks").describe_cluster(name="gone")) == "ResourceNotFoundException"


def test_a_cluster_that_cannot_start_is_failed(create: Callable[..., Any], admin: Client) -> None:
    create("broken-one")
    assert "no port left" in wait(admin, "broken-one", "FAILED")["health"]["issues"][0]["message"]


def test_a_name_is_used_once(create: Callable[..., Any]) -> None:
    create("twice")
    assert code_of(lambda: create("twice")) == "ResourceInUseException"


def test_unknown_subnets_are_refused(admin: Client, cluster_role: str) -> None:
    config = {"subnetIds": ["subnet-0"]}
    call = {"name": "lost", "roleArn": cluster_role, "resourcesVpcConfig": config}
    assert code_of(lambda: admin("eks").create_cluster(**call)) == "InvalidParameterException"


def test_tags_change_and_are_seen_by_the_tagging_api(create: Callable[..., Any], admin: Client) -> None:
    arn = create("labelled", tags={"a": "1", "b": "2"})["arn"]
    admin("eks").tag_resource(resourceArn=arn, tags={"c": "3"})
    admin("eks").untag_resource(resourceArn=arn, tagKeys=["a"])
    assert admin("eks").list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2", "c": "3"}
    pages = admin("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["eks:cluster"])
    assert arn in [item["ResourceARN"] for item in pages["ResourceTagMappingList"]]


def test_the_creator_has_an_entry_with_the_admin_policy(create: Callable[..., Any], admin: Client) -> None:
    create("owned", accessConfig=API)
    principal = "arn:aws:iam::111122223333:user/admin"
    assert admin("eks").list_access_entries(clusterName="owned")["accessEntries"] == [principal]
    policies = admin("eks").list_associated_access_policies(clusterName="owned", principalArn=principal)
    assert [item["policyArn"] for item in policies["associatedAccessPolicies"]] == [CLUSTER_ADMIN]


def test_the_creator_gets_no_entry_when_it_does_not_want_one(create: Callable[..., Any], admin: Client) -> None:
    create("orphan", accessConfig={**API, "bootstrapClusterCreatorAdminPermissions": False})
    assert admin("eks").list_access_entries(clusterName="orphan")["accessEntries"] == []


def test_access_entries_need_an_api_mode(create: Callable[..., Any], admin: Client) -> None:
    create("mapped")
    wait(admin, "mapped", "ACTIVE")
    assert code_of(lambda: admin("eks").list_access_entries(clusterName="mapped")) == "InvalidRequestException"
    update = {"name": "mapped", "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}
    assert admin("eks").update_cluster_config(**update)["update"]["type"] == "AccessConfigUpdate"
    wait(admin, "mapped", "ACTIVE")
    assert len(admin("eks").list_access_entries(clusterName="mapped")["accessEntries"]) == 1


def test_an_access_entry_lives(create: Callable[..., Any], admin: Client, cluster_role: str) -> None:
    eks, names = admin("eks"), {"clusterName": "entries", "principalArn": cluster_role}
    create("entries", accessConfig=API)
    entry = eks.create_access_entry(**names, kubernetesGroups=["readers"], tags={"a": "b"})["accessEntry"]
    assert entry["username"].endswith("/{{SessionName}}")
    assert entry["type"] == "STANDARD"
    assert code_of(lambda: eks.create_access_entry(**names)) == "ResourceInUseException"
    eks.update_access_entry(**names, kubernetesGroups=["writers"], username="controller")
    assert eks.describe_access_entry(**names)["accessEntry"]["kubernetesGroups"] == ["writers"]
    eks.delete_access_entry(**names)
    assert code_of(lambda: eks.describe_access_entry(**names)) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "options",
    [
        {"principalArn": "arn:aws:iam::111122223333:role/nobody"},
        {"kubernetesGroups": ["system:masters"]},
        {"username": "system:admin"},
        {"type": "EC2_LINUX", "kubernetesGroups": ["a"]},
    ],
)
def test_wrong_access_entries_are_refused(
    create: Callable[..., Any], admin: Client, cluster_role: str, options: dict[str, Any]
) -> None:
    if "strict" not in admin("eks").list_clusters()["clusters"]:
        create("strict", accessConfig=API)
    call = {"clusterName": "strict", "principalArn": cluster_role, **options}
    assert code_of(lambda: admin("eks").create_access_entry(**call)) == "InvalidParameterException"


@pytest.fixture
def authenticate(create: Callable[..., Any], launcher: Any) -> Callable[[str, str], UserInfo | None]:
    def run(name: str, bearer: str) -> UserInfo | None:
        found: UserInfo | None = launcher.specs[name].authenticate(bearer)
        return found

    return run


def test_the_creators_token_is_an_administrators(
    create: Callable[..., Any], admin: Client, authenticate: Callable[..., Any]
) -> None:
    create("secured", accessConfig=API)
    wait(admin, "secured", "ACTIVE")
    user = authenticate("secured", token("test", "test", cluster="secured"))
    assert user == UserInfo("arn:aws:iam::111122223333:user/admin", ("system:masters",))
    assert authenticate("secured", token("test", "wrong", cluster="secured")) is None
    assert authenticate("secured", token("test", "test", cluster="other")) is None
    assert authenticate("secured", "k8s-aws-v1.!!") is None
    assert authenticate("secured", "Bearer x") is None


def test_a_token_of_a_role_becomes_the_user_of_its_entry(
    create: Callable[..., Any],
    admin: Client,
    endpoint: AwsEndpoint,
    cluster_role: str,
    authenticate: Callable[..., Any],
) -> None:
    create("shared", accessConfig=API)
    wait(admin, "shared", "ACTIVE")
    keys = endpoint.identity.role_session(cluster_role, session_name="me", service_principal="eks.amazonaws.com")
    bearer = token(keys.access_key_id, keys.secret_access_key, keys.session_token, cluster="shared")
    assert authenticate("shared", bearer) is None
    names = {"clusterName": "shared", "principalArn": cluster_role}
    admin("eks").create_access_entry(**names, kubernetesGroups=["readers"])
    view = PREFIX + "AmazonEKSAdminViewPolicy"
    admin("eks").associate_access_policy(
        **names, policyArn=view, accessScope={"type": "namespace", "namespaces": ["apps"]}
    )
    user = authenticate("shared", bearer)
    assert user is not None
    assert user.username.endswith(f"assumed-role/{cluster_role.rsplit('/', maxsplit=1)[-1]}/me")
    assert user.groups == ("readers",)
    assert user.rules == (AccessRule(("get", "list", "watch"), ("*",), ("*",), ("apps",)),)
    stolen = token(keys.access_key_id, keys.secret_access_key, cluster="shared")
    assert authenticate("shared", stolen) is None
