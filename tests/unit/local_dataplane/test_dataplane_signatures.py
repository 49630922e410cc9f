"""Signatures on requests to VPC Lattice services, made by botocore and by AWS' Common Runtime."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.crt.auth import CrtSigV4AsymAuth, CrtSigV4Auth
from dataplane_callers import REGION, Call, received, signed
from dataplane_fakes import HOST

from trellis_local.dataplane.identities import Key
from trellis_local.dataplane.messages import Request
from trellis_local.dataplane.signatures import SignatureError, authentication_of, verify

OWNER = Credentials("AKIAOWNER", "secret")
SESSION = Credentials("ASIASESSION", "secret of the session", "token")
KEYS = {
    OWNER.access_key: Key("AKIAOWNER", "secret"),
    SESSION.access_key: Key("ASIASESSION", "secret of the session", "token", expires_at=time.time() + 3600),
}
MISMATCH = "InvalidSignatureException: The request signature we calculated does not match"


def checked(request: Request, *, now: float | None = None) -> str:
    """The access key id of an accepted signature; raises SignatureError."""
    authentication = authentication_of(request)
    assert authentication is not None
    verify(request, authentication, region=REGION, now=now or time.time(), key_of=KEYS.get)
    return authentication.access_key_id


def refusal(request: Request, *, now: float | None = None) -> str:
    with pytest.raises(SignatureError) as caught:
        checked(request, now=now)
    return str(caught.value)


def changed(request: Request, **headers: str) -> Request:
    """The request with some headers replaced or added after it was signed."""
    new = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(request, headers=(*(item for item in request.headers if item[0] not in new), *new.items()))


def without(request: Request, name: str) -> Request:
    return replace(request, headers=tuple(item for item in request.headers if item[0] != name))


def authorization(request: Request) -> str:
    return dict(request.headers)["authorization"]


@pytest.mark.parametrize("credentials", [OWNER, SESSION])
def test_a_signature_of_botocore_is_accepted(credentials):
    assert checked(signed(Call(), credentials)) == credentials.access_key


@pytest.mark.parametrize(
    "target",
    ["/", "/a/b", "/a//b", "/a/../b", "/a/./b/", "/a%20b", "/a%2Fb", "/caf%C3%A9", "/a+b", "/a;b=c", "/~user/@me:80"],
)
def test_paths_are_encoded_twice_and_normalized(target):
    assert checked(signed(Call(target=target), OWNER)) == "AKIAOWNER"


@pytest.mark.parametrize(
    "target", ["/?b=2&a=1", "/?a=2&a=1", "/?flag", "/?a=", "/?a=%2F%20%7E", "/?a=b%26c", "/?é=%20"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_queries_are_sorted_and_encoded(target, method):
    outgoing = Call(method, target.replace("é", "%C3%A9").replace("%7E", "~"))
    assert checked(signed(outgoing, OWNER)) == "AKIAOWNER"


@pytest.mark.parametrize("value", ["a  b", "x=y; z", "café"])
def test_values_of_headers_are_trimmed_and_read_as_utf8(value):
    request = signed(Call(headers={"x-note": value}), OWNER)
    assert checked(changed(request, x_note=f" {value} ".encode().decode("latin-1"))) == "AKIAOWNER"


def test_a_date_header_takes_the_place_of_x_amz_date():
    request = signed(Call(headers={"Date": formatdate()}), OWNER)
    assert "x-amz-date" not in dict(request.headers)
    assert checked(request) == "AKIAOWNER"


def crt(signer: Callable[..., object], region: str, credentials: Credentials = SESSION) -> Request:
    """A request signed as the VPC Lattice User Guide shows it."""
    url, headers = f"https://{HOST}/rates?b=2&a=%20", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    outgoing = AWSRequest(method="POST", url=url, data="some-data", headers=headers)
    outgoing.context["payload_signing_enabled"] = False
    signer(credentials, "vpc-lattice-svcs", region).add_auth(outgoing)  # type: ignore[attr-defined]
    return received(Call("POST", "/rates?b=2&a=%20"), dict(outgoing.headers.items()))


def test_a_signature_of_the_common_runtime_is_accepted():
    assert checked(crt(CrtSigV4Auth, REGION)) == "ASIASESSION"


@pytest.mark.parametrize("region_set", ["*", "us-west-2", "eu-west-1,us-west-2", "us-*"])
def test_sigv4a_holds_in_every_region_of_its_set(region_set):
    assert checked(crt(CrtSigV4AsymAuth, region_set)) == "ASIASESSION"


def test_sigv4a_does_not_hold_in_another_region():
    refused = refusal(crt(CrtSigV4AsymAuth, "eu-west-1"))
    assert refused == "InvalidSignatureException: Credential should be scoped to a valid region."


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, target="/orders"),
        lambda request: changed(request, x_amz_region_set="us-west-2"),
        lambda request: changed(request, authorization=authorization(request).rpartition("=")[0] + "=00"),
    ],
)
def test_sigv4a_does_not_hold_for_a_changed_request(change):
    assert refusal(change(crt(CrtSigV4AsymAuth, "*"))).startswith(MISMATCH)


def test_sigv4a_needs_the_secret():
    assert refusal(crt(CrtSigV4AsymAuth, "*", Credentials("AKIAOWNER", "guess"))).startswith(MISMATCH)


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, method="POST"),
        lambda request: replace(request, target="/orders"),
        lambda request: replace(request, target="/rates?a=1"),
        lambda request: changed(request, host="other.lattice-test.io"),
        lambda request: changed(request, x_team="b"),
        lambda request: without(request, "x-team"),
        lambda request: replace(request, headers=(*request.headers, ("x-team", "b"))),
    ],
)
def test_a_request_that_was_changed_on_its_way_is_refused(change):
    assert refusal(change(signed(Call(headers={"X-Team": "a"}), OWNER))).startswith(MISMATCH)


def test_headers_that_are_not_signed_may_change():
    assert checked(changed(signed(Call(), OWNER), x_forwarded_for="10.0.0.1", user_agent="curl")) == "AKIAOWNER"


def test_another_secret_is_refused():
    assert refusal(signed(Call(), Credentials("AKIAOWNER", "guess"))).startswith(MISMATCH)


@pytest.mark.parametrize("value", ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", "unsigned"])
def test_signed_payloads_are_not_supported(value):
    refused = refusal(changed(signed(Call(), OWNER), x_amz_content_sha256=value))
    assert refused == "InvalidSignatureException: Signed payloads are not supported"


def test_the_header_that_says_so_is_compulsory():
    outgoing = AWSRequest(method="GET", url=f"https://{HOST}/rates")
    SigV4Auth(OWNER, "vpc-lattice-svcs", REGION).add_auth(outgoing)
    request = received(Call(), dict(outgoing.headers.items()))
    assert refusal(request) == "InvalidSignatureException: Signed payloads are not supported"


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid region."),
        ({"service": "vpc-lattice"}, "Credential should be scoped to correct service: 'vpc-lattice-svcs'."),
    ],
)
def test_the_scope_must_be_that_of_the_service(scope, words):
    assert refusal(signed(Call(), OWNER, **scope)) == f"InvalidSignatureException: {words}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-301, "Signature not yet current"), (301, "Signature expired")],
)
def test_a_signature_holds_for_five_minutes_before_and_after(seconds, words):
    request = signed(Call(), OWNER)
    moment = datetime.strptime(dict(request.headers)["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    assert refusal(request, now=moment + seconds).startswith(f"InvalidSignatureException: {words}")
    assert checked(request, now=moment + seconds * 0.99) == "AKIAOWNER"


def test_the_session_token_must_be_sent():
    words = "UnrecognizedClientException: The security token included in the request is invalid."
    assert refusal(without(signed(Call(), SESSION), "x-amz-security-token")) == words
    assert refusal(changed(signed(Call(), SESSION), x_amz_security_token="other")) == words


def test_an_unknown_access_key_is_refused():
    refused = refusal(signed(Call(), Credentials("AKIAUNKNOWN", "secret")))
    assert refused == "UnrecognizedClientException: The security token included in the request is invalid."


def test_an_expired_session_is_refused(monkeypatch):
    monkeypatch.setitem(KEYS, SESSION.access_key, replace(KEYS[SESSION.access_key], expires_at=time.time() - 1))
    assert refusal(signed(Call(), SESSION)).startswith("ExpiredTokenException: ")


def with_authorization(change: Callable[[str], str], headers: Mapping[str, str] | None = None) -> Request:
    request = signed(Call(headers=headers or {}), OWNER)
    return changed(request, authorization=change(authorization(request)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("Signature=", "X="), "requires 'Signature' parameter"),
        (lambda text: text.replace("SignedHeaders=", "X="), "requires 'SignedHeaders' parameter"),
        (lambda text: text.replace("Credential=", "X="), "requires 'Credential' parameter"),
        (lambda text: text.replace("SHA256 ", "SHA512 "), "Unsupported AWS 'algorithm'"),
        (lambda text: text.replace("/aws4_request", ""), "Credential must have a scope"),
        (lambda text: text.replace("SignedHeaders=host;", "SignedHeaders="), "'Host' must be a 'SignedHeader'"),
        (lambda text: text.replace("AKIAOWNER/20", "AKIAOWNER/19"), "Date in Credential scope does not match"),
    ],
)
def test_a_malformed_authorization_header_is_refused(change, words):
    assert words in refusal(with_authorization(change))


def test_a_request_without_a_date_is_refused():
    assert "X-Amz-Date" in refusal(without(signed(Call(), OWNER), "x-amz-date"))
    assert "X-Amz-Date" in refusal(changed(signed(Call(), OWNER), x_amz_date="today"))


def test_two_signatures_are_refused():
    request = signed(Call(), OWNER)
    assert "more than one" in refusal(
        replace(request, headers=(*request.headers, ("Authorization", "AWS4-HMAC-SHA256")))
    )


@pytest.mark.parametrize("value", ["Bearer eyJhbGciOiJub25lIn0", "Basic dGVzdDp0ZXN0"])
def test_another_scheme_is_no_signature(value):
    assert authentication_of(received(Call(), {"authorization": value})) is None


def test_signature_parameters_in_the_query_are_no_signature():
    target = "/rates?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
    assert authentication_of(received(Call(target=target), {})) is None


def test_botocore_has_the_seams_that_verification_uses():
    for name in ("canonical_request", "string_to_sign", "signature", "headers_to_sign"):
        assert callable(getattr(SigV4Auth, name))
