"""Logs with correlation ids, and the one entry point that turns AWS' errors into Trellis' own.

No tracing library: the X-Ray SDK costs more at cold start than everything else together and is at its end of support.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from trellis.errors import (
    AccessDeniedError,
    AwsCallError,
    InvalidInputError,
    ServiceUnavailableError,
    ThrottledError,
    TrellisError,
)

logger = Logger(service="trellis")

Handler = Callable[[dict[str, Any], Any], Any]

THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "Throttled",  # Amazon SNS, which boto3 does not try again by itself
        "KMSThrottling",  # the same of a topic's key
        "KmsThrottlingException",
        "EC2ThrottledException",  # AWS Lambda, which waits for EC2
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"})
_SERVER_ERROR = 500


def translated(error: ClientError) -> TrellisError:
    """The error of Trellis that stands for an error of AWS; its message names the call and AWS' code."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"{error.operation_name}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    if code in THROTTLING:
        return ThrottledError(message)
    if code in _DENIED:
        return AccessDeniedError(message)
    if status >= _SERVER_ERROR:
        return ServiceUnavailableError(message)
    return AwsCallError(message)


def as_known(error: Exception) -> Exception:
    """The error that the state machines know for an error of AWS, or of the connection to it; any other is itself."""
    if isinstance(error, ClientError):
        return translated(error)
    if isinstance(error, BotoCoreError):
        return ServiceUnavailableError(str(error))
    return error


def entry_point(handler: Handler) -> Handler:
    """Wrap a Lambda handler: logs the input's outline, and raises only errors that the state machines know."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        logger.append_keys(function=context.function_name, request_id=context.aws_request_id)
        try:
            return handler(event, context)
        except ValidationError as error:
            raise InvalidInputError(problems(error)) from error
        except (BotoCoreError, ClientError) as error:
            logger.exception("an AWS call failed")
            raise as_known(error) from error

    return wrapped


def problems(error: ValidationError) -> str:
    """All problems of an input in one line, each with the place where it is."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'input'}: {problem['msg']}" for problem in error.errors()
    )
