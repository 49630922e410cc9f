"""Lambda functions as moto keeps them; the local stack lets them run in their own processes."""

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from trellis_local.dataplane.contract import FunctionFailedError
from trellis_local.dataplane.messages import NoAnswer

_ERROR_HEADER = "x-amz-function-error"


class MotoFunctions:
    """Invokes functions by their ARN.

    Whether VPC Lattice has the permission is not looked at: RegisterTargets adds it.
    """

    def __init__(self, region: str) -> None:
        self._region = region

    def __call__(self, arn: str, payload: bytes) -> bytes:
        """The function's result; NoAnswer when there is none, FunctionFailedError when it raised (Functions)."""
        account, name, *qualifier = arn.split(":")[4:5] + arn.split(":")[6:]
        headers: dict[str, str] = {}
        try:
            result = lambda_backends[account][self._region].invoke(
                name,
                qualifier[0] if qualifier else None,
                payload,
                {"X-Amz-Invocation-Type": "RequestResponse"},
                headers,
            )
        except (HTTPException, ServiceException) as error:
            raise NoAnswer(f"{name} cannot be invoked: {error}") from error
        if _ERROR_HEADER in headers:
            raise FunctionFailedError(f"{name} failed: {headers[_ERROR_HEADER]}")
        return result.encode() if isinstance(result, str) else bytes(result or b"")
