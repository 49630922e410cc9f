"""Why a delivery failed, in EventBridge's own error codes, and whether it is worth another attempt.

Source: "Debugging event delivery" in the EventBridge User Guide (retries, dead-letter queue attributes).
"""

from botocore.exceptions import BotoCoreError, ClientError

_THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
    }
)
_BY_WORD = (
    ("AccessDenied", "NO_PERMISSIONS"),
    ("AuthorizationError", "NO_PERMISSIONS"),
    ("Unauthorized", "NO_PERMISSIONS"),
    ("AlreadyExists", "RESOURCE_ALREADY_EXISTS"),
    ("LimitExceeded", "RESOURCE_LIMIT_EXCEEDED"),
    ("NotFound", "NO_RESOURCE"),
    ("DoesNotExist", "NO_RESOURCE"),
    ("NonExistentQueue", "NO_RESOURCE"),
)


class DeliveryError(Exception):
    """One failed attempt; `retryable` says whether EventBridge tries again."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


def delivery_error(error: ClientError | BotoCoreError) -> DeliveryError:
    """The EventBridge reading of an AWS client's error: 4xx is final unless it is throttling."""
    if isinstance(error, BotoCoreError):
        return DeliveryError("CONNECTION_FAILURE", str(error), retryable=True)
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code in _THROTTLING or status == 429:
        return DeliveryError("THROTTLING", str(error), retryable=True)
    if status >= 500:
        return DeliveryError("INTERNAL_ERROR", str(error), retryable=True)
    return DeliveryError(next((ours for word, ours in _BY_WORD if word in code), "SDK_CLIENT_ERROR"), str(error))
