"""The authorizer: who sent a request, and whether every policy that counts allows it.

Policies of the service network and of the service count where their auth type is AWS_IAM; for a signed request the
caller's own policies count too, in his account as in any other. Each must allow, and none may deny. Without AWS_IAM
nothing is checked, not even a signature. Changes of policies are in force at once, where AWS needs a few minutes.
https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html, "How authorization works"
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from trellis_local import clock
from trellis_local.dataplane.auth_context import HEADER_KEY, invocation_context
from trellis_local.dataplane.authorization import Authorization, Caller, Invocation
from trellis_local.dataplane.identities import Identities, Signer
from trellis_local.dataplane.signatures import SignatureError, authentication_of, verify
from trellis_local.iam.evaluator import (
    Access,
    InvalidPolicyError,
    Statement,
    Verdict,
    evaluate,
    evaluate_with_boundary,
    parse_policy,
)

INVOKE = "vpc-lattice-svcs:Invoke"
# A connection has no path; that its resource ends with the root's is our choice, AWS does not document it.
CONNECT = "vpc-lattice-svcs:Connect"


class Layer(Enum):
    """Where a request can be denied, as authDeniedReason of access logs and as texts of denials name it."""

    NETWORK = "Network"
    SERVICE = "Service"
    IDENTITY = "Identity"

    @property
    def kind(self) -> str:
        """The kind of policy: network-based, service-based or identity-based."""
        return f"{self.value.lower()}-based policy"


@dataclass(frozen=True)
class _Denied:
    """The layer that denies, and the end of the sentence that says so."""

    layer: Layer
    reason: str


class PolicyAuthorizer:
    """Judges requests by the policies of networks, services and callers (Authorizer).

    `real_time` is Unix time in seconds as the clients know it when they sign; the stack's own clock may run faster.
    """

    def __init__(self, identities: Identities, *, real_time: Callable[[], float] = time.time) -> None:
        self._identities = identities
        self._real_time = real_time

    def __call__(self, invocation: Invocation) -> Authorization:
        """The verdict for one request, or for one connection to a TLS_PASSTHROUGH listener."""
        if not _auth_policies(invocation):
            return Authorization()
        passthrough = _is_passthrough(invocation)
        try:
            signer = None if passthrough else self._signer(invocation)
        except SignatureError as error:
            return Authorization(Caller(resolved_user="Unknown"), message=str(error))
        action = CONNECT if passthrough else INVOKE
        context = invocation_context(invocation, signer=signer, now=clock.current().now(), passthrough=passthrough)
        access = Access(action, invocation.service.arn + (invocation.request.path or "/"), context)
        caller = _caller(signer)
        denied = _first_denial(invocation, signer, access)
        if denied is None:
            return Authorization(caller)
        who = caller.principal or "anonymous"
        message = f"User: {who} is not authorized to perform: {action} on resource: {access.resource} {denied.reason}"
        return Authorization(caller, denied.layer.value, f"AccessDeniedException: {message}")

    def _signer(self, invocation: Invocation) -> Signer | None:
        """Who signed the request, None for an anonymous one; raises SignatureError."""
        authentication = authentication_of(invocation.request)
        if authentication is None:
            return None
        verify(
            invocation.request,
            authentication,
            region=invocation.service.arn.split(":")[3],
            now=self._real_time(),
            key_of=self._identities.key,
        )
        return self._identities.signer(authentication.access_key_id)


def _auth_policies(invocation: Invocation) -> list[tuple[Layer, str | None]]:
    """The auth policies that count, network before service: the order in which denials were observed."""
    holders = ((Layer.NETWORK, invocation.network), (Layer.SERVICE, invocation.service))
    return [(layer, holder.auth_policy) for layer, holder in holders if holder.auth_type != "NONE"]


def _is_passthrough(invocation: Invocation) -> bool:
    return any(
        listener.port == invocation.port and listener.protocol == "TLS_PASSTHROUGH"
        for listener in invocation.service.listeners
    )


def _caller(signer: Signer | None) -> Caller:
    if signer is None:
        return Caller(resolved_user="Anonymous")
    principal = signer.principal
    return Caller(
        resolved_user=principal.arn,
        principal=principal.arn,
        principal_org_id=signer.organization_id,
        principal_org_path=signer.organization_path,
        session_name=principal.session_name or "",
        type="AWS_IAM",
        tags=dict(signer.tags),
    )


def _first_denial(invocation: Invocation, signer: Signer | None, access: Access) -> _Denied | None:
    for layer, document in _auth_policies(invocation):
        verdict = evaluate(_for_principal(_statements(document), signer), access)
        if verdict is not Verdict.ALLOWED:
            return _denied(layer, verdict, access.action)
    return _denied_by_identity(signer, access) if signer is not None else None


def _denied_by_identity(signer: Signer, access: Access) -> _Denied | None:
    if signer.principal.is_admin:
        return None
    verdict = evaluate_with_boundary(signer.statements, signer.boundary, access)
    if verdict is not Verdict.ALLOWED:
        return _denied(Layer.IDENTITY, verdict, access.action)
    limit = Verdict.ALLOWED if signer.session is None else evaluate(signer.session, access)
    if limit is Verdict.NOT_ALLOWED:
        return _Denied(Layer.IDENTITY, f"because no session policy allows the {access.action} action")
    if limit is Verdict.DENIED:
        return _Denied(Layer.IDENTITY, "with an explicit deny in a session policy")
    return None


def _denied(layer: Layer, verdict: Verdict, action: str) -> _Denied:
    if verdict is Verdict.DENIED:
        article = "an" if layer is Layer.IDENTITY else "a"
        return _Denied(layer, f"with an explicit deny in {article} {layer.kind}")
    kind = "permissions boundary" if verdict is Verdict.NOT_ALLOWED_BY_BOUNDARY else layer.kind
    return _Denied(layer, f"because no {kind} allows the {action} action")


def _statements(document: str | None) -> tuple[Statement, ...]:
    """AWS_IAM without a policy allows nothing, and nor does a policy that IAM would not accept."""
    if document is None:
        return ()
    try:
        return tuple(_with_plain_header_names(statement) for statement in parse_policy(document))
    except InvalidPolicyError:
        return ()


def _with_plain_header_names(statement: Statement) -> Statement:
    conditions = tuple(
        replace(item, key=HEADER_KEY + item.key.removeprefix(HEADER_KEY).lower())
        if item.key.startswith(HEADER_KEY)
        else item
        for item in statement.conditions
    )
    return replace(statement, conditions=conditions)


def _for_principal(statements: Iterable[Statement], signer: Signer | None) -> list[Statement]:
    return [item for item in statements if _names(item.principals, signer) != item.not_principal]


def _names(principals: Sequence[tuple[str, str]], signer: Signer | None) -> bool:
    """Whether a Principal element means the caller: everybody, his account, his role or himself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    names = {name for kind, name in principals if kind == "AWS"}
    if signer is None:
        return "*" in names
    principal = signer.principal
    meant = {"*", principal.arn, principal.role_arn, principal.account, f"arn:aws:iam::{principal.account}:root"}
    return bool(names & meant)
