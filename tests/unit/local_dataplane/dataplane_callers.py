"""Callers in moto's IAM and STS, and requests signed by plain botocore, for tests of auth policies."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from dataplane_fakes import ACCOUNT, HOST
from moto import mock_aws

from trellis_local.aws import moto_seam
from trellis_local.dataplane.messages import Request, TlsSession, Transport

REGION = "us-west-2"
OTHER = "444455556666"
INVOKE = "vpc-lattice-svcs:Invoke"
ADMIN = Credentials("test", "test")

Statements = list[dict[str, Any]]
SHOP = [
    {"Key": "kubernetes-namespace", "Value": "shop"},
    {"Key": "team", "Value": "baking"},
]


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": INVOKE, "Resource": "*", **elements}


def deny(**elements: Any) -> dict[str, Any]:
    return allow(Effect="Deny", **elements)


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def client(service: str, credentials: Credentials = ADMIN) -> Any:
    return boto3.client(
        service,
        REGION,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )


def session_of(role_arn: str, name: str = "pod-1", **restrictions: Any) -> Credentials:
    keys = client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name, **restrictions)["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def new_role(name: str, *statements: Mapping[str, Any], iam: Any = None, **members: Any) -> str:
    iam = iam or client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(), **members)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return str(arn)


def new_user(name: str, *statements: Mapping[str, Any], tags: Mapping[str, str]) -> Credentials:
    iam = client("iam")
    iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _role_of_another_account(name: str, *statements: Mapping[str, Any]) -> str:
    """A role in OTHER, made by a session of that account."""
    hub = session_of(f"arn:aws:iam::{OTHER}:role/hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MOTO_ACCOUNT_ID")
        return new_role(name, *statements, iam=client("iam", hub))


@contextmanager
def callers() -> Iterator[dict[str, Credentials]]:
    """Credentials by the name of the caller, in a moto of their own."""
    with mock_aws():
        uninstall = moto_seam.install_session_restrictions()
        boundary = client("iam").create_policy(PolicyName="only-s3", PolicyDocument=document(allow(Action="s3:*")))
        tags = [{"Key": "team", "Value": "payments"}]
        orders = new_role("orders", allow(), Tags=tags)
        bounded = new_role("bounded", allow(), PermissionsBoundary=boundary["Policy"]["Arn"])
        yield {
            "admin": ADMIN,
            "orders": session_of(orders),
            "shop": session_of(orders, Tags=SHOP),
            "rates only": session_of(orders, Policy=document(allow(Resource="*/rates"))),
            "managed s3": session_of(orders, PolicyArns=[{"arn": boundary["Policy"]["Arn"]}]),
            "pathed": session_of(new_role("pathed", allow(), Path="/teams/")),
            "narrow": session_of(new_role("narrow", allow(Resource="arn:aws:vpc-lattice:*:*:service/svc-1/rates"))),
            "denied": session_of(new_role("denied", allow(), deny())),
            "bare": session_of(new_role("bare")),
            "bounded": session_of(bounded),
            "ann": new_user("ann", allow(), tags={"team": "payments"}),
            "foreign": session_of(_role_of_another_account("visitor", allow())),
            "foreign bare": session_of(_role_of_another_account("tourist")),
        }
        uninstall()


@dataclass(frozen=True)
class Call:
    """A request before it is signed."""

    method: str = "GET"
    target: str = "/rates"
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: bool = False


def signed(
    call: Call, credentials: Credentials, *, host: str = HOST, region: str = REGION, service: str = "vpc-lattice-svcs"
) -> Request:
    """The request as botocore signs it without its payload, and as a server receives it."""
    outgoing = AWSRequest(method=call.method, url=f"https://{host}{call.target}", headers=dict(call.headers))
    outgoing.context["payload_signing_enabled"] = False
    SigV4Auth(credentials, service, region).add_auth(outgoing)
    return received(call, dict(outgoing.headers.items()), host=host)


def received(call: Call, headers: Mapping[str, str], *, host: str = HOST) -> Request:
    """The request with these headers as it comes over the wire."""
    session = TlsSession("TLSv1.3", "TLS_AES_128_GCM_SHA256", HOST) if call.tls else None
    items = (("host", host), *((name.lower(), value) for name, value in headers.items() if name.lower() != "host"))
    return Request(call.method, call.target, items, client_ip="10.0.1.5", transport=Transport(tls=session))


def arn_of(kind: str, name: str, *, account: str = ACCOUNT) -> str:
    """The ARN of a role, user or session (`assumed-role`)."""
    return f"arn:aws:{'sts' if kind == 'assumed-role' else 'iam'}::{account}:{kind}/{name}"
