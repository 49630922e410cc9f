"""Who calls: pods with the identity that Trellis gives them, and a role that somebody has made beside.

Both have an identity policy for the service, which VPC Lattice asks for beside its auth policies.
"""

import json
from typing import Any

from botocore.credentials import Credentials

from trellis_local.walkthrough.world import World

NAMESPACE, CLIENT, STRANGER = "apps", "aws-sigv4-client", "somebody-elses-client"

_AUDIENCE = "pods.eks.amazonaws.com"


class Callers:
    """The pods of the ServiceAccount `aws-sigv4-client` of a cluster, and a role that only its own policy lets call."""

    def __init__(self, world: World, cluster: str) -> None:
        self._world = world
        self._cluster = cluster

    def create_stranger(self, service_arn: str) -> None:
        """Create the role that Trellis knows nothing of."""
        iam = self._world.aws("iam")
        allowed = {"Effect": "Allow", "Action": "vpc-lattice-svcs:Invoke", "Resource": f"{service_arn}/*"}
        iam.create_role(RoleName=STRANGER, AssumeRolePolicyDocument=_document(_TRUST))
        iam.put_role_policy(RoleName=STRANGER, PolicyName="call", PolicyDocument=_document(allowed))

    def delete_stranger(self) -> None:
        """Delete that role."""
        iam = self._world.aws("iam")
        iam.delete_role_policy(RoleName=STRANGER, PolicyName="call")
        iam.delete_role(RoleName=STRANGER)

    def stranger(self) -> Credentials:
        """The credentials of a session of that role, as STS gives them."""
        arn = self._world.aws("iam").get_role(RoleName=STRANGER)["Role"]["Arn"]
        keys = self._world.aws("sts").assume_role(RoleArn=arn, RoleSessionName="walkthrough")["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def client(self) -> Credentials:
        """The credentials that EKS Pod Identity gives to a pod: its kubelet asks for the token, its agent for them."""
        pods = self._world.kubernetes(self._cluster).list(f"/api/v1/namespaces/{NAMESPACE}/pods")
        pod = next(pod for pod in pods if pod["spec"]["serviceAccountName"] == CLIENT and not _is_leaving(pod))
        reference = {"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{CLIENT}/token"
        request = {"spec": {"audiences": [_AUDIENCE], "boundObjectRef": reference}}
        token = self._world.post(self._cluster, path, request)["status"]["token"]
        agent = self._world.aws("eks-auth")
        keys = agent.assume_role_for_pod_identity(clusterName=self._cluster, token=token)["credentials"]
        return Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])

    def made(self) -> tuple[int, int]:
        """How many roles and associations Trellis keeps for clients of the cluster."""
        roles = self._world.aws("iam").list_roles(PathPrefix=f"/trellis/clients/{self._cluster}/")["Roles"]
        listed = self._world.aws("eks").list_pod_identity_associations(clusterName=self._cluster)
        return len(roles), len(listed["associations"])


_TRUST = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}


def _is_leaving(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
