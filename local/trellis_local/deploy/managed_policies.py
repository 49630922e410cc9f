"""AWS managed policies that roles refer to.

No API creates them, and moto has their documents but loads all 1,400 or none: the one needed is put in its backend.
"""

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from trellis_local.deploy.errors import DeployError

_PREFIX = "arn:aws:iam::aws:policy/"


def ensure_managed_policy(arn: str, *, account: str, where: str) -> None:
    """Make the AWS managed policy `arn` exist; customer managed ARNs are left alone. Raise DeployError if unknown."""
    if not arn.startswith(_PREFIX):
        return
    backend = iam_backends[account]["aws"]
    if arn in backend.managed_policies:
        return
    data = _documents().get(arn)
    if data is None:
        raise DeployError(where, f"AWS has no managed policy {arn}")
    policy = AWSManagedPolicy.from_data(arn.rsplit("/", 1)[1], account, "us-east-1", data)
    backend.managed_policies[policy.arn] = policy
    backend.aws_managed_policies.append(policy)


@functools.cache
def _documents() -> dict[str, dict[str, Any]]:
    policies = json.loads(aws_managed_policies_data)
    return {f"{_PREFIX}{data['Path'].lstrip('/')}{name}": data for name, data in policies.items()}
