"""What the errors of VPC Lattice mean for a change: wait, refuse, or raise.

Only answers that say something about the request are turned into refusals. Throttling, server errors and missing
permissions say nothing about it; they raise, and the state machine decides whether to try again.
"""

from botocore.exceptions import ClientError

from trellis.planning.work import Refusal

_REFUSED = frozenset(
    {"ConflictException", "ResourceNotFoundException", "ServiceQuotaExceededException", "ValidationException"}
)


class RefusedError(Exception):
    """VPC Lattice will not do it however often it is asked."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def is_absent(error: ClientError) -> bool:
    """Whether the resource does not exist (any more)."""
    return code_of(error) == "ResourceNotFoundException"


def is_in_progress(error: ClientError) -> bool:
    """Whether VPC Lattice is still busy with the resource; only the message tells it from other conflicts."""
    return code_of(error) == "ConflictException" and "IN_PROGRESS" in message_of(error)


def refusal_of(resource: str, error: ClientError) -> Refusal | None:
    """The refusal that the error stands for, or None when it must be raised."""
    if code_of(error) not in _REFUSED:
        return None
    quota = error.response.get("quotaCode")
    message = f"{message_of(error)} (quota {quota})" if quota else message_of(error)
    return Refusal(resource, code_of(error), message)


def code_of(error: ClientError) -> str:
    """The error's code, such as `ConflictException`."""
    return error.response["Error"]["Code"]


def message_of(error: ClientError) -> str:
    """The error's message."""
    return error.response["Error"]["Message"]
