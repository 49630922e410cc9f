"""Roles and associations of ServiceAccounts: what a run changes, and what it never touches."""

from dataclasses import replace

from trellis.model import IRSA, ClientIdentity, Cluster
from trellis.planning.client_identity import (
    Bind,
    Binding,
    ChangeRole,
    ClientRole,
    ClientsDiff,
    ClientsWanted,
    CreateRole,
    DeleteRole,
    ObservedClients,
    TokenIssuer,
    Unbind,
    diff_clients,
    trust_policy,
)

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")
OWNER, PATH = "111122223333/blue", "/trellis/clients/blue/"
BOUNDARY = "arn:aws:iam::111122223333:policy/trellis/boundary"
CLIENT = ClientIdentity("apps", "frontend", ("store.example",), "apps-frontend-1")
SERVICE = "arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-1"
ARN = f"arn:aws:iam::111122223333:role{PATH}apps-frontend-1"
NOTHING = ObservedClients(services={"store.example": SERVICE})


def diff(
    observed: ObservedClients = NOTHING,
    *clients: ClientIdentity,
    keep: bool = False,
    coming: frozenset[str] = frozenset(),
) -> ClientsDiff:
    return diff_clients(ClientsWanted(CLUSTER, clients, PATH, BOUNDARY, coming, keep=keep), observed)


def made(client: ClientIdentity = CLIENT) -> ClientRole:
    created = diff(NOTHING, client).changes[0]
    assert isinstance(created, CreateRole)
    return replace(created.role, owner=OWNER)


def bound(owner: str = OWNER, role_arn: str = ARN) -> Binding:
    return Binding("a-1", "apps", "frontend", role_arn, owner)


def converged() -> ObservedClients:
    return replace(NOTHING, roles=(made(),), bindings=(bound(),))


def test_a_role_may_invoke_exactly_the_services_that_were_asked_for() -> None:
    found = diff(replace(NOTHING, services={**NOTHING.services, "other.example": "arn:other"}), CLIENT)
    create, bind = found.changes
    assert isinstance(create, CreateRole)
    statement = {"Effect": "Allow", "Action": "vpc-lattice-svcs:Invoke", "Resource": [f"{SERVICE}/*"]}
    assert create.role.policy["Statement"] == [statement]
    assert (create.role.arn, create.role.boundary) == (ARN, BOUNDARY)
    assert bind == Bind(CLIENT, ARN)


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert diff(converged(), CLIENT) == ClientsDiff()


def test_every_field_that_somebody_changed_is_put_right() -> None:
    changed = replace(made(), trust={}, policy={}, boundary="", extra=("arn:admin",))
    (change,) = diff(replace(converged(), roles=(changed,)), CLIENT).changes
    assert isinstance(change, ChangeRole)
    assert change.fields == ("trust", "calls", "boundary", "extra_policies")


def test_a_binding_to_another_role_is_moved_back() -> None:
    moved = bound(role_arn="arn:aws:iam::111122223333:role/admin")
    assert diff(replace(converged(), bindings=(moved,)), CLIENT).changes == (Bind(CLIENT, ARN, moved),)


def test_what_nobody_asks_for_any_more_goes_the_binding_first() -> None:
    assert diff(converged()).changes == (Unbind(bound()), DeleteRole(made()))


def test_nothing_goes_while_not_all_can_be_read() -> None:
    assert diff(converged(), keep=True) == ClientsDiff()


def test_what_belongs_to_somebody_else_is_refused_and_never_removed() -> None:
    theirs = replace(NOTHING, roles=(replace(made(), owner=""),), bindings=(bound(owner="somebody"),))
    found = diff(theirs, CLIENT)
    assert found.changes == ()
    assert {refusal.reason for refusal in found.refusals} == {"NotOwned"}
    assert diff(theirs).changes == ()


def test_a_hostname_without_a_service_is_refused_and_the_others_are_allowed() -> None:
    found = diff(NOTHING, replace(CLIENT, calls=("gone.example", "store.example")))
    assert [refusal.reason for refusal in found.refusals] == ["ServiceNotFound"]
    create = found.changes[0]
    assert isinstance(create, CreateRole)
    assert create.role.policy["Statement"][0]["Resource"] == [f"{SERVICE}/*"]


def test_without_any_service_no_role_is_made() -> None:
    assert diff(replace(NOTHING, services={}), CLIENT).changes == ()


def test_a_role_whose_services_are_gone_stays_and_may_call_nothing() -> None:
    gone = replace(converged(), services={})
    found = diff(gone, CLIENT)
    (change,) = found.changes
    assert isinstance(change, ChangeRole)
    assert change.fields == ("calls",)
    assert [statement["Effect"] for statement in change.role.policy["Statement"]] == ["Deny"]
    assert [refusal.reason for refusal in found.refusals] == ["ServiceNotFound"]
    assert diff(replace(gone, roles=(replace(change.role, owner=OWNER),)), CLIENT).changes == ()


def test_what_a_role_may_call_is_judged_after_the_run_has_made_its_services() -> None:
    away = replace(converged(), services={})
    assert diff(away, CLIENT, coming=frozenset(CLIENT.calls)) == ClientsDiff()
    moved = diff(replace(away, roles=(replace(made(), trust={}),)), CLIENT, coming=frozenset(CLIENT.calls))
    assert [change.fields for change in moved.changes if isinstance(change, ChangeRole)] == [("trust",)]


def test_what_somebody_changed_is_seen_although_one_of_the_services_is_still_to_be_made() -> None:
    client = replace(CLIENT, calls=(*CLIENT.calls, "new.example"))
    changed = replace(converged(), roles=(replace(made(), policy={}),))
    (change,) = diff(changed, client, coming=frozenset({"new.example"})).changes
    assert isinstance(change, ChangeRole)
    assert change.fields == ("calls",)


ISSUER = "oidc.eks/id/1"
TOKENS = TokenIssuer(f"https://{ISSUER}", f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}", problem="")


def test_irsa_trusts_tokens_of_this_service_account_alone_and_needs_no_association() -> None:
    client = replace(CLIENT, binding=IRSA)
    assert [type(change) for change in diff(replace(NOTHING, tokens=TOKENS), client).changes] == [CreateRole]
    (statement,) = trust_policy(client, TOKENS)["Statement"]
    assert statement["Principal"] == {"Federated": TOKENS.provider}
    subject = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "system:serviceaccount:apps:frontend"}
    assert statement["Condition"] == {"StringEquals": subject}


def test_irsa_without_a_provider_makes_no_role_but_keeps_the_one_that_is_there() -> None:
    client, without = replace(CLIENT, binding=IRSA), replace(TOKENS, problem="IAM has no identity provider")
    (created,) = diff(replace(NOTHING, tokens=TOKENS), client).changes
    assert isinstance(created, CreateRole)
    for roles in ((), (replace(created.role, owner=OWNER),)):
        found = diff(replace(NOTHING, tokens=without, roles=roles), client)
        assert found.changes == ()
        assert [refusal.reason for refusal in found.refusals] == ["IdentityProviderNotFound"]
