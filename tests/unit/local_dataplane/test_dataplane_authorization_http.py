"""Auth policies over real HTTP, with moto's IAM, and what targets learn of the caller."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from botocore.credentials import Credentials
from dataplane_callers import Call, allow, arn_of, callers, document, signed
from dataplane_fakes import HOST, World, walkthrough

from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.authorization import Caller
from trellis_local.dataplane.client import Response
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.exchanges import Exchange
from trellis_local.dataplane.lattice_headers import identity
from trellis_local.dataplane.moto_identities import MotoIdentities
from trellis_local.dataplane.plane import DataPlane

POPULAR = Call(target="/popular")


@pytest.fixture(scope="module")
def cast() -> Iterator[dict[str, Credentials]]:
    with callers() as found:
        yield found


class Seen:
    """An observer that keeps what it sees."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def observe(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@pytest.fixture
def world() -> World:
    world = walkthrough()
    policy = document(allow(Principal={"AWS": "111122223333"}))
    world.service = replace(world.service, auth_type="AWS_IAM", auth_policy=policy)
    return world


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def plane(world: World, seen: Seen) -> Iterator[DataPlane]:
    surroundings = Surroundings(view=world, pods=world, vpcs=world, admits=world.admits)
    authorizer = PolicyAuthorizer(MotoIdentities())
    plane = DataPlane(surroundings, observers=(seen,), random=Random(1), authorizer=authorizer)
    plane.start()
    yield plane
    plane.stop()


def send(plane: DataPlane, call: Call = POPULAR, caller: Credentials | None = None) -> Response:
    headers: Mapping[str, str] = dict(signed(call, caller).headers) if caller else call.headers
    plain = {name: value for name, value in headers.items() if name != "host"}
    return plane.request("vpc-a", call.method, f"http://{HOST}{call.target}", plain)


def received(plane: DataPlane, caller: Credentials, call: Call = POPULAR) -> dict[str, Any]:
    """The headers that the target got."""
    headers: dict[str, Any] = send(plane, call, caller).json()["headers"]
    return headers


def test_an_anonymous_request_is_answered_403_with_the_reason(plane):
    answer = send(plane)
    assert answer.status == 403
    assert answer.body.decode().startswith("AccessDeniedException: User: anonymous is not authorized to perform: ")
    assert answer.headers["content-type"] == "text/plain"


def test_a_signed_request_reaches_the_target(plane, cast):
    assert send(plane, caller=cast["orders"]).status == 200


@pytest.mark.parametrize("target", ["/popular?a=%2F&b=c%20d", "/popular/caf%C3%A9", "/popular/a%2Fb"])
def test_a_signature_survives_the_wire(plane, cast, target):
    assert send(plane, Call(target=target), cast["ann"]).status == 200


def test_a_bad_signature_is_refused_where_the_anonymous_may_call(plane, world, cast):
    world.service = replace(world.service, auth_policy=document(allow(Principal="*")))
    assert send(plane).status == 200
    answer = send(plane, caller=Credentials(cast["ann"].access_key, "guess"))
    assert (answer.status, answer.body.decode().split(":")[0]) == (403, "InvalidSignatureException")


def test_a_signed_payload_is_refused_where_the_anonymous_may_call(plane, world, cast):
    world.service = replace(world.service, auth_policy=document(allow(Principal="*")))
    headers = dict(signed(POPULAR, cast["ann"]).headers) | {"x-amz-content-sha256": "0" * 64}
    answer = send(plane, Call(target="/popular", headers=headers))
    assert (answer.status, answer.body) == (403, b"InvalidSignatureException: Signed payloads are not supported\n")


def test_a_bad_signature_does_not_matter_without_auth(plane, world, cast):
    world.service = replace(world.service, auth_type="NONE")
    assert send(plane, caller=Credentials(cast["ann"].access_key, "guess")).status == 200


def test_a_denied_request_does_not_reach_a_target(plane, seen):
    send(plane)
    routed = seen.exchanges[-1].routed
    assert (routed.failure, routed.target, routed.authorization.denied_by) == ("ClientAccessDenied", None, "Service")
    assert routed.authorization.caller.resolved_user == "Anonymous"


def test_who_could_not_be_authenticated_is_unknown(plane, seen, cast):
    send(plane, caller=Credentials(cast["ann"].access_key, "guess"))
    authorization = seen.exchanges[-1].routed.authorization
    assert (authorization.caller.resolved_user, authorization.denied_by) == ("Unknown", "")


def test_the_target_learns_the_session(plane, cast):
    session = arn_of("assumed-role", "orders/pod-1")
    found = received(plane, cast["shop"])
    assert found["x-amzn-lattice-identity"] == (
        f"Principal={session}; PrincipalOrgID=; PrincipalOrgPaths=; SessionName=pod-1; Type=AWS_IAM"
    )
    assert found["x-amzn-lattice-identity-tags"] == (
        f"principal={session};principalorgid=;principalorgpath=;team=baking;kubernetes-namespace=shop"
    )


def test_the_target_learns_the_user(plane, cast):
    found = received(plane, cast["ann"])
    assert found["x-amzn-lattice-identity"].startswith(f"Principal={arn_of('user', 'ann')}; ")
    assert found["x-amzn-lattice-identity-tags"].endswith(";team=payments")


def test_identity_headers_of_a_client_are_stripped_even_if_they_are_signed(plane, cast):
    forged = {"x-amzn-lattice-identity": "Principal=forged", "x-amzn-lattice-identity-tags": "team=forged"}
    found = received(plane, cast["ann"], Call(target="/popular", headers=forged))
    assert "forged" not in found["x-amzn-lattice-identity"] + found["x-amzn-lattice-identity-tags"]


def test_the_anonymous_have_no_identity_headers_whatever_they_send(plane, world):
    world.service = replace(world.service, auth_policy=document(allow(Principal="*")))
    forged = Call(target="/popular", headers={"x-amzn-lattice-identity": "Principal=forged"})
    assert not {"x-amzn-lattice-identity", "x-amzn-lattice-identity-tags"} & set(send(plane, forged).json()["headers"])


def test_without_auth_a_signature_gives_no_identity(plane, world, cast):
    world.service = replace(world.service, auth_type="NONE")
    assert "x-amzn-lattice-identity" not in received(plane, cast["ann"])


def test_semicolons_in_values_are_escaped():
    headers = dict(identity(Caller(principal="p", tags={"list": "a;b"})))
    assert headers["x-amzn-lattice-identity-tags"].endswith(";list=a\\;b")
