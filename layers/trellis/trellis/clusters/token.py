"""The bearer token by which an IAM role signs in to an EKS cluster: a presigned call of STS, never sent by us."""

import base64

import boto3
from botocore.exceptions import NoCredentialsError
from botocore.signers import RequestSigner

_EXPIRES_SECONDS = 60
_HEADER = "x-k8s-aws-id"


def bearer_token(cluster: str, region: str) -> str:
    """A token for the cluster, signed with the function's own credentials; EKS accepts it for some 15 minutes.

    Format of aws-iam-authenticator: `k8s-aws-v1.` and the URL in unpadded base64.
    """
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    sts = session.client("sts", region_name=region)
    signer = RequestSigner(sts.meta.service_model.service_id, region, "sts", "v4", credentials, session.events)
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {_HEADER: cluster},
            "context": {},
        },
        region_name=region,
        expires_in=_EXPIRES_SECONDS,
        operation_name="",
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
