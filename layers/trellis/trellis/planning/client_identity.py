"""IAM roles of ServiceAccounts and their bindings: what differs from what the annotations ask for.

A role may call exactly the services that were asked for and exist. Whatever else somebody gives it is taken away, and
its permissions boundary would keep it from counting meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trellis.model import IRSA, POD_IDENTITY, ClientIdentity, Cluster, cluster_owner
from trellis.planning.work import Description, Refusal, described

INVOKE = "vpc-lattice-svcs:Invoke"
POLICY = "calls"
"""The name of the one inline policy of a role."""

AUDIENCE = "sts.amazonaws.com"
"""For whom the tokens of ServiceAccounts are meant that IAM takes."""

NO_PROVIDER = "IdentityProviderNotFound"

TRUST, CALLS, BOUNDARY, EXTRA = "trust", "calls", "boundary", "extra_policies"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ClientRole:
    """A role as it should be, or as it was found; `extra` names policies that it must not have."""

    name: str
    arn: str
    trust: Document
    policy: Document
    boundary: str
    extra: tuple[str, ...] = ()
    owner: str = field(default="", compare=False)


@dataclass(frozen=True)
class Binding:
    """An association of EKS Pod Identity as it was found."""

    id: str
    namespace: str
    service_account: str
    role_arn: str
    owner: str


@dataclass(frozen=True)
class TokenIssuer:
    """A cluster's OpenID Connect issuer and the ARN that its provider has in IAM, or would have.

    `problem` says why no token of it gets a role; empty where tokens do.
    """

    url: str = ""
    provider: str = ""
    problem: str = "the cluster's OpenID Connect issuer is not known"


@dataclass(frozen=True)
class ObservedClients:
    """The roles under the cluster's path, the associations of the cluster, and the services of its network.

    `services` gives the ARN of a service by hostname; `tokens` is what IAM knows of the cluster's own tokens.
    """

    roles: tuple[ClientRole, ...] = ()
    bindings: tuple[Binding, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    tokens: TokenIssuer = TokenIssuer()


@dataclass(frozen=True)
class CreateRole:
    """Make a role with its policy."""

    client: ClientIdentity
    role: ClientRole

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("CreateClientRole", resource_of(self.client.name), expected=_fields(self.role))


@dataclass(frozen=True)
class ChangeRole:
    """Put right the fields in which a role differs."""

    client: ClientIdentity
    role: ClientRole
    found: ClientRole

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that differ."""
        wanted, found = _fields(self.role), _fields(self.found)
        return tuple(name for name in wanted if wanted[name] != found[name])

    def describe(self) -> Description:
        """Describe the change for reports."""
        wanted, found = _fields(self.role), _fields(self.found)
        words = described(
            "ChangeClientRole",
            resource_of(self.client.name),
            expected={name: wanted[name] for name in self.fields},
            found={name: found[name] for name in self.fields},
        )
        return {**words, "fields": list(self.fields)}


@dataclass(frozen=True)
class DeleteRole:
    """Remove a role that nobody asks for any more."""

    found: ClientRole

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("DeleteClientRole", role_named(self.found.name), found=self.found.arn, deletes=True)


@dataclass(frozen=True)
class Bind:
    """Let the pods of a ServiceAccount have a role; `replaced` is what they have so far."""

    client: ClientIdentity
    role_arn: str
    replaced: Binding | None = None

    def describe(self) -> Description:
        """Describe the change for reports."""
        found = self.replaced.role_arn if self.replaced else None
        return described("BindClient", binding_of(self.client.name), expected=self.role_arn, found=found)


@dataclass(frozen=True)
class Unbind:
    """Remove an association that nobody asks for any more."""

    binding: Binding

    def describe(self) -> Description:
        """Describe the change for reports."""
        name = f"{self.binding.namespace}/{self.binding.service_account}"
        return described("UnbindClient", binding_of(name), found=self.binding.role_arn, deletes=True)


ClientChange = CreateRole | ChangeRole | DeleteRole | Bind | Unbind


@dataclass(frozen=True)
class ClientsDiff:
    """The changes in order, and what was asked for and cannot be had."""

    changes: tuple[ClientChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class ClientsWanted:
    """What one cluster's ServiceAccounts ask for.

    `path` is that of the cluster's roles; `coming` are hostnames whose services the same run makes. `keep` says that
    `clients` may lack some, so that nothing may be removed.
    """

    cluster: Cluster
    clients: tuple[ClientIdentity, ...]
    path: str
    boundary: str
    coming: frozenset[str] = frozenset()
    keep: bool = False


def resource_of(client: str) -> str:
    """How a ServiceAccount's role is called in reports."""
    return f"client role of {client}"


def role_named(role: str) -> str:
    """How a role is called in reports whose ServiceAccount is gone."""
    return f"client role {role}"


def binding_of(client: str) -> str:
    """How a ServiceAccount's association is called in reports."""
    return f"pod identity of {client}"


def diff_clients(wanted: ClientsWanted, observed: ObservedClients) -> ClientsDiff:
    """Compare the roles and associations of a cluster with what is there."""
    return _Diff(wanted, observed).result()


class _Diff:
    def __init__(self, wanted: ClientsWanted, observed: ObservedClients) -> None:
        self._wanted = wanted
        self._observed = observed
        self._owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
        self._refusals: list[Refusal] = []

    def result(self) -> ClientsDiff:
        roles = [(client, role) for client in self._wanted.clients if (role := self._role(client)) is not None]
        made = [change for client, role in roles for change in self._of_role(client, role)]
        bound = [change for client, role in roles for change in self._of_binding(client, role.arn)]
        return ClientsDiff((*made, *bound, *self._removed(roles)), tuple(self._refusals))

    def _role(self, client: ClientIdentity) -> ClientRole | None:
        """The role as it should be; None when it is not there and none of its services exists.

        One that is there stays meanwhile: policies know it by its id. Where the run makes its services, what it may
        call is judged afterwards.
        """
        services, found = self._observed.services, self._found(client)
        missing = [name for name in client.calls if name not in services]
        for name in missing:
            if name not in self._wanted.coming:
                message = f"no service of the network {self._wanted.cluster.service_network} has the hostname {name}"
                self._refusals.append(Refusal(resource_of(client.name), "ServiceNotFound", message))
        known = [services[name] for name in client.calls if name in services]
        if not known and found is None:
            return None
        is_awaited = not self._wanted.coming.isdisjoint(missing)
        partition = self._wanted.boundary.split(":")[1]
        return ClientRole(
            name=client.role,
            arn=f"arn:{partition}:iam::{self._wanted.cluster.account}:role{self._wanted.path}{client.role}",
            trust=trust_policy(client, self._observed.tokens),
            policy=found.policy if found and is_awaited and not known else calls_policy(known),
            boundary=self._wanted.boundary,
        )

    def _found(self, client: ClientIdentity) -> ClientRole | None:
        return next((item for item in self._observed.roles if item.name == client.role), None)

    def _of_role(self, client: ClientIdentity, role: ClientRole) -> Iterator[ClientChange]:
        found = self._found(client)
        problem = self._observed.tokens.problem if client.binding == IRSA else ""
        if problem:
            self._refusals.append(Refusal(resource_of(client.name), NO_PROVIDER, problem))
        if found is None:
            # A role that is there stays: policies know it by its id, and the provider may come back.
            if not problem:
                yield CreateRole(client, role)
        elif found.owner != self._owner:
            self._refusals.append(_not_owned(resource_of(client.name), found.owner))
        elif found != role:
            yield ChangeRole(client, role, found)

    def _of_binding(self, client: ClientIdentity, role_arn: str) -> Iterator[ClientChange]:
        found = self._binding(client)
        if found and found.owner != self._owner:
            self._refusals.append(_not_owned(binding_of(client.name), found.owner))
        elif client.binding == POD_IDENTITY and (found is None or found.role_arn != role_arn):
            yield Bind(client, role_arn, found)

    def _binding(self, client: ClientIdentity) -> Binding | None:
        key = client.namespace, client.service_account
        return next((item for item in self._observed.bindings if (item.namespace, item.service_account) == key), None)

    def _removed(self, roles: Sequence[tuple[ClientIdentity, ClientRole]]) -> list[ClientChange]:
        """What is owned and nobody asks for: bindings first, so that no pod is left with a role that is gone."""
        if self._wanted.keep:
            return []
        bound = {(client.namespace, client.service_account) for client, _ in roles if client.binding == POD_IDENTITY}
        kept = {role.name for _, role in roles}
        return [
            *(
                Unbind(item)
                for item in self._observed.bindings
                if item.owner == self._owner and (item.namespace, item.service_account) not in bound
            ),
            *(DeleteRole(item) for item in self._observed.roles if item.owner == self._owner and item.name not in kept),
        ]


def trust_policy(client: ClientIdentity, tokens: TokenIssuer) -> Document:
    """Who gets the role: EKS Pod Identity, or tokens of just this ServiceAccount.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html, associate-service-account-role.html
    """
    if client.binding == POD_IDENTITY:
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    else:
        issuer = tokens.url.removeprefix("https://")
        subject = f"system:serviceaccount:{client.namespace}:{client.service_account}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": tokens.provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": subject}},
        }
    return {"Version": "2012-10-17", "Statement": [statement]}


def calls_policy(service_arns: Sequence[str]) -> Document:
    """Invoke on all paths of these services, and nothing else; of none, nothing at all."""
    resources = sorted(f"{arn}/*" for arn in set(service_arns))
    # IAM takes no statement without resources.
    effect = "Allow" if resources else "Deny"
    statement = {"Effect": effect, "Action": INVOKE, "Resource": resources or "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _fields(role: ClientRole) -> dict[str, Any]:
    return {TRUST: role.trust, CALLS: role.policy, BOUNDARY: role.boundary, EXTRA: list(role.extra)}


def _not_owned(resource: str, owner: str) -> Refusal:
    whose = f"belongs to {owner}" if owner else "was not made by Trellis"
    return Refusal(resource, "NotOwned", f"{resource} {whose}")
