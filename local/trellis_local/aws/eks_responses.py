"""The operations of EKS; one that is not here is refused with 501."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trellis_local import clock
from trellis_local.aws import eks_access, eks_pod_identity, wire
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_backend import LocalEksBackend
from trellis_local.aws.eks_clusters import EksCluster, Update
from trellis_local.aws.eks_errors import (
    EksError,
    InvalidParameterError,
    InvalidRequestError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from trellis_local.aws.eks_policies import POLICIES
from trellis_local.aws.identity import principal_of

Request = Mapping[str, Any]
Document = dict[str, Any]
Operation = Callable[[LocalEksBackend, Request], Document]

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


class EksResponse(moto.BaseResponse):  # type: ignore[misc]
    """One request and its answer."""

    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        """Answer the request that moto has set up."""
        name = self._get_action()
        backend = moto.eks_backends[self.current_account][self.region]
        try:
            with backend.lock:
                return self.serialized(moto.ActionResult(self._run(name, backend)))
        except EksError as error:
            return self.serialized(moto.ActionResult(error))

    def _run(self, name: str, backend: LocalEksBackend) -> Document:
        request = dict(self.params)
        if name == "CreateCluster":
            credential = wire.credential_of(self.normalized_request.environ)
            creator = principal_of(credential.access_key_id if credential else "")
            return {"cluster": backend.create(request, creator).describe()}
        operation = _OPERATIONS.get(name)
        if operation is None:
            raise NotImplementedError(f"the local stack has no eks:{name}")
        return operation(backend, request)


def _describe_cluster(backend: LocalEksBackend, request: Request) -> Document:
    return {"cluster": backend.cluster(request["name"]).describe()}


def _list_clusters(backend: LocalEksBackend, request: Request) -> Document:
    backend.settle()
    return _page("clusters", sorted(backend.clusters), request)


def _delete_cluster(backend: LocalEksBackend, request: Request) -> Document:
    return {"cluster": backend.delete(request["name"]).describe()}


def _update_cluster_config(backend: LocalEksBackend, request: Request) -> Document:
    cluster = backend.cluster(request["name"])
    if cluster.status != "ACTIVE":
        raise ResourceInUseError(f"Cluster {cluster.name} has status {cluster.status}", cluster=cluster.name)
    given = [part for part in ("resourcesVpcConfig", "logging", "accessConfig") if request.get(part)]
    if len(given) != 1:
        raise InvalidParameterError("The type for cluster update was not provided, or there are several.")
    kind, params = _CONFIG_UPDATES[given[0]](cluster, request[given[0]])
    now = clock.current().time()
    update = Update(str(uuid.uuid4()), kind, tuple(params.items()), now, now + cluster.times.updating)
    cluster.updates[update.id] = update
    return {"update": update.describe()}


def _update_access_config(cluster: EksCluster, config: Request) -> tuple[str, dict[str, str]]:
    before, after = cluster.access_config["authenticationMode"], config.get("authenticationMode")
    if after not in _MODES or _MODES.index(after) <= _MODES.index(before):
        raise InvalidRequestError(f"Unsupported authentication mode update from {before} to {after}")
    if cluster.creator_arn and before == "CONFIG_MAP" and cluster.creator_arn not in cluster.entries:
        eks_access.bootstrap_creator(cluster, cluster.creator_arn)
    cluster.access_config = {**cluster.access_config, "authenticationMode": after}
    return "AccessConfigUpdate", {"AuthenticationMode": after}


def _update_logging(cluster: EksCluster, config: Request) -> tuple[str, dict[str, str]]:
    cluster.logging = dict(config)
    return "LoggingUpdate", {"ClusterLogging": str(config)}


def _update_vpc_config(cluster: EksCluster, config: Request) -> tuple[str, dict[str, str]]:
    names = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    if set(config) - set(names):
        raise NotImplementedError(f"the local stack does not change {sorted(set(config) - set(names))} of a cluster")
    cluster.resources_vpc_config.update({name: config[name] for name in names if config.get(name) is not None})
    return "EndpointAccessUpdate", {name[0].upper() + name[1:]: str(config[name]) for name in names if name in config}


_CONFIG_UPDATES: Mapping[str, Callable[[EksCluster, Request], tuple[str, dict[str, str]]]] = {
    "accessConfig": _update_access_config,
    "logging": _update_logging,
    "resourcesVpcConfig": _update_vpc_config,
}


def _describe_update(backend: LocalEksBackend, request: Request) -> Document:
    update = backend.cluster(request["name"]).updates.get(request["updateId"])
    if update is None:
        raise ResourceNotFoundError(f"No update found for ID: {request['updateId']}", cluster=request["name"])
    return {"update": update.describe()}


def _create_access_entry(backend: LocalEksBackend, request: Request) -> Document:
    return {"accessEntry": eks_access.create_entry(_entry_cluster(backend, request), request).describe()}


def _describe_access_entry(backend: LocalEksBackend, request: Request) -> Document:
    return {"accessEntry": _entry(backend, request).describe()}


def _list_access_entries(backend: LocalEksBackend, request: Request) -> Document:
    policy = request.get("associatedPolicyArn")
    entries = _entry_cluster(backend, request).entries.values()
    arns = [entry.principal_arn for entry in entries if not policy or policy in entry.policies]
    return _page("accessEntries", arns, request)


def _update_access_entry(backend: LocalEksBackend, request: Request) -> Document:
    entry = _entry(backend, request)
    eks_access.update_entry(entry, request)
    return {"accessEntry": entry.describe()}


def _delete_access_entry(backend: LocalEksBackend, request: Request) -> Document:
    entry = _entry(backend, request)
    del _entry_cluster(backend, request).entries[entry.principal_arn]
    return {}


def _associate_access_policy(backend: LocalEksBackend, request: Request) -> Document:
    associated = eks_access.associate(_entry(backend, request), request).describe()
    return {**_names(request), "associatedAccessPolicy": associated}


def _disassociate_access_policy(backend: LocalEksBackend, request: Request) -> Document:
    eks_access.disassociate(_entry(backend, request), request["policyArn"])
    return {}


def _list_associated_access_policies(backend: LocalEksBackend, request: Request) -> Document:
    policies = [policy.describe() for policy in _entry(backend, request).policies.values()]
    return {**_names(request), **_page("associatedAccessPolicies", policies, request)}


def _list_access_policies(backend: LocalEksBackend, request: Request) -> Document:
    policies = [{"name": arn.rsplit("/", 1)[-1], "arn": arn} for arn in POLICIES]
    return _page("accessPolicies", policies, request)


def _create_pod_identity_association(backend: LocalEksBackend, request: Request) -> Document:
    return {"association": eks_pod_identity.create(backend.cluster(request["clusterName"]), request).describe()}


def _describe_pod_identity_association(backend: LocalEksBackend, request: Request) -> Document:
    return {"association": _association(backend, request).describe()}


def _list_pod_identity_associations(backend: LocalEksBackend, request: Request) -> Document:
    found = backend.cluster(request["clusterName"]).associations.values()
    wanted = request.get("namespace"), request.get("serviceAccount")
    kept = [
        item.summary()
        for item in found
        if wanted[0] in (None, item.namespace) and wanted[1] in (None, item.service_account)
    ]
    return _page("associations", kept, request)


def _update_pod_identity_association(backend: LocalEksBackend, request: Request) -> Document:
    found = _association(backend, request)
    eks_pod_identity.update(found, request)
    return {"association": found.describe()}


def _delete_pod_identity_association(backend: LocalEksBackend, request: Request) -> Document:
    found = _association(backend, request)
    del backend.cluster(request["clusterName"]).associations[found.id]
    return {"association": found.describe()}


def _association(backend: LocalEksBackend, request: Request) -> eks_pod_identity.PodIdentityAssociation:
    return eks_pod_identity.find(backend.cluster(request["clusterName"]), request["associationId"])


def _tag_resource(backend: LocalEksBackend, request: Request) -> Document:
    backend.tag_resource(request["resourceArn"], request["tags"])
    return {}


def _untag_resource(backend: LocalEksBackend, request: Request) -> Document:
    backend.untag_resource(request["resourceArn"], list(request["tagKeys"]))
    return {}


def _list_tags_for_resource(backend: LocalEksBackend, request: Request) -> Document:
    return {"tags": dict(backend.tags_of(request["resourceArn"]))}


def _entry_cluster(backend: LocalEksBackend, request: Request) -> EksCluster:
    cluster = backend.cluster(request["clusterName"])
    eks_access.require_api_mode(cluster)
    return cluster


def _entry(backend: LocalEksBackend, request: Request) -> Any:
    return eks_access.entry_of(_entry_cluster(backend, request), request["principalArn"])


def _names(request: Request) -> Document:
    return {"clusterName": request["clusterName"], "principalArn": request["principalArn"]}


def _page(member: str, items: Sequence[Any], request: Request) -> Document:
    size = int(request.get("maxResults") or 100)
    token = str(request.get("nextToken") or "0")
    if not token.isdigit():
        raise InvalidParameterError("The nextToken is not valid.")
    end = int(token) + size
    page: Document = {member: list(items[int(token) : end])}
    return {**page, "nextToken": str(end)} if end < len(items) else page


_OPERATIONS: Mapping[str, Operation] = {
    "DescribeCluster": _describe_cluster,
    "ListClusters": _list_clusters,
    "DeleteCluster": _delete_cluster,
    "UpdateClusterConfig": _update_cluster_config,
    "DescribeUpdate": _describe_update,
    "CreateAccessEntry": _create_access_entry,
    "DescribeAccessEntry": _describe_access_entry,
    "ListAccessEntries": _list_access_entries,
    "UpdateAccessEntry": _update_access_entry,
    "DeleteAccessEntry": _delete_access_entry,
    "AssociateAccessPolicy": _associate_access_policy,
    "DisassociateAccessPolicy": _disassociate_access_policy,
    "ListAssociatedAccessPolicies": _list_associated_access_policies,
    "ListAccessPolicies": _list_access_policies,
    "CreatePodIdentityAssociation": _create_pod_identity_association,
    "DescribePodIdentityAssociation": _describe_pod_identity_association,
    "ListPodIdentityAssociations": _list_pod_identity_associations,
    "UpdatePodIdentityAssociation": _update_pod_identity_association,
    "DeletePodIdentityAssociation": _delete_pod_identity_association,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
    "ListTagsForResource": _list_tags_for_resource,
}
