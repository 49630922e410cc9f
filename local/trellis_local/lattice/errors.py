"""The modelled errors of VPC Lattice; moto writes their attributes as members, with the status of the API model."""

from collections.abc import Sequence

from .moto_seam import ServiceException


class LatticeError(ServiceException):  # type: ignore[misc]
    """Base of the errors below; `message` and every other public attribute becomes a member of the answer."""


class ValidationException(LatticeError):  # noqa: N818 - the name in the API model
    """400: the request is wrong; `fieldList` names the fields when `reason` is fieldValidationFailed."""

    code = "ValidationException"

    def __init__(self, message: str, *, reason: str = "other", fields: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.fieldList = [{"name": name, "message": text} for name, text in fields]


class AccessDeniedException(LatticeError):  # noqa: N818 - the name in the API model
    """403: the caller may not see or use the resource of this ARN, whether it exists or not."""

    code = "AccessDeniedException"

    def __init__(self, resource_arn: str, *, caller: str = "", action: str = "") -> None:
        who = f"User: {caller} is not authorized to perform: {action}" if caller else "Not authorized"
        super().__init__(f"{who} on resource: {resource_arn}")
        self._resource_arn = resource_arn

    def told_to(self, caller: str, *, action: str) -> "AccessDeniedException":
        """The same error in the words that AWS finds for this caller and action."""
        return AccessDeniedException(self._resource_arn, caller=caller, action=action)


class ResourceNotFoundException(LatticeError):  # noqa: N818 - the name in the API model
    """404: there is no such resource in this account and region."""

    code = "ResourceNotFoundException"

    def __init__(self, message: str, *, resource_id: str, resource_type: str) -> None:
        super().__init__(message)
        self.resourceId = resource_id
        self.resourceType = resource_type


class ConflictException(LatticeError):  # noqa: N818 - the name in the API model
    """409: the state of a resource does not allow the operation."""

    code = "ConflictException"

    def __init__(self, message: str, *, resource_id: str, resource_type: str) -> None:
        super().__init__(message)
        self.resourceId = resource_id
        self.resourceType = resource_type


class ServiceQuotaExceededException(LatticeError):  # noqa: N818 - the name in the API model
    """402: the request would exceed a quota."""

    code = "ServiceQuotaExceededException"

    def __init__(self, message: str, *, resource_type: str, quota_code: str, resource_id: str | None = None) -> None:
        super().__init__(message)
        self.resourceType = resource_type
        self.quotaCode = quota_code
        self.serviceCode = "vpc-lattice"
        self.resourceId = resource_id


def invalid_field(name: str, message: str) -> ValidationException:
    """The error for one wrong field."""
    return ValidationException(f"{name}: {message}", reason="fieldValidationFailed", fields=[(name, message)])
