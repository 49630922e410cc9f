"""IAM roles for ServiceAccounts and their EKS Pod Identity associations: observe, compare, change.

The roles of a cluster have a path of their own, so that one list shows them all, and so that policies can name them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.model import IRSA, OWNER_TAG, Cluster, cluster_owner, ownership_tags
from trellis.planning.client_identity import (
    AUDIENCE,
    POLICY,
    Bind,
    Binding,
    ChangeRole,
    ClientChange,
    ClientRole,
    ClientsDiff,
    ClientsWanted,
    CreateRole,
    DeleteRole,
    ObservedClients,
    TokenIssuer,
    Unbind,
    diff_clients,
)
from trellis.planning.work import Description, KindPlan, Outcome, Status
from trellis.resources.service_errors import is_absent

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

KIND = "provision_client_identity"

PERMISSIONS = ("iam:TagRole", "iam:PassRole", "eks:TagResource")
"""What the calls need beside the actions of their own names."""

_PATH = "/trellis/clients/"
_GONE = frozenset({"NoSuchEntity", "ResourceNotFoundException"})
_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class ClientApis:
    """The AWS clients that are needed."""

    iam: "IAMClient"
    eks: "EKSClient"
    lattice: "VPCLatticeClient"


def path_of(cluster: Cluster) -> str:
    """The path of the roles of a cluster's clients."""
    return f"{_PATH}{cluster.name}/"


def plan(apis: ClientApis, wanted: ClientsWanted) -> KindPlan:
    """What a run would change; a service that the same run makes is waited for."""
    observed = observe(apis, wanted)
    diff = diff_clients(wanted, observed)
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    roles = [role for role in observed.roles if role.owner == owner]
    bindings = [binding for binding in observed.bindings if binding.owner == owner]
    coming = {name for client in wanted.clients for name in client.calls} & wanted.coming
    return KindPlan(
        changes=tuple(change.describe() for change in diff.changes),
        refusals=diff.refusals,
        owned=len(roles) + len(bindings),
        waiting=bool(coming - set(observed.services)),
        ids=tuple(sorted([*(role.name for role in roles), *(binding.id for binding in bindings)])),
    )


def reconcile(apis: ClientApis, wanted: ClientsWanted) -> Outcome:
    """Apply all changes. IAM takes seconds until a new role can be bound: then the state machine calls again."""
    name = wanted.cluster.name
    diff: ClientsDiff = diff_clients(wanted, observe(apis, wanted))
    done: list[Description] = []
    for change in diff.changes:
        try:
            _apply(apis, wanted, change)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidParameterException" or not isinstance(change, Bind):
                raise
            waiting = (f"role {change.role_arn}",)
            return Outcome(KIND, name, Status.IN_PROGRESS, tuple(done), diff.refusals, waiting)
        done.append(change.describe())
    status = Status.REFUSED if diff.refusals else Status.DONE
    return Outcome(KIND, name, status, tuple(done), diff.refusals)


def observe(apis: ClientApis, wanted: ClientsWanted) -> ObservedClients:
    """Read roles, associations and, if anybody calls anything, the services of the cluster's network."""
    clients = wanted.clients
    return ObservedClients(
        roles=tuple(_roles(apis.iam, path_of(wanted.cluster))),
        bindings=tuple(_bindings(apis.eks, wanted)),
        services=dict(_services(apis.lattice, wanted.cluster.service_network)) if clients else {},
        tokens=_tokens(apis, wanted) if any(client.binding == IRSA for client in clients) else TokenIssuer(),
    )


def _roles(iam: "IAMClient", path: str) -> Iterator[ClientRole]:
    for page in iam.get_paginator("list_roles").paginate(PathPrefix=path):
        for summary in page["Roles"]:
            try:
                yield _role(iam, summary["RoleName"])
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE:
                    raise


def _role(iam: "IAMClient", name: str) -> ClientRole:
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    policy = iam.get_role_policy(RoleName=name, PolicyName=POLICY)["PolicyDocument"] if POLICY in inline else _EMPTY
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    extra = [*(found for found in inline if found != POLICY), *(item["PolicyArn"] for item in attached)]
    return ClientRole(
        name=name,
        arn=role["Arn"],
        trust=_document(role.get("AssumeRolePolicyDocument", _EMPTY)),
        policy=_document(policy),
        boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        extra=tuple(sorted(extra)),
        owner=tags.get(OWNER_TAG, ""),
    )


def _document(document: Any) -> Mapping[str, Any]:
    """botocore decodes the policies of IAM, but tells of text."""
    found: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    return found


def _bindings(eks: "EKSClient", wanted: ClientsWanted) -> Iterator[Binding]:
    """All associations of the cluster; none of a cluster that is gone."""
    cluster = wanted.cluster.name
    try:
        for page in eks.get_paginator("list_pod_identity_associations").paginate(clusterName=cluster):
            for summary in page["associations"]:
                yield _binding(eks, cluster, summary["associationId"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise


def _binding(eks: "EKSClient", cluster: str, identifier: str) -> Binding:
    found = eks.describe_pod_identity_association(clusterName=cluster, associationId=identifier)["association"]
    owner = found.get("tags", {}).get(OWNER_TAG, "")
    return Binding(identifier, found["namespace"], found["serviceAccount"], found["roleArn"], owner)


def _services(lattice: "VPCLatticeClient", network: str) -> Iterator[tuple[str, str]]:
    """The services of a network by custom domain name, which no two of them have in common."""
    pages = lattice.get_paginator("list_service_networks").paginate()
    identifier = next((item["arn"] for page in pages for item in page["items"] if item["name"] == network), None)
    if identifier is None:
        return
    try:
        associations = lattice.get_paginator("list_service_network_service_associations")
        for page in associations.paginate(serviceNetworkIdentifier=identifier):
            for item in page["items"]:
                if item.get("customDomainName"):
                    yield item["customDomainName"], item["serviceArn"]
    except ClientError as error:
        if not is_absent(error):
            raise


def _tokens(apis: ClientApis, wanted: ClientsWanted) -> TokenIssuer:
    """The cluster's issuer, and whether IAM takes its tokens.

    https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html
    """
    cluster, partition = wanted.cluster, wanted.boundary.split(":")[1]
    found = apis.eks.describe_cluster(name=cluster.name)["cluster"]
    url = found.get("identity", {}).get("oidc", {}).get("issuer", "")
    provider = f"arn:{partition}:iam::{cluster.account}:oidc-provider/{url.removeprefix('https://')}"
    if not url:
        return TokenIssuer(url, provider, f"cluster {cluster.name} has no OpenID Connect issuer")
    return TokenIssuer(url, provider, _provider_problem(apis.iam, provider))


def _provider_problem(iam: "IAMClient", arn: str) -> str:
    try:
        audiences = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn).get("ClientIDList", [])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return f"IAM has no identity provider {arn}"
    return "" if AUDIENCE in audiences else f"the identity provider {arn} lacks the audience {AUDIENCE}"


def _apply(apis: ClientApis, wanted: ClientsWanted, change: ClientChange) -> None:
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    match change:
        case CreateRole(client=client, role=role):
            tags = ownership_tags(owner, f"ServiceAccount {client.name}")
            apis.iam.create_role(
                RoleName=role.name,
                Path=wanted.path,
                Description=f"For pods of ServiceAccount {client.name} of {wanted.cluster.name}"[:1000],
                AssumeRolePolicyDocument=json.dumps(role.trust),
                PermissionsBoundary=role.boundary,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
            _put_policy(apis.iam, role)
        case ChangeRole():
            _change(apis.iam, change)
        case DeleteRole(found=found):
            _delete(apis.iam, found, wanted.boundary)
        case Bind(client=client, role_arn=role_arn, replaced=None):
            apis.eks.create_pod_identity_association(
                clusterName=wanted.cluster.name,
                namespace=client.namespace,
                serviceAccount=client.service_account,
                roleArn=role_arn,
                tags=ownership_tags(owner, f"ServiceAccount {client.name}"),
            )
        case Bind(role_arn=role_arn, replaced=Binding(id=identifier)):
            apis.eks.update_pod_identity_association(
                clusterName=wanted.cluster.name, associationId=identifier, roleArn=role_arn
            )
        case Unbind(binding=binding):
            apis.eks.delete_pod_identity_association(clusterName=wanted.cluster.name, associationId=binding.id)


def _change(iam: "IAMClient", change: ChangeRole) -> None:
    """The boundary first: only with it may anything else be changed."""
    role, name = change.role, change.role.name
    if role.boundary != change.found.boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=role.boundary)
    if role.trust != change.found.trust:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(role.trust))
    if role.policy != change.found.policy:
        _put_policy(iam, role)
    _strip(iam, name, change.found.extra)


def _put_policy(iam: "IAMClient", role: ClientRole) -> None:
    iam.put_role_policy(RoleName=role.name, PolicyName=POLICY, PolicyDocument=json.dumps(role.policy))


def _strip(iam: "IAMClient", name: str, policies: tuple[str, ...]) -> None:
    """Take away policies: those with an ARN are attached, the others inline."""
    for policy in policies:
        if policy.startswith("arn:"):
            iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        else:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)


def _delete(iam: "IAMClient", found: ClientRole, boundary: str) -> None:
    """A role can only be deleted without policies; one that is gone meanwhile needs nothing."""
    try:
        if found.boundary != boundary:
            iam.put_role_permissions_boundary(RoleName=found.name, PermissionsBoundary=boundary)
        _strip(iam, found.name, (*found.extra, *((POLICY,) if found.policy else ())))
        iam.delete_role(RoleName=found.name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
