"""Requests signed as clients of VPC Lattice sign them: SigV4 by plain botocore, without the payload.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/sigv4-authenticated-requests.html
"""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_SERVICE, _REGION = "vpc-lattice-svcs", "us-west-2"


def signed_headers(url: str, credentials: Credentials) -> dict[str, str]:
    """The headers to send with a GET of the URL."""
    request = AWSRequest(method="GET", url=url)
    # VPC Lattice does not support signed payloads; botocore says so in the header that it signs.
    request.context["payload_signing_enabled"] = False
    SigV4Auth(credentials, _SERVICE, _REGION).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}
