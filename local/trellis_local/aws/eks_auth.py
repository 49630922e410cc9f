"""Amazon EKS Auth, by which the agent of EKS Pod Identity on a node gets credentials for a pod.

https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html, and pod-id-abac.html in the
user guide for the session tags. moto does not have this API.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_account_tokens import InvalidAccountTokenError
from trellis_local.aws.eks_clusters import EksCluster
from trellis_local.aws.eks_errors import EksError
from trellis_local.aws.eks_pod_identity import PodIdentityAssociation
from trellis_local.aws.wire import AwsError, WireCall
from trellis_local.iam.evaluator import parse_policy
from trellis_local.iam.trust import Caller, Trust, trust_of

SERVICE, OPERATION = "eks-auth", "AssumeRoleForPodIdentity"
PODS = "pods.eks.amazonaws.com"
"""The audience of the tokens, and the service that roles have to trust."""

Document = dict[str, Any]


def assume_role_for_pod_identity(call: WireCall) -> Document:
    """Credentials of the role that is associated with the token's service account; raises AwsError."""
    name, token = str(call.api.parameters["clusterName"]), str(call.api.parameters["token"])
    backend = moto.eks_backends[call.api.account][call.api.region]
    with backend.lock:
        try:
            cluster = backend.cluster(name)
        except EksError as error:
            raise AwsError("ResourceNotFoundException", str(error), status=404) from error
        claims = _claims(cluster, token)
        association = _association(cluster, claims)
        tags = {} if association.disable_session_tags else _session_tags(cluster, claims)
    _require_trust(association, cluster, tags)
    session = moto.new_session(association.role_arn, session_name=_session_name(cluster, claims))
    session.tags = tags
    return {
        "subject": {"namespace": association.namespace, "serviceAccount": association.service_account},
        "audience": PODS,
        "podIdentityAssociation": {"associationArn": association.arn, "associationId": association.id},
        "assumedRoleUser": {"arn": session.arn, "assumeRoleId": session.user_id},
        "credentials": {
            "accessKeyId": session.access_key_id,
            "secretAccessKey": session.secret_access_key,
            "sessionToken": session.session_token,
            "expiration": session.expiration.timestamp(),
        },
    }


def _claims(cluster: EksCluster, token: str) -> Mapping[str, Any]:
    try:
        claims = cluster.tokens.claims(token, audience=PODS)
    except InvalidAccountTokenError as error:
        code = "ExpiredTokenException" if error.expired else "InvalidTokenException"
        raise AwsError(code, f"The token included in the request is invalid: {error}", status=400) from error
    found: Mapping[str, Any] = claims["kubernetes.io"]
    if "pod" not in found:
        # The tokens that kubelets project are bound to their pod; that others are refused is inferred.
        raise AwsError("InvalidTokenException", "The token is not bound to a pod", status=400)
    return found


def _association(cluster: EksCluster, claims: Mapping[str, Any]) -> PodIdentityAssociation:
    """That a service account without an association is an absent resource is inferred."""
    key = claims["namespace"], claims["serviceaccount"]["name"]
    for found in cluster.associations.values():
        if (found.namespace, found.service_account) == key:
            association: PodIdentityAssociation = found
            return association
    message = f"No pod identity association exists for service account {'/'.join(key)} in cluster {cluster.name}"
    raise AwsError("ResourceNotFoundException", message, status=404)


def _session_tags(cluster: EksCluster, claims: Mapping[str, Any]) -> dict[str, str]:
    return {
        "eks-cluster-arn": cluster.arn,
        "eks-cluster-name": cluster.name,
        "kubernetes-namespace": claims["namespace"],
        "kubernetes-service-account": claims["serviceaccount"]["name"],
        "kubernetes-pod-name": claims["pod"]["name"],
        "kubernetes-pod-uid": claims["pod"]["uid"],
    }


def _require_trust(association: PodIdentityAssociation, cluster: EksCluster, tags: Mapping[str, str]) -> None:
    """The role must let the service assume it, and tag the session; pod-id-role.html has the condition keys."""
    role = moto.role_by_arn(association.role_arn)
    context = {
        "aws:sourceaccount": (moto.ACCOUNT,),
        "aws:sourcearn": (cluster.arn,),
        **{f"aws:requesttag/{key}": (value,) for key, value in tags.items()},
    }
    actions = ("sts:AssumeRole", "sts:TagSession") if tags else ("sts:AssumeRole",)
    statements = parse_policy(moto.trust_policy(role)) if role is not None else []
    for action in actions:
        if trust_of(statements, Caller(service=PODS), action=action, context=context) is Trust.NONE:
            message = f"The role {association.role_arn} does not let {PODS} call {action}"
            raise AwsError("AccessDeniedException", message, status=400)


def _session_name(cluster: EksCluster, claims: Mapping[str, Any]) -> str:
    """`eks-cluster-pod-uuid`; how AWS fits it into 64 characters is inferred."""
    readable = f"{cluster.name}-{claims['pod']['name']}"[:23]
    return f"eks-{readable}-{uuid.uuid4()}"
