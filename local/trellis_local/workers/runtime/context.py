"""The second argument of a handler."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Identity:
    """Cognito identity: always empty, as in any invocation that no mobile SDK makes."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


@dataclass(frozen=True)
class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str
    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    identity: Identity = field(default_factory=Identity)
    client_context: Any = None
    tenant_id: str | None = None

    @classmethod
    def of(cls, spec: dict[str, Any], header: dict[str, Any]) -> "LambdaContext":
        """The context of one invocation of the function that `spec` describes."""
        environment = spec["environment"]
        return cls(
            aws_request_id=header["request_id"],
            function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
            function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
            invoked_function_arn=header["function_arn"],
            memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
            log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
            deadline=time.monotonic() + header["timeout"],
        )

    def get_remaining_time_in_millis(self) -> int:
        """Real milliseconds until Lambda kills the process: a function's timeout is not scaled."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))
