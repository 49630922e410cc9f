"""Who calls: roles with an identity policy of their own, which VPC Lattice asks for beside its auth policies."""

import json
from typing import Any

from botocore.credentials import Credentials

from trellis_local.walkthrough.world import World

CLIENT, STRANGER = "aws-sigv4-client", "somebody-elses-client"


class Callers:
    """Two roles that may call the service as far as IAM is concerned; only one of them is meant by its auth policy."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, service_arn: str) -> None:
        """Create the roles."""
        iam = self._world.aws("iam")
        allowed = {"Effect": "Allow", "Action": "vpc-lattice-svcs:Invoke", "Resource": f"{service_arn}/*"}
        for name in (CLIENT, STRANGER):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(_TRUST))
            iam.put_role_policy(RoleName=name, PolicyName="call", PolicyDocument=_document(allowed))

    def delete(self) -> None:
        """Delete the roles."""
        iam = self._world.aws("iam")
        for name in (CLIENT, STRANGER):
            iam.delete_role_policy(RoleName=name, PolicyName="call")
            iam.delete_role(RoleName=name)

    def session(self, role: str) -> Credentials:
        """The credentials of a session of a role, as STS gives them to pods."""
        arn = self._world.aws("iam").get_role(RoleName=role)["Role"]["Arn"]
        keys = self._world.aws("sts").assume_role(RoleArn=arn, RoleSessionName="walkthrough")["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


_TRUST = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
