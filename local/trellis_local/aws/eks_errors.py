"""The modelled errors of EKS; moto writes their attributes as members, with the status of the API model."""

from trellis_local.aws.moto_seam import ServiceException


class EksError(ServiceException):  # type: ignore[misc]
    """Base of the errors below."""

    def __init__(self, message: str, *, cluster: str | None = None) -> None:
        super().__init__(message)
        self.clusterName = cluster


class ResourceNotFoundError(EksError):
    """404: no such cluster, access entry or update."""

    code = "ResourceNotFoundException"


class ResourceInUseError(EksError):
    """409: the name is taken, or the resource is busy."""

    code = "ResourceInUseException"


class InvalidParameterError(EksError):
    """400: a parameter has a value that cannot be used."""

    code = "InvalidParameterException"


class InvalidRequestError(EksError):
    """400: the state of the cluster does not allow the request."""

    code = "InvalidRequestException"


class EksNotFoundError(EksError):
    """404 of the tagging operations."""

    code = "NotFoundException"
