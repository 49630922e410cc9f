# ruff: noqa: E402 - moto reads its settings when it is imported, so that they come first
"""Every place where this package touches moto; the contract test names what broke when moto is upgraded.

The endpoint stands in front of moto's WSGI application, so that identity, authorization and the call log need no hook
inside of moto. What is patched here is what moto answers wrongly.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# SAM attaches AWS managed policies, which moto knows only when asked to; it reads the setting when IAM is first used.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
# The account of every caller who names no other; moto reads it at each request.
ACCOUNT = os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")

from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.resource_tagging import (
    TaggableResourcesMixin,
    TaggedResource,
    iter_taggable_backends,
)
from moto.core.responses import ActionResult, BaseResponse
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model
from moto.ec2.models import ec2_backends
from moto.eks.models import EKSBackend, eks_backends
from moto.iam import models as iam_models
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import s3_backends
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse

__all__ = [
    "ACCOUNT",
    "PROTOCOL_PARSERS",
    "ActionResult",
    "BaseResponse",
    "DomainDispatcherApplication",
    "EKSBackend",
    "MotoRequestHandler",
    "NotFound",
    "Request",
    "RequestParserError",
    "ServiceException",
    "TaggableResourcesMixin",
    "TaggedResource",
    "assumed_role",
    "create_backend_app",
    "determine_request_protocol",
    "ec2_backends",
    "eks_backends",
    "get_service_model",
    "get_service_router",
    "iam_user",
]

ACCOUNT_HEADER = "x-moto-account-id"
_PARTITION = "aws"
_SESSION_SECONDS = 3600


def replace(owner: Any, name: str, replacement: Any) -> Callable[[], None]:
    """Put `replacement` in the place of an attribute that must exist; call the result to put the old one back."""
    before = getattr(owner, name)
    setattr(owner, name, replacement)
    return lambda: setattr(owner, name, before)


# -- who is who


def assumed_role(access_key_id: str) -> Any | None:
    """moto's session of an assumed role that has this access key."""
    for regions in list(sts_backends.values()):
        for backend in list(regions.values()):
            session = _sessions_by_key(backend).get(access_key_id)
            if session is not None:
                return session
    return None


def _sessions_by_key(backend: Any) -> dict[str, Any]:
    """An index of moto's list of sessions, which only grows; kept on moto's backend, so that both are reset at once."""
    known: dict[str, Any] = vars(backend).setdefault("_sessions_by_key", {})
    for session in backend.assumed_roles[len(known) :]:
        known[session.access_key_id] = session
    return known


def new_session(role_arn: str, *, session_name: str) -> Any:
    """A session of a role, made without any check."""
    return sts_backends[ACCOUNT][_PARTITION].assume_role(
        region_name="us-east-1",
        role_session_name=session_name,
        role_arn=role_arn,
        policy=None,
        duration=_SESSION_SECONDS,
        external_id=None,
    )


def session_created(session: Any) -> datetime:
    """When a session of a role was made, in real time."""
    expires: datetime = session.expiration
    return (expires - timedelta(seconds=_SESSION_SECONDS)).replace(tzinfo=UTC)


def iam_user(access_key_id: str) -> tuple[Any, Any] | None:
    """The IAM user of any account that has this access key, and the key."""
    for backend in _iam_of_all_accounts():
        for user in list(backend.users.values()):
            for key in user.access_keys:
                if key.access_key_id == access_key_id:
                    return user, key
    return None


def _iam_of_all_accounts() -> list[Any]:
    return [regions[_PARTITION] for regions in list(iam_backends.values()) if _PARTITION in list(regions)]


def _iam_of(account: str) -> Any | None:
    """IAM of one account; None when nothing was ever asked of it, as indexing moto's dictionaries makes backends."""
    return next((backend for backend in _iam_of_all_accounts() if backend.account_id == account), None)


def iam_holder(arn: str) -> Any | None:
    """moto's user or role with this ARN, of any account, or None."""
    backend = _iam_of(arn.split(":")[4])
    holders = [*backend.users.values(), *backend.roles.values()] if backend is not None else []
    return next((holder for holder in holders if holder.arn == arn), None)


def holder_tags(holder: Any) -> dict[str, str]:
    """The tags of a user or role; moto keeps those of users apart."""
    roles_own = getattr(holder, "tags", None)
    if roles_own is not None:
        return {tag["Key"]: tag["Value"] for tag in roles_own}
    return dict(iam_backends[holder.account_id][_PARTITION].tagger.get_tag_dict_for_resource(holder.arn))


def user_by_name(name: str | None) -> Any | None:
    """moto's IAM user, or None."""
    return iam_backends[ACCOUNT][_PARTITION].users.get(name)


def role_by_arn(role_arn: str) -> Any | None:
    """moto's role, or None."""
    for role in list(iam_backends[ACCOUNT][_PARTITION].roles.values()):
        if role.arn == role_arn:
            return role
    return None


def role_by_name(name: str) -> Any | None:
    """moto's role, or None."""
    try:
        return iam_backends[ACCOUNT][_PARTITION].get_role(name)
    except NotFoundException:
        return None


def trust_policy(role: Any) -> str:
    """The trust policy document of a role."""
    return _document(role.assume_role_policy_document)


def identity_policies(holder: Any) -> list[str]:
    """The documents of all policies of a role or user: inline, attached, and those of the user's groups."""
    documents = [_document(policy) for policy in list(holder.policies.values())]
    documents += [_managed_document(policy) for policy in list(holder.managed_policies.values())]
    for group in list(iam_backends[holder.account_id][_PARTITION].groups.values()):
        if any(member is holder for member in group.users):
            documents += [_document(policy) for policy in list(group.policies.values())]
            documents += [_managed_document(policy) for policy in list(group.managed_policies.values())]
    return documents


def managed_policy(arn: str, *, account: str) -> str | None:
    """The document of a managed policy that can be used in an account."""
    backend = _iam_of(account)
    policy = backend.managed_policies.get(arn) if backend is not None else None
    return _managed_document(policy) if policy is not None else None


def permissions_boundary(holder: Any) -> str | None:
    """The document of the permissions boundary of a role, if it has one."""
    arn = getattr(holder, "permissions_boundary_arn", None)
    return managed_policy(arn, account=holder.account_id) if arn else None


def _managed_document(policy: Any) -> str:
    return _document(next(item for item in policy.versions if item.version_id == policy.default_version_id).document)


def _document(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def create_service_linked_role(*, service: str, name: str) -> None:
    """Create the role that a service makes for itself, unless it exists."""
    if role_by_name(name) is None:
        iam_models.SERVICE_NAME_CONVERSION.setdefault(
            service.split(".", maxsplit=1)[0], name.removeprefix("AWSServiceRoleFor")
        )
        iam_backends[ACCOUNT][_PARTITION].create_service_linked_role(service, "", "")


def resource_tags(arn: str, *, region: str) -> Mapping[str, str]:
    """The tags of a resource, as far as moto's services tell them."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "ec2":
        return dict(ec2_backends[ACCOUNT][region].tags.get(parts[5].rsplit("/", 1)[-1], {}))
    if len(parts) == 6 and parts[2] == "iam":
        role = role_by_arn(arn)
        return {tag["Key"]: tag["Value"] for tag in role.tags} if role else {}
    for backend in iter_taggable_backends(ACCOUNT, region):
        if backend.owns_arn(arn):
            # A backend that says the tags of one resource need not list all of them; moto's own cannot.
            find: Callable[[str], Mapping[str, str]] | None = getattr(backend, "tags_of_arn", None)
            return find(arn) if find else _tags_of(backend.iter_tagged_resources(), arn)
    return {}


def _tags_of(resources: Iterable[Any], arn: str) -> Mapping[str, str]:
    return next((dict(resource.tags) for resource in resources if resource.arn == arn), {})


def target_group_type(identifier: str, *, region: str) -> str | None:
    """The type of a VPC Lattice target group of whichever backend serves vpc-lattice."""
    backend = moto_backend("vpclattice", region)
    group = getattr(backend, "target_groups", {}).get(identifier.rsplit("/", 1)[-1])
    found = getattr(group, "type", None)
    return str(found) if found else None


def partition_key(table: str, *, region: str) -> str | None:
    """The name of a DynamoDB table's partition key, or None when there is no such table."""
    found = moto_backend("dynamodb", region).tables.get(table)
    return str(found.hash_key_attr) if found else None


def bucket_exists(name: str) -> bool:
    """Whether S3 has a bucket of that name."""
    return name in s3_backends[ACCOUNT][_PARTITION].buckets


def moto_backend(module: str, region: str) -> Any:
    """The backend that serves a module of moto at this time, which may not be moto's own."""
    package = __import__(f"moto.{module}", fromlist=[f"{module}_backends"])
    return getattr(package, f"{module}_backends")[ACCOUNT][region]


# -- what moto answers wrongly


def account_of(access_key_id: str) -> str:
    """The account that an access key calls in: an access key of twelve digits is the number of one."""
    return access_key_id if re.fullmatch(r"\d{12}", access_key_id) else ACCOUNT


def install_accounts() -> Callable[[], None]:
    """Let moto believe the account that the endpoint says; moto itself prefers the one of its environment."""
    before = BaseResponse.get_current_account

    def get_current_account(self: Any) -> str:
        return str(self.headers.get(ACCOUNT_HEADER) or before(self))

    return replace(BaseResponse, "get_current_account", get_current_account)


def install_caller_identity(identify: Callable[[str], tuple[str, str, str]]) -> Callable[[], None]:
    """Let GetCallerIdentity answer (user id, ARN, account) of `identify(access key)`."""

    def get_caller_identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        # moto does not recognize an access key that is an account.
        return identify(access_key_id if self.account_id == ACCOUNT else self.account_id)

    return replace(STSBackend, "get_caller_identity", get_caller_identity)


def install_session_restrictions() -> Callable[[], None]:
    """Let sessions of roles remember the tags and managed policies that AssumeRole gave them: `tags`, `policy_arns`."""
    answer_of = TokenResponse.assume_role

    def assume_role(self: Any) -> ActionResult:
        answer = answer_of(self)
        session = answer.result["Credentials"]
        session.tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or ()}
        session.policy_arns = [policy["arn"] for policy in self._get_param("PolicyArns") or ()]
        return answer

    return replace(TokenResponse, "assume_role", assume_role)


def install_eks(backend_class: type) -> Callable[[], None]:
    """Make `backend_class` serve EKS, also for those who have imported moto's dictionary already."""
    eks_backends.clear()
    undo = replace(eks_backends, "backend", backend_class)

    def uninstall() -> None:
        undo()
        eks_backends.clear()

    return uninstall
