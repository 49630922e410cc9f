"""Signature Version 4 and 4A of requests to VPC Lattice services.

VPC Lattice authenticates every request whose Authorization header has one of the two algorithms; signed payloads are
not supported (VPC Lattice User Guide, SIGv4 authenticated requests). The guide knows no presigned URLs: signature
parameters of a query are no signature here. The codes and words of refusals, except for signed payloads, are those of
other AWS services, since VPC Lattice's own are not documented.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http.client import HTTPMessage
from urllib.parse import quote, unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from trellis_local.dataplane import sigv4a
from trellis_local.dataplane.identities import Key
from trellis_local.dataplane.messages import Request, values
from trellis_local.iam.patterns import matches

SERVICE = "vpc-lattice-svcs"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
# "In most cases, a request must reach AWS within five minutes of the time stamp in the request" (page named above).
CLOCK_SKEW_SECONDS = 300

_SIGV4 = "AWS4-HMAC-SHA256"
_PARAMETER = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_TERMINATOR = "aws4_request"
_MOMENT = "%Y%m%dT%H%M%SZ"


class SignatureError(Exception):
    """Why a signed request is not authenticated; the message starts with the error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class Authentication:
    """What an Authorization header says; `scope` is what follows the access key id in the credential."""

    algorithm: str
    access_key_id: str
    scope: tuple[str, ...]
    signed_headers: tuple[str, ...]
    signature: str


def authentication_of(request: Request) -> Authentication | None:
    """What the request is signed with, None for an anonymous one; raises SignatureError for an incomplete header."""
    signed = [value for value in values(request.headers, "authorization") if value.startswith("AWS4-")]
    if not signed:
        return None
    if len(signed) > 1:
        raise SignatureError("IncompleteSignatureException", "there is more than one Authorization header")
    algorithm, _, rest = signed[0].partition(" ")
    parameters = {found[1]: found[2] for found in map(_PARAMETER.fullmatch, rest.split(",")) if found}
    if algorithm not in (_SIGV4, sigv4a.ALGORITHM):
        raise SignatureError("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    for name in ("Credential", "Signature", "SignedHeaders"):
        if name not in parameters:
            raise SignatureError("IncompleteSignatureException", f"Authorization header requires '{name}' parameter.")
    access_key_id, *scope = parameters["Credential"].split("/")
    headers = tuple(parameters["SignedHeaders"].lower().split(";"))
    return Authentication(algorithm, access_key_id, tuple(scope), headers, parameters["Signature"])


def verify(
    request: Request, authentication: Authentication, *, region: str, now: float, key_of: Callable[[str], Key | None]
) -> None:
    """Raise SignatureError unless the signature is that of an access key, for this region and real time `now`."""
    if values(request.headers, "x-amz-content-sha256") != (UNSIGNED_PAYLOAD,):
        raise SignatureError("InvalidSignatureException", "Signed payloads are not supported")
    if "host" not in authentication.signed_headers:
        raise SignatureError("InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    moment = _moment(request)
    _require_scope(request, authentication, region=region, date=moment.strftime("%Y%m%d"))
    _require_fresh(moment, now)
    key = key_of(authentication.access_key_id)
    if key is None or not _same(key.session_token, "".join(values(request.headers, "x-amz-security-token"))):
        raise SignatureError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key.expires_at is not None and now > key.expires_at:
        raise SignatureError("ExpiredTokenException", "The security token included in the request is expired")
    if not _is_signed(request, authentication, timestamp=moment.strftime(_MOMENT), key=key):
        raise SignatureError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )


def _moment(request: Request) -> datetime:
    stamps, dates = values(request.headers, "x-amz-date"), values(request.headers, "date")
    try:
        if stamps:
            return datetime.strptime(stamps[0], _MOMENT).replace(tzinfo=UTC)
        return parsedate_to_datetime(dates[0]).astimezone(UTC)
    except (ValueError, IndexError) as error:
        raise SignatureError(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ) from error


def _require_scope(request: Request, authentication: Authentication, *, region: str, date: str) -> None:
    regional = authentication.algorithm == _SIGV4
    if len(authentication.scope) != (4 if regional else 3) or authentication.scope[-1] != _TERMINATOR:
        raise SignatureError(
            "IncompleteSignatureException", "Credential must have a scope that ends with aws4_request."
        )
    if authentication.scope[0] != date:
        raise SignatureError("InvalidSignatureException", f"Date in Credential scope does not match {date}.")
    if authentication.scope[-2] != SERVICE:
        raise SignatureError(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{SERVICE}'."
        )
    if not (authentication.scope[1] == region if regional else _in_region_set(request, authentication, region)):
        raise SignatureError("InvalidSignatureException", "Credential should be scoped to a valid region.")


def _in_region_set(request: Request, authentication: Authentication, region: str) -> bool:
    patterns = ",".join(values(request.headers, "x-amz-region-set")).split(",")
    return "x-amz-region-set" in authentication.signed_headers and any(
        matches(pattern.strip(), region) for pattern in patterns
    )


def _require_fresh(moment: datetime, now: float) -> None:
    stamp, limits = moment.strftime(_MOMENT), (now - CLOCK_SKEW_SECONDS, now + CLOCK_SKEW_SECONDS)
    earliest, latest = (datetime.fromtimestamp(limit, UTC).strftime(_MOMENT) for limit in limits)
    if moment.timestamp() < limits[0]:
        raise SignatureError("InvalidSignatureException", f"Signature expired: {stamp} is now earlier than {earliest}")
    if moment.timestamp() > limits[1]:
        raise SignatureError(
            "InvalidSignatureException", f"Signature not yet current: {stamp} is still later than {latest}"
        )


def _is_signed(request: Request, authentication: Authentication, *, timestamp: str, key: Key) -> bool:
    if not all(values(request.headers, name) for name in authentication.signed_headers):
        return False
    signing = _Signing(authentication, key)
    copy = _as_botocore_has_it(request)
    copy.context["timestamp"] = timestamp
    canonical = signing.canonical_request(copy)
    if authentication.algorithm == _SIGV4:
        return _same(signing.signature(signing.string_to_sign(copy, canonical), copy), authentication.signature)
    digest = sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([sigv4a.ALGORITHM, timestamp, "/".join(authentication.scope), digest])
    return sigv4a.is_signature(
        authentication.signature, to_sign, access_key_id=key.access_key_id, secret=key.secret_access_key
    )


class _Signing(SigV4Auth):
    """botocore's signer with the choice of headers of somebody else's signature."""

    def __init__(self, authentication: Authentication, key: Key) -> None:
        credentials = ReadOnlyCredentials(key.access_key_id, key.secret_access_key, key.session_token)
        super().__init__(credentials, SERVICE, authentication.scope[1])
        self._wanted = authentication.signed_headers

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers = HTTPMessage()
        for name, value in request.headers.items():
            if name.lower() in self._wanted:
                headers[name.lower()] = value
        return headers


def _as_botocore_has_it(request: Request) -> AWSRequest:
    """The request with its query encoded anew, as the canonical query string wants it."""
    path, _, query = _utf8(request.target).partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs)
    copy = AWSRequest(method=request.method, url=f"https://vpc-lattice{path}?{encoded}")
    for name, value in request.headers:
        copy.headers.add_header(name, _utf8(value))
    return copy


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


def _utf8(text: str) -> str:
    """Text whose bytes were read as Latin-1, as HTTP servers read them."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
