"""The environment variables of a function process: Lambda's list and nothing of the machine's own.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from datetime import datetime
from pathlib import Path

from trellis_local.workers.contract import Credentials
from trellis_local.workers.function import FunctionSource


def log_group(function_name: str) -> str:
    """The CloudWatch Logs group that Lambda gives a function."""
    return f"/aws/lambda/{function_name}"


def log_stream(now: datetime, sandbox: str) -> str:
    """The log stream of one function process."""
    return f"{now:%Y/%m/%d}/[$LATEST]{sandbox}"


def environment(
    source: FunctionSource, *, credentials: Credentials, endpoint_url: str, region: str, stream: str, home: Path
) -> dict[str, str]:
    """The whole environment of one process of `source`; `home` is an empty directory, also used for temporary files."""
    return {
        **dict(source.environment),
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{source.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(source.memory),
        "AWS_LAMBDA_FUNCTION_NAME": source.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(source.name),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "HOME": str(home),
        "LAMBDA_TASK_ROOT": str(source.code_dir),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TMPDIR": str(home),
        "TZ": ":UTC",
        "_HANDLER": source.handler,
    }
