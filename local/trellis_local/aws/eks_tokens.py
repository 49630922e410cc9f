"""EKS bearer tokens: `k8s-aws-v1.` and a presigned sts:GetCallerIdentity URL that signs the cluster's name.

The real service lets STS check the signature; here it is computed again with the secret that IAM and STS know. Tokens
are checked against real time, because clients sign with theirs. https://github.com/kubernetes-sigs/aws-iam-authenticator
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from trellis_local.aws.identity import Principal, principal_of, secret_of

_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"
_LIFETIME = 15 * 60
_CLOCK_SKEW = 5 * 60
_MAX_LENGTH = 8192
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

Query = Sequence[tuple[str, str]]


class InvalidTokenError(Exception):
    """Why a token is not accepted."""


def token_principal(token: str, *, cluster: str) -> Principal:
    """The principal that signed the token for this cluster; raises InvalidTokenError."""
    url = _url(token)
    query = parse_qsl(url.query, keep_blank_values=True)
    values = {name.lower(): value for name, value in query}
    if len(values) != len(query):
        raise InvalidTokenError("a query parameter is given twice")
    _require_sts(url, values)
    signed = values.get("x-amz-signedheaders", "").split(";")
    if _CLUSTER_HEADER not in signed or "host" not in signed:
        raise InvalidTokenError(f"the signed headers must include host and {_CLUSTER_HEADER}")
    if set(signed) - {"host", _CLUSTER_HEADER}:
        raise InvalidTokenError("headers other than the host and the cluster are signed")
    _require_fresh(values.get("x-amz-date", ""))
    access_key_id, scope = _credential(values.get("x-amz-credential", ""))
    credentials = secret_of(access_key_id)
    if not hmac.compare_digest(credentials.session_token, values.get("x-amz-security-token", "")):
        raise InvalidTokenError("the session token is not that of the access key")
    headers = {"host": url.netloc, _CLUSTER_HEADER: cluster}
    expected = _signature(
        url,
        query,
        headers=[(name, headers[name]) for name in signed],
        scope=scope,
        secret=credentials.secret_access_key,
    )
    if not hmac.compare_digest(expected, values.get("x-amz-signature", "")):
        raise InvalidTokenError("the signature does not match: wrong secret, or a token for another cluster")
    return principal_of(access_key_id)


def _url(token: str) -> SplitResult:
    if not token.startswith(_PREFIX) or len(token) > _MAX_LENGTH:
        raise InvalidTokenError(f"a token starts with {_PREFIX}")
    encoded = token.removeprefix(_PREFIX)
    try:
        return urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except (binascii.Error, ValueError) as error:
        raise InvalidTokenError("a token holds a URL in base64url") from error


def _require_sts(url: SplitResult, values: dict[str, str]) -> None:
    host = url.hostname or ""
    # With AWS_ENDPOINT_URL set, `aws eks get-token` signs for the local endpoint instead of STS' own host.
    local = host in ("127.0.0.1", "localhost")
    if not local and not (host.startswith("sts.") and host.endswith(("amazonaws.com", "api.aws"))):
        raise InvalidTokenError(f"{host} is not STS")
    if url.path not in ("", "/") or values.get("action") != "GetCallerIdentity":
        raise InvalidTokenError("the URL must be one of sts:GetCallerIdentity")


def _require_fresh(date: str) -> None:
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise InvalidTokenError("X-Amz-Date is not a date") from error
    age = time.time() - signed_at
    if not -_CLOCK_SKEW <= age <= _LIFETIME:
        raise InvalidTokenError("the token has expired")


def _credential(text: str) -> tuple[str, str]:
    access_key_id, slash, scope = text.partition("/")
    parts = scope.split("/")
    if not slash or len(parts) != 4 or parts[2:] != ["sts", "aws4_request"]:
        raise InvalidTokenError("the credential is not one for STS")
    return access_key_id, scope


def _signature(url: SplitResult, query: Query, *, headers: Sequence[tuple[str, str]], scope: str, secret: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    signed_query = sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in query if n != "X-Amz-Signature")
    canonical = "\n".join(
        [
            "GET",
            url.path or "/",
            "&".join(f"{name}={value}" for name, value in signed_query),
            *(f"{name}:{value}" for name, value in headers),
            "",
            ";".join(name for name, _ in headers),
            _EMPTY_SHA256,
        ]
    )
    date = next((value for name, value in query if name == "X-Amz-Date"), "")
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
