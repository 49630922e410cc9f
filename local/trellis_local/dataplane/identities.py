"""Who may sign requests to VPC Lattice services, and what the authorizer needs to know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trellis_local.aws.identity import Principal
from trellis_local.iam.evaluator import Statement


@dataclass(frozen=True)
class Key:
    """An access key that may sign; `expires_at` is real Unix time in seconds, None for keys without end."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    expires_at: float | None = None


@dataclass(frozen=True)
class Signer:
    """A principal with its tags (those of a session over those of the role), organization and policies.

    `boundary` and `session` are None without a permissions boundary or session policy.
    """

    principal: Principal
    tags: Mapping[str, str] = field(default_factory=dict)
    organization_id: str = ""
    organization_path: str = ""
    statements: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None


class Identities(Protocol):
    """IAM, STS and Organizations as VPC Lattice sees them."""

    def key(self, access_key_id: str) -> Key | None:
        """The access key; None when there is none, or when it is inactive."""

    def signer(self, access_key_id: str) -> Signer:
        """Whom an access key that exists belongs to."""


class NoIdentities:
    """An AWS without users and roles: no signature is accepted, anonymous requests are judged by the policies."""

    def key(self, access_key_id: str) -> Key | None:
        """No key is known (Identities)."""
        return None

    def signer(self, access_key_id: str) -> Signer:
        """Not called, since there is no key (Identities); raises KeyError."""
        raise KeyError(access_key_id)
