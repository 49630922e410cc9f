"""What the workers need from the rest of the stack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Credentials(Protocol):
    """Keys of one role session."""

    @property
    def access_key_id(self) -> str:
        """The access key, which names the session."""

    @property
    def secret_access_key(self) -> str:
        """The secret of the access key."""

    @property
    def session_token(self) -> str:
        """The token that temporary credentials carry."""


class Identity(Protocol):
    """Where role sessions come from."""

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> Credentials:
        """A session of a role that trusts the service; refuses a role that does not exist or does not trust it.

        Refusal is botocore's ClientError with code AccessDenied.
        """


@dataclass(frozen=True)
class LogLine:
    """One line that a function wrote; `timestamp` is virtual Unix time in milliseconds."""

    function_name: str
    log_stream: str
    timestamp: int
    text: str


LogListener = Callable[[LogLine], None]
