"""IAM, STS and Organizations as moto keeps them, for signatures and policies on the way through VPC Lattice.

An unknown access key is the administrator's, whose secret access key equals the access key id, as at the endpoint.
"""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from moto.organizations.models import organizations_backends

from trellis_local.aws import moto_seam as moto
from trellis_local.aws.authz import policies_of
from trellis_local.aws.identity import principal_of, secret_of
from trellis_local.dataplane.identities import Key, Signer
from trellis_local.iam.evaluator import Statement, parse_policy

_PARTITION = "aws"


class MotoIdentities:
    """The users, roles and organizations of all accounts (Identities)."""

    def key(self, access_key_id: str) -> Key | None:
        """The access key with its secret; None when it is an inactive one."""
        credentials = secret_of(access_key_id)
        session, owner = moto.assumed_role(access_key_id), moto.iam_user(access_key_id)
        if owner is not None and owner[1].status != "Active":
            return None
        expires_at = session.expiration.replace(tzinfo=UTC).timestamp() if session is not None else None
        return Key(access_key_id, credentials.secret_access_key, credentials.session_token, expires_at)

    def signer(self, access_key_id: str) -> Signer:
        """The principal, what it is tagged with, and what its policies say."""
        principal = principal_of(access_key_id)
        holder = moto.iam_holder(principal.role_arn or principal.arn)
        session = moto.assumed_role(access_key_id)
        statements, boundary = policies_of(principal)
        organization, path = _organization(principal.account)
        return Signer(
            principal=principal,
            tags={**(moto.holder_tags(holder) if holder else {}), **getattr(session, "tags", {})},
            organization_id=organization,
            organization_path=path,
            statements=statements,
            boundary=boundary,
            session=_session_policy(session) if session is not None else None,
        )


def _session_policy(session: Any) -> list[Statement] | None:
    """The inline and managed policies given to AssumeRole; together they allow what one of them allows."""
    found = [moto.managed_policy(arn, account=session.account_id) for arn in getattr(session, "policy_arns", ())]
    inline = session.policy if isinstance(session.policy, str) or not session.policy else json.dumps(session.policy)
    if not inline and not found:
        return None
    return [statement for document in (inline, *found) if document for statement in parse_policy(document)]


def _organization(account: str) -> tuple[str, str]:
    """Id of the account's organization, and the path to the account in it such as o-a1b2/r-ab12/ou-ab12-1111/."""
    for backend in _organizations():
        member = next((item for item in list(backend.accounts) if item.id == account), None)
        if member is not None:
            units = {unit.id: unit.parent_id for unit in list(backend.ou)}
            path, parent = "", member.parent_id
            while parent:
                path, parent = f"{parent}/{path}", units.get(parent)
            return str(backend.org.id), f"{backend.org.id}/{path}"
    return "", ""


def _organizations() -> Iterator[Any]:
    # Indexing moto's dictionaries would create backends for whoever is asked for.
    for regions in list(organizations_backends.values()):
        if dict.__contains__(regions, _PARTITION) and regions[_PARTITION].org is not None:
            yield regions[_PARTITION]
