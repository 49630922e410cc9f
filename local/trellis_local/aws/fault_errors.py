"""How each service words that it throttles a call or fails: code, HTTP status, members and headers.

The API model of a service decides where it has such an error. What it leaves out is written down here, from the
services' own pages; for the rest the "Common Errors" that all AWS services share are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trellis_local.aws.wire import AwsError, WireCall

_RATE_EXCEEDED = "Rate exceeded"
_INTERNAL = "An internal error has occurred."


@dataclass(frozen=True)
class _Form:
    code: str
    status: int
    message: str


# The services whose model does not say, or not for every operation, what they answer:
# - EC2 API Reference, "Error codes for the Amazon EC2 API": server errors;
# - Route 53 Developer Guide, "Throttling for Amazon Route 53 API requests", where the model has another code;
# - S3 API Reference, "Error responses"; DynamoDB Developer Guide, "Error handling with DynamoDB".
_THROTTLED: Mapping[str, _Form] = {
    "ec2": _Form("RequestLimitExceeded", 503, "Request limit exceeded."),
    "route53": _Form("Throttling", 400, _RATE_EXCEEDED),
    "s3": _Form("SlowDown", 503, "Please reduce your request rate."),
    "dynamodb": _Form("ThrottlingException", 400, "Rate of requests exceeds the allowed throughput."),
}
_FAILED: Mapping[str, _Form] = {
    "ec2": _Form("InternalError", 500, _INTERNAL),
    "s3": _Form("InternalError", 500, "We encountered an internal error. Please try again."),
}
# Names of the modelled errors, the first that a service has counts.
_THROTTLED_SHAPES = (
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
)
_FAILED_SHAPES = (
    "InternalServerException",
    "InternalServerError",
    "InternalServiceException",
    "InternalServiceError",
    "InternalServiceFault",
    "InternalErrorException",
    "InternalFailureException",
    "ServiceFailureException",
    "ServiceException",
    "ServerException",
)


def throttled(call: WireCall, *, retry_after_seconds: int) -> AwsError:
    """The error of a call that comes too soon after others; services that model Retry-After send it."""
    common = _Form("Throttling" if _speaks_xml(call) else "ThrottlingException", 400, _RATE_EXCEEDED)
    shape = _shape(call, _THROTTLED_SHAPES)
    form = _THROTTLED.get(call.api.service) or _modelled(shape, status=400, message=_RATE_EXCEEDED) or common
    return _error(call, form, shape, retry_after_seconds)


def failed(call: WireCall, *, retry_after_seconds: int) -> AwsError:
    """The error of a call that the service fails on; services that model Retry-After send it."""
    common = _Form("InternalFailure", 500, _INTERNAL)
    shape = _shape(call, _FAILED_SHAPES)
    form = _FAILED.get(call.api.service) or _modelled(shape, status=500, message=_INTERNAL) or common
    return _error(call, form, shape, retry_after_seconds)


def _speaks_xml(call: WireCall) -> bool:
    return call.protocol in ("ec2", "query", "rest-xml")


def _shape(call: WireCall, names: tuple[str, ...]) -> Any:
    if call.model is None:
        return None
    known = set(call.model.shape_names)
    return next((call.model.shape_for(name) for name in names if name in known), None)


def _modelled(shape: Any, *, status: int, message: str) -> _Form | None:
    if shape is None:
        return None
    return _Form(shape.error_code, shape.metadata.get("error", {}).get("httpStatusCode", status), message)


def _error(call: WireCall, form: _Form, shape: Any, retry_after_seconds: int) -> AwsError:
    error = AwsError(form.code, form.message, status=form.status)
    if shape is None or shape.error_code != form.code:
        return error
    if any(member.serialization.get("name") == "Retry-After" for member in shape.members.values()):
        error.headers = (("Retry-After", str(retry_after_seconds)),)
    if "serviceCode" in shape.members:
        error.members = {"serviceCode": call.credential.service}
    return error
