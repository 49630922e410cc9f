"""Who may call a service: each row cites the rule that it shows.

UG stands for https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html, SIG for
https://docs.aws.amazon.com/vpc-lattice/latest/ug/sigv4-authenticated-requests.html, IAM for the elements of policies
and the condition keys at https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html, SAR for
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonvpclatticeservices.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.credentials import Credentials
from dataplane_callers import OTHER, Call, allow, arn_of, callers, deny, document, received, signed
from dataplane_fakes import ACCOUNT, NETWORK, service

from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.authorization import Authorization, Invocation
from trellis_local.dataplane.messages import Request
from trellis_local.dataplane.moto_identities import MotoIdentities
from trellis_local.lattice.view import ListenerView

SERVICE = service().arn
ANYBODY, DENY_ALL = allow(Principal="*"), deny(Principal="*")
OFF, EMPTY = "auth type NONE", "AWS_IAM without a policy"
PASSED, NETWORK_, SERVICE_, IDENTITY_ = "", "Network", "Service", "Identity"
GET, POST = Call(), Call(method="POST")
Policy = str | tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Row:
    """A request and who denies it; the policies are those of the service and of the network."""

    rule: str
    denied_by: str
    caller: str = "orders"
    call: Call = GET
    service: Policy = (ANYBODY,)
    network: Policy = OFF
    vpc_id: str = "vpc-a"
    vpc_account: str = ACCOUNT
    port: int = 80
    tags: Mapping[str, str] | None = None


def to(principal: Any, **elements: Any) -> tuple[dict[str, Any], ...]:
    return (allow(Principal=principal, **elements),)


def when(operator: str, key: str, value: Any) -> tuple[dict[str, Any], ...]:
    return (allow(Principal="*", Condition={operator: {key: value}}),)


def own(operator: str, key: str, value: Any) -> tuple[dict[str, Any], ...]:
    return when(operator, f"vpc-lattice-svcs:{key}", value)


def on(resource: str) -> tuple[dict[str, Any], ...]:
    return (allow(Principal="*", Resource=resource),)


LAYERS = [
    Row("UG: both auth types NONE, nothing is checked", PASSED, "", service=OFF),
    Row("UG: without auth not even identity policies count", PASSED, "denied", service=OFF),
    Row("UG: AWS_IAM without a policy on the service denies all", SERVICE_, service=EMPTY),
    Row("UG: AWS_IAM without a policy on the network denies all", NETWORK_, service=OFF, network=EMPTY),
    Row("UG: AWS_IAM without a policy denies the anonymous too", SERVICE_, "", service=EMPTY),
    Row("UG: an explicit allow of service and caller is enough when the network has NONE", PASSED),
    Row("UG: an explicit allow of network and caller is enough when the service has NONE", PASSED, service=OFF,
        network=(ANYBODY,)),
    Row("UG: network and service must both allow", PASSED, network=(ANYBODY,)),
    Row("UG: an allow of the service does not make up for the network", NETWORK_, network=to({"AWS": OTHER})),
    Row("UG: an allow of the network does not make up for the service", SERVICE_, network=(ANYBODY,),
        service=to({"AWS": OTHER})),
    Row("observed: the network is named before the service", NETWORK_, network=EMPTY, service=EMPTY),
    Row("observed: the service is named before the identity policy", SERVICE_, "bare", service=EMPTY),
    Row("UG: an explicit deny of the network overrides", NETWORK_, network=(ANYBODY, DENY_ALL)),
    Row("UG: an explicit deny of the service overrides", SERVICE_, service=(ANYBODY, DENY_ALL)),
    Row("UG: an explicit deny of the identity policy overrides", IDENTITY_, "denied"),
    Row("UG: the identity policy must allow, in the same account too", IDENTITY_, "bare"),
    Row("UG: the identity policy must allow even if the auth policy names the role", IDENTITY_, "bare",
        service=to({"AWS": arn_of("role", "bare")})),
    Row("UG: the identity policy may be limited to a path", PASSED, "narrow"),
    Row("UG: the identity policy does not reach beyond its path", IDENTITY_, "narrow", Call(target="/orders")),
    Row("IAM: a permissions boundary limits the identity policy", IDENTITY_, "bounded"),
    Row("IAM: an inline session policy limits the session", PASSED, "rates only"),
    Row("IAM: an inline session policy keeps the session from everything else", IDENTITY_, "rates only",
        Call(target="/orders")),
    Row("IAM: a managed session policy limits the session", IDENTITY_, "managed s3"),
    Row("the local administrator may do everything that auth policies allow", PASSED, "admin"),
    Row("auth policies hold for the local administrator", SERVICE_, "admin", service=to({"AWS": OTHER})),
    Row("UG: the caller of another account needs an identity policy there", PASSED, "foreign"),
    Row("UG: an auth policy alone does not let another account in", IDENTITY_, "foreign bare"),
]  # fmt: skip

PRINCIPALS = [
    Row("UG: an unsigned request is anonymous, * allows it", PASSED, ""),
    Row("IAM: {AWS: *} is *", PASSED, "", service=to({"AWS": "*"})),
    Row("UG: the anonymous have no account", SERVICE_, "", service=to({"AWS": ACCOUNT})),
    Row("IAM: an account id means everybody in it", PASSED, service=to({"AWS": ACCOUNT})),
    Row("IAM: the root ARN means everybody in it", PASSED, service=to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    Row("IAM: another account is not meant", SERVICE_, service=to({"AWS": OTHER})),
    Row("IAM: another account is meant by its id", PASSED, "foreign", service=to({"AWS": OTHER})),
    Row("IAM: a role ARN means its sessions", PASSED, service=to({"AWS": arn_of("role", "orders")})),
    Row("IAM: a role of another account is another role", SERVICE_, "foreign",
        service=to({"AWS": arn_of("role", "visitor")})),
    Row("IAM: a role ARN of another account means its sessions", PASSED, "foreign",
        service=to({"AWS": arn_of("role", "visitor", account=OTHER)})),
    Row("IAM: the ARN of a role has its path", PASSED, "pathed", service=to({"AWS": arn_of("role", "teams/pathed")})),
    Row("IAM: a role ARN without its path is another role", SERVICE_, "pathed",
        service=to({"AWS": arn_of("role", "pathed")})),
    Row("IAM: a session ARN means one session", PASSED, service=to({"AWS": arn_of("assumed-role", "orders/pod-1")})),
    Row("IAM: another session of the role is not meant", SERVICE_,
        service=to({"AWS": arn_of("assumed-role", "orders/pod-2")})),
    Row("IAM: there is no wildcard within a principal's ARN", SERVICE_, service=to({"AWS": arn_of("role", "*")})),
    Row("IAM: a user ARN means the user", PASSED, "ann", service=to({"AWS": arn_of("user", "ann")})),
    Row("IAM: one principal of a list is enough", PASSED, service=to({"AWS": [OTHER, arn_of("role", "orders")]})),
    Row("IAM: a service principal is no role", SERVICE_, service=to({"Service": "lambda.amazonaws.com"})),
    Row("IAM: NotPrincipal denies everybody else", SERVICE_, "ann",
        service=(ANYBODY, deny(NotPrincipal={"AWS": arn_of("role", "orders")}))),
    Row("IAM: NotPrincipal spares whom it names", PASSED,
        service=(ANYBODY, deny(NotPrincipal={"AWS": arn_of("role", "orders")}))),
]  # fmt: skip

RESOURCES = [
    Row("UG: the resource is the service ARN and the path", PASSED, service=on(f"{SERVICE}/rates")),
    Row("UG: another path is another resource", SERVICE_, call=Call(target="/orders"), service=on(f"{SERVICE}/rates")),
    Row("UG: /* means every path", PASSED, call=Call(target="/a/b"), service=on(f"{SERVICE}/*")),
    Row("UG: */rates means the path of every service", PASSED, service=on("*/rates")),
    Row("UG: */* means every path of every service", PASSED, service=on("*/*")),
    Row("UG: the root is a path", PASSED, call=Call(target="/"), service=on(f"{SERVICE}/")),
    Row("UG: the ARN without a path means no request", SERVICE_, service=on(SERVICE)),
    Row("UG: the query is no part of the resource", PASSED, call=Call(target="/rates?a=1"),
        service=on(f"{SERVICE}/rates")),
    Row("UG: the prefix of the ARN is vpc-lattice", SERVICE_, service=on("arn:aws:vpc-lattice-svcs:*")),
    Row("IAM: the path is compared with regard to case", SERVICE_, call=Call(target="/Rates"), service=on("*/rates")),
    Row("IAM: NotResource means every other path", SERVICE_,
        service=({"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "*/rates"},)),
    Row("UG: the action of a request is Invoke", SERVICE_, service=to("*", Action="vpc-lattice-svcs:Connect")),
    Row("IAM: the action of an API call is another", SERVICE_, service=to("*", Action="vpc-lattice:*")),
    Row("IAM: actions are compared without regard to case", PASSED, service=to("*", Action="VPC-Lattice-Svcs:invoke")),
]  # fmt: skip

CONDITIONS = [
    Row("SAR: Port", PASSED, service=own("NumericEquals", "Port", 80)),
    Row("SAR: Port, another one", SERVICE_, port=8080, service=own("NumericEquals", "Port", 80)),
    Row("SAR: RequestMethod", PASSED, call=POST, service=own("StringEquals", "RequestMethod", "POST")),
    Row("SAR: RequestMethod, another one", SERVICE_, service=own("StringEquals", "RequestMethod", "POST")),
    Row("SAR: RequestPath has no query", PASSED, call=Call(target="/rates?a=1"),
        service=own("StringEquals", "RequestPath", "/rates")),
    Row("SAR: RequestHeader", PASSED, call=Call(headers={"X-Team": "a"}),
        service=own("StringEquals", "RequestHeader/x-team", "a")),
    Row("HTTP: names of headers have no case", PASSED, call=Call(headers={"x-team": "a"}),
        service=own("StringEquals", "RequestHeader/X-Team", "a")),
    Row("SAR: RequestHeader, absent", SERVICE_, service=own("StringEquals", "RequestHeader/x-team", "a")),
    Row("SAR: RequestQueryString", PASSED, call=Call(target="/rates?q=a%20b"),
        service=own("ForAnyValue:StringEquals", "RequestQueryString/q", "a b")),
    Row("UG: ForAnyValue needs one value of many", PASSED, call=Call(target="/rates?q=a&q=b"),
        service=own("ForAnyValue:StringEquals", "RequestQueryString/q", "b")),
    Row("UG: ForAllValues needs all values", SERVICE_, call=Call(target="/rates?q=a&q=b"),
        service=own("ForAllValues:StringEquals", "RequestQueryString/q", "b")),
    Row("SAR: no query string for gRPC", SERVICE_, "", Call("POST", "/a.B/C?q=a", {"content-type": "application/grpc"}),
        service=own("ForAnyValue:StringEquals", "RequestQueryString/q", "a")),
    Row("UG: condition keys are case sensitive", SERVICE_, service=own("StringEquals", "requestmethod", "GET")),
    Row("UG: keys of a query are case sensitive", SERVICE_, call=Call(target="/rates?Q=a"),
        service=own("StringEquals", "RequestQueryString/q", "a")),
    Row("SAR: ServiceArn", PASSED, service=own("ArnEquals", "ServiceArn", SERVICE)),
    Row("SAR: ServiceNetworkArn", PASSED, service=own("ArnEquals", "ServiceNetworkArn", NETWORK.arn)),
    Row("SAR: SourceVpc", PASSED, service=own("StringEquals", "SourceVpc", "vpc-a")),
    Row("SAR: SourceVpc, another one", SERVICE_, vpc_id="vpc-b", service=own("StringEquals", "SourceVpc", "vpc-a")),
    Row("SAR: SourceVpcOwnerAccount is the owner of the VPC", PASSED, vpc_account=OTHER,
        service=own("StringEquals", "SourceVpcOwnerAccount", OTHER)),
    Row("UG: VPC Lattice's keys are there for the anonymous", PASSED, "", vpc_account=OTHER,
        service=own("StringEquals", "SourceVpcOwnerAccount", OTHER)),
    Row("UG example 3: PrincipalType tells the anonymous", SERVICE_, "",
        service=when("StringNotEquals", "aws:PrincipalType", "Anonymous")),
    Row("UG example 3: who signed is not anonymous", PASSED,
        service=when("StringNotEquals", "aws:PrincipalType", "Anonymous")),
    Row("IAM: PrincipalArn of a session is its role", PASSED,
        service=when("ArnEquals", "aws:PrincipalArn", arn_of("role", "orders"))),
    Row("IAM: the anonymous have no PrincipalArn", SERVICE_, "", service=when("Null", "aws:PrincipalArn", "false")),
    Row("IAM: PrincipalAccount", PASSED, "foreign", service=when("StringEquals", "aws:PrincipalAccount", OTHER)),
    Row("IAM: PrincipalOrgID is absent outside of an organization", SERVICE_,
        service=when("StringLike", "aws:PrincipalOrgID", "o-*")),
    Row("UG: PrincipalTag of a role", PASSED, service=when("StringEquals", "aws:PrincipalTag/team", "payments")),
    Row("UG: PrincipalTag of a user", PASSED, "ann", service=when("StringEquals", "aws:PrincipalTag/team", "payments")),
    Row("UG: PrincipalTag of a session", PASSED, "shop",
        service=when("StringEquals", "aws:PrincipalTag/kubernetes-namespace", "shop")),
    Row("IAM: a session's tag takes the place of the role's", SERVICE_, "shop",
        service=when("StringEquals", "aws:PrincipalTag/team", "payments")),
    Row("IAM: the value of a tag has case", SERVICE_,
        service=when("StringEquals", "aws:PrincipalTag/team", "Payments")),
    Row("UG: ResourceTag is that of the service", PASSED, tags={"Environment": "Gamma"},
        service=when("StringEquals", "aws:ResourceTag/Environment", "Gamma")),
    Row("UG: ResourceTag, another value", SERVICE_, tags={"Environment": "Beta"},
        service=when("StringEquals", "aws:ResourceTag/Environment", "Gamma")),
    Row("UG: SourceIp", PASSED, service=when("IpAddress", "aws:SourceIp", "10.0.0.0/16")),
    Row("UG: SourceIp, another network", SERVICE_, service=when("IpAddress", "aws:SourceIp", "10.9.0.0/16")),
    Row("IAM: SecureTransport without TLS", SERVICE_, service=when("Bool", "aws:SecureTransport", "true")),
    Row("IAM: SecureTransport over TLS", PASSED, call=Call(tls=True),
        service=when("Bool", "aws:SecureTransport", "true")),
    Row("IAM: username of a user", PASSED, "ann", service=when("StringEquals", "aws:username", "ann")),
    Row("IAM: a session has no username", SERVICE_, service=when("Null", "aws:username", "false")),
    Row("IAM: userid of a session ends with its name", PASSED, service=when("StringLike", "aws:userid", "*:pod-1")),
    Row("IAM: CurrentTime", SERVICE_, service=when("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z")),
    Row("IAM: IfExists passes over an absent key", PASSED, "",
        service=when("StringEqualsIfExists", "aws:PrincipalTag/team", "x")),
    Row("IAM: a policy variable in a resource", PASSED, "ann", Call(target="/users/ann"),
        service=on("*/users/${aws:username}")),
    Row("IAM: all conditions of a statement must hold", SERVICE_, call=POST, service=(allow(Principal="*", Condition={
        "StringEquals": {"vpc-lattice-svcs:RequestMethod": "POST", "vpc-lattice-svcs:SourceVpc": "vpc-b"}}),)),
]  # fmt: skip

ROWS = [*LAYERS, *PRINCIPALS, *RESOURCES, *CONDITIONS]


@pytest.fixture(scope="module")
def cast() -> Iterator[dict[str, Credentials]]:
    with callers() as found:
        yield found


def policed(view: Any, policy: Policy) -> Any:
    if policy == OFF:
        return replace(view, auth_type="NONE", auth_policy=document(DENY_ALL))
    text = None if policy == EMPTY else document(*policy)  # type: ignore[arg-type]
    return replace(view, auth_type="AWS_IAM", auth_policy=text)


def judged(row: Row, cast: Mapping[str, Credentials], request: Request | None = None) -> Authorization:
    if request is None:
        request = signed(row.call, cast[row.caller]) if row.caller else received(row.call, row.call.headers)
    return PolicyAuthorizer(MotoIdentities())(
        Invocation(
            request=request,
            port=row.port,
            vpc_id=row.vpc_id,
            vpc_arn=f"arn:aws:ec2:us-west-2:{row.vpc_account}:vpc/{row.vpc_id}",
            network=policed(NETWORK, row.network),
            service=policed(replace(service(), tags=row.tags or {}), row.service),
        )
    )


@pytest.mark.parametrize("row", ROWS, ids=[row.rule for row in ROWS])
def test_a_request_passes_or_is_denied_by_the_layer_that_is_documented(row, cast):
    verdict = judged(row, cast)
    assert (verdict.denied_by, bool(verdict.message)) == (row.denied_by, bool(row.denied_by)), verdict.message


def test_no_row_is_there_twice():
    assert len({row.rule for row in ROWS}) == len(ROWS) >= 60


@pytest.mark.parametrize(
    ("row", "session", "end"),
    [
        (Row("", "", "", service=EMPTY), "", "because no service-based policy allows the {action} action"),
        (Row("", "", "", network=EMPTY), "", "because no network-based policy allows the {action} action"),
        (Row("", "", "bare"), "bare/pod-1", "because no identity-based policy allows the {action} action"),
        (Row("", "", "bounded"), "bounded/pod-1", "because no permissions boundary allows the {action} action"),
        (Row("", "", "managed s3"), "orders/pod-1", "because no session policy allows the {action} action"),
        (Row("", "", "", service=(DENY_ALL,)), "", "with an explicit deny in a service-based policy"),
        (Row("", "", "", network=(DENY_ALL,)), "", "with an explicit deny in a network-based policy"),
        (Row("", "", "denied"), "denied/pod-1", "with an explicit deny in an identity-based policy"),
    ],
)
def test_the_text_names_the_caller_the_path_without_query_and_the_policy(row, session, end, cast):
    verdict = judged(replace(row, call=Call(target="/rates?q=1")), cast)
    who, action = arn_of("assumed-role", session) if session else "anonymous", "vpc-lattice-svcs:Invoke"
    text = f"User: {who} is not authorized to perform: {action} on resource: {SERVICE}/rates"
    assert verdict.message == f"AccessDeniedException: {text} {end.format(action=action)}"


SIGNATURES = [
    (
        "SIG: the secret must be the caller's",
        lambda keys: signed(GET, Credentials(keys.access_key, "guess", keys.token)),
    ),
    ("SIG: the service's name is vpc-lattice-svcs", lambda keys: signed(GET, keys, service="vpc-lattice")),
    ("SIG: the region is that of the service", lambda keys: signed(GET, keys, region="us-east-1")),
    ("SIG: the host is signed", lambda keys: _with(signed(GET, keys), "host", "other.example.com")),
    (
        "SIG: payload signing is not supported",
        lambda keys: _with(signed(GET, keys), "x-amz-content-sha256", "e3b0"),
    ),
    ("SIG: the path is signed", lambda keys: replace(signed(GET, keys), target="/admin")),
    ("SIG: the method is signed", lambda keys: replace(signed(GET, keys), method="DELETE")),
    ("SIG: a session needs its token", lambda keys: signed(GET, Credentials(keys.access_key, keys.secret_key))),
]


@pytest.mark.parametrize(("rule", "sign"), SIGNATURES, ids=[rule for rule, _ in SIGNATURES])
def test_a_bad_signature_is_denied_even_where_the_anonymous_may_call(rule, sign, cast):
    """UG, "Anonymous (unauthenticated) principals": who signs is not anonymous."""
    verdict = judged(Row(rule, PASSED), cast, sign(cast["orders"]))
    assert (verdict.is_denied, verdict.denied_by, verdict.caller.resolved_user) == (True, "", "Unknown")


def _with(request: Request, name: str, value: str) -> Request:
    headers = tuple((key, value if key == name else found) for key, found in request.headers)
    return replace(request, headers=headers)


def test_access_logs_learn_who_called(cast):
    caller = judged(Row("", "", "shop"), cast).caller
    session = arn_of("assumed-role", "orders/pod-1")
    assert (caller.resolved_user, caller.principal, caller.type) == (session, session, "AWS_IAM")
    assert caller.session_name == "pod-1"
    assert caller.tags == {"team": "baking", "kubernetes-namespace": "shop"}


def test_access_logs_learn_who_was_denied(cast):
    assert judged(Row("", "", "bare"), cast).caller.resolved_user == arn_of("assumed-role", "bare/pod-1")
    assert judged(Row("", "", "", service=EMPTY), cast).caller.resolved_user == "Anonymous"


def test_without_auth_nobody_is_resolved(cast):
    assert judged(Row("", "", service=OFF), cast).caller.resolved_user == ""


def passthrough(cast: Mapping[str, Credentials], *statements: Mapping[str, Any], caller: str = "") -> Authorization:
    """The verdict on a connection to a TLS_PASSTHROUGH listener."""
    listener = ListenerView("listener-2", 443, "TLS_PASSTHROUGH", (), {})
    view = policed(replace(service(), listeners=(listener,)), statements)
    request = signed(GET, cast[caller]) if caller else received(Call(method="", target=""), {})
    vpc_arn = f"arn:aws:ec2:us-west-2:{ACCOUNT}:vpc/vpc-a"
    return PolicyAuthorizer(MotoIdentities())(
        Invocation(request=request, port=443, vpc_id="vpc-a", vpc_arn=vpc_arn, network=NETWORK, service=view)
    )


@pytest.mark.parametrize(
    ("statement", "denied_by"),
    [
        (allow(Principal="*", Action="vpc-lattice-svcs:Connect"), PASSED),
        (allow(Principal="*", Action="vpc-lattice-svcs:Connect", Resource=f"{SERVICE}/*"), PASSED),
        (allow(Principal="*"), SERVICE_),
        (allow(Principal={"AWS": ACCOUNT}, Action="vpc-lattice-svcs:Connect"), SERVICE_),
        (allow(Principal="*", Action="*", Condition={"StringEquals": {"vpc-lattice-svcs:SourceVpc": "vpc-a"}}), PASSED),
        (allow(Principal="*", Action="*", Condition={"Null": {"vpc-lattice-svcs:RequestMethod": "false"}}), SERVICE_),
    ],
)
def test_tls_that_is_passed_through_needs_connect_for_anonymous_principals(cast, statement, denied_by):
    assert passthrough(cast, statement).denied_by == denied_by


def test_signatures_within_passed_through_tls_are_not_seen(cast):
    statement = allow(Principal={"AWS": arn_of("role", "orders")}, Action="vpc-lattice-svcs:Connect")
    verdict = passthrough(cast, statement, caller="orders")
    assert (verdict.denied_by, verdict.caller.resolved_user) == (SERVICE_, "Anonymous")
