"""Who calls, and how others get credentials: sessions of roles, and clients on the endpoint.

An access key belongs to a session of an assumed role, to an IAM user, or, when neither IAM nor STS knows it, to the
administrator, whose secret access key equals the access key id. AWS has no such administrator: it stands for whoever
runs the local stack. Every other account has one too, whose access key is the account's number.
"""

import threading
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from trellis_local.aws import moto_seam as moto
from trellis_local.iam.evaluator import Access, Verdict, evaluate_with_boundary, parse_policy
from trellis_local.iam.trust import Caller, Trust, trust_of

ADMIN_KEY = "test"
_ADMIN_NAME = "admin"
_CONFIG = Config(
    retries={"max_attempts": 1}, parameter_validation=True, s3={"addressing_style": "path"}, max_pool_connections=50
)


@dataclass(frozen=True)
class Credentials:
    """Keys of one session; the token is empty for keys that need none."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


@dataclass(frozen=True)
class Principal:
    """A caller; `type` is CloudTrail's: AssumedRole or IAMUser."""

    arn: str
    account: str
    type: str
    principal_id: str
    role_arn: str | None = None
    user_name: str | None = None
    session_name: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether this is the local administrator, who may do everything."""
        return self.arn == admin(self.account).arn


def admin(account: str = moto.ACCOUNT) -> Principal:
    """The local administrator of an account."""
    arn = f"arn:aws:iam::{account}:user/{_ADMIN_NAME}"
    return Principal(arn, account, "IAMUser", "AIDALOCALADMINISTRATR", user_name=_ADMIN_NAME)


def principal_of(access_key_id: str) -> Principal:
    """The principal that an access key belongs to."""
    session = moto.assumed_role(access_key_id)
    if session is not None:
        return Principal(
            arn=session.arn,
            account=session.account_id,
            type="AssumedRole",
            principal_id=session.user_id,
            role_arn=session.role_arn,
            session_name=session.session_name,
        )
    owner = moto.iam_user(access_key_id)
    if owner is None:
        return admin(moto.account_of(access_key_id))
    user = owner[0]
    return Principal(user.arn, user.account_id, "IAMUser", user.id, user_name=user.name)


def secret_of(access_key_id: str) -> Credentials:
    """The credentials of an access key, for checking a signature."""
    session = moto.assumed_role(access_key_id)
    if session is not None:
        return Credentials(access_key_id, session.secret_access_key, session.session_token)
    owner = moto.iam_user(access_key_id)
    return Credentials(access_key_id, owner[1].secret_access_key if owner else access_key_id)


def caller_identity(access_key_id: str) -> tuple[str, str, str]:
    """What sts:GetCallerIdentity answers: user id, ARN, account."""
    principal = principal_of(access_key_id)
    return principal.principal_id, principal.arn, principal.account


class Identity:
    """Credentials and clients for the parts of the local stack, on one endpoint."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._session = boto3.Session()

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> Credentials:
        """A session of a role; raises ClientError AccessDenied unless the role exists and trusts the service."""
        role = moto.role_by_arn(role_arn)
        caller = Caller(service=service_principal)
        context = {"aws:sourceaccount": (moto.ACCOUNT,)}
        if role is None or Trust.NONE is trust_of(
            parse_policy(moto.trust_policy(role)), caller, action="sts:AssumeRole", context=context
        ):
            raise _refused(role_arn, service_principal)
        session = moto.new_session(role_arn, session_name=session_name[:64])
        return Credentials(session.access_key_id, session.secret_access_key, session.session_token)

    def permits(self, role_arn: str, *, action: str, resource: str) -> bool:
        """Whether the role's policies and its boundary allow the action on the resource, without any condition key."""
        role = moto.role_by_arn(role_arn)
        if role is None:
            return False
        statements = [item for document in moto.identity_policies(role) for item in parse_policy(document)]
        boundary = moto.permissions_boundary(role)
        limit = parse_policy(boundary) if boundary is not None else None
        return evaluate_with_boundary(statements, limit, Access(action, resource, {})) is Verdict.ALLOWED

    def principal_of(self, access_key_id: str) -> Principal:
        """The principal that an access key belongs to."""
        return principal_of(access_key_id)

    def client(self, service: str, *, credentials: Credentials | None = None, region: str = "us-west-2") -> Any:
        """A boto3 client on the endpoint; without credentials it is the administrator's."""
        keys = credentials or Credentials(ADMIN_KEY, ADMIN_KEY)
        with self._lock:  # a boto3 session is not thread-safe while it makes clients
            return self._session.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token or None,
                config=_CONFIG,
            )


def _refused(role_arn: str, service_principal: str) -> ClientError:
    message = f"User: {service_principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    return ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")
