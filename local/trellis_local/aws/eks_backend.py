"""The EKS of one account and region: clusters whose Kubernetes API really runs.

It takes the place of moto's backend. Node groups, Fargate profiles and add-ons are not emulated: pods run without them.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from trellis_local import clock
from trellis_local.aws import eks_access, eks_network, eks_tokens
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_clusters import GONE, EksCluster, StateTimes
from trellis_local.aws.eks_errors import (
    EksNotFoundError,
    InvalidParameterError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from trellis_local.aws.identity import Principal
from trellis_local.kubernetes.contract import ClusterLauncher, ClusterSpec, UserInfo

_LOG = logging.getLogger(__name__)
_VERSION = "1.34"
_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
_NO_LOGGING = {
    "clusterLogging": [{"types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": False}]
}


class LocalEksBackend(moto.EKSBackend, moto.TaggableResourcesMixin):  # type: ignore[misc]
    """Subclasses set `launcher` and `times`."""

    SERVICE_NAMESPACE = "eks"
    launcher: ClusterLauncher
    times: StateTimes

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.clusters: dict[str, EksCluster] = {}
        self._numbers = count(1)

    @property
    def _url_module(self) -> Any:
        from trellis_local.aws import eks_urls

        return eks_urls

    def settle(self) -> None:
        """Forget the clusters whose deletion is over."""
        for cluster in list(self.clusters.values()):
            if cluster.status == GONE:
                del self.clusters[cluster.name]
                config = cluster.resources_vpc_config
                eks_network.delete_cluster_security_group(
                    config["clusterSecurityGroupId"], vpc_id=config["vpcId"], region=self.region_name
                )

    def cluster(self, name: str) -> EksCluster:
        """The cluster; raises ResourceNotFoundError."""
        self.settle()
        try:
            return self.clusters[name]
        except KeyError:
            raise ResourceNotFoundError(f"No cluster found for name: {name}.", cluster=name) from None

    def create(self, request: Mapping[str, Any], creator: Principal) -> EksCluster:
        """Make a cluster and start its Kubernetes API; raises the errors of CreateCluster."""
        self.settle()
        name = request["name"]
        if name in self.clusters:
            existing = self.clusters[name]
            if request.get("clientRequestToken") and request["clientRequestToken"] == existing.request_token:
                return existing
            raise ResourceInUseError(f"Cluster already exists with name: {name}", cluster=name)
        if moto.role_by_arn(request["roleArn"]) is None:
            raise InvalidParameterError(
                f"Role with arn: {request['roleArn']}, could not be assumed because it does not exist"
            )
        access = _access_config(request.get("accessConfig") or {})
        network, vpc_config = self._network(name, request["resourcesVpcConfig"])
        cluster = EksCluster(
            name=name,
            arn=f"arn:aws:eks:{self.region_name}:{self.account_id}:cluster/{name}",
            role_arn=request["roleArn"],
            version=request.get("version") or _VERSION,
            tags=dict(request.get("tags") or {}),
            resources_vpc_config=vpc_config,
            access_config=access,
            network_config=_network_config(request.get("kubernetesNetworkConfig") or {}),
            logging=request.get("logging") or _NO_LOGGING,
            created=clock.current().time(),
            times=self.times,
            issuer=self._issuer(name),
            creator_arn=(creator.role_arn or creator.arn)
            if access["bootstrapClusterCreatorAdminPermissions"]
            else None,
            request_token=request.get("clientRequestToken"),
        )
        if cluster.creator_arn and access["authenticationMode"] != "CONFIG_MAP":
            eks_access.bootstrap_creator(cluster, cluster.creator_arn)
        self.clusters[name] = cluster
        self._launch(cluster, network)
        return cluster

    def _network(self, name: str, config: Mapping[str, Any]) -> tuple[eks_network.ClusterNetwork, dict[str, Any]]:
        network = eks_network.network_of(config.get("subnetIds") or (), region=self.region_name)
        groups = list(config.get("securityGroupIds") or ())
        eks_network.require_security_groups(groups, vpc_id=network.vpc_id, region=self.region_name)
        suffix = int(hashlib.sha256(f"{self.account_id}{name}{next(self._numbers)}".encode()).hexdigest()[:8], 16)
        group = eks_network.create_cluster_security_group(
            name, vpc_id=network.vpc_id, region=self.region_name, suffix=suffix
        )
        return network, {
            "subnetIds": list(config["subnetIds"]),
            "securityGroupIds": groups,
            "clusterSecurityGroupId": group,
            "vpcId": network.vpc_id,
            "endpointPublicAccess": config.get("endpointPublicAccess", True),
            "endpointPrivateAccess": config.get("endpointPrivateAccess", False),
            "publicAccessCidrs": list(config.get("publicAccessCidrs") or ["0.0.0.0/0"]),
        }

    def _issuer(self, name: str) -> str:
        identifier = hashlib.sha256(f"{self.account_id}/{self.region_name}/{name}".encode()).hexdigest()[:32].upper()
        return f"https://oidc.eks.{self.region_name}.amazonaws.com/id/{identifier}"

    def _launch(self, cluster: EksCluster, network: eks_network.ClusterNetwork) -> None:
        spec = ClusterSpec(
            name=cluster.name,
            arn=cluster.arn,
            account=self.account_id,
            region=self.region_name,
            vpc_id=network.vpc_id,
            cidr_blocks=network.cidr_blocks,
            authenticate=self.authenticator(cluster),
            sign=cluster.tokens.sign,
        )

        def launch() -> None:
            try:
                cluster.running = self.launcher.launch(spec)
            except Exception as error:  # noqa: BLE001 - a thread's entry point: the cluster is FAILED
                _LOG.exception("the Kubernetes API of %s did not start", cluster.name)
                cluster.failure = f"{type(error).__name__}: {error}"
            cluster.launched.set()
            if cluster.deleted is not None and cluster.running is not None:
                cluster.running.stop()

        threading.Thread(target=launch, name=f"eks-{cluster.name}", daemon=True).start()

    def authenticator(self, cluster: EksCluster) -> Callable[[str], UserInfo | None]:
        """What the cluster's Kubernetes API asks about a bearer token."""

        def authenticate(token: str) -> UserInfo | None:
            try:
                principal = eks_tokens.token_principal(token, cluster=cluster.name)
            except eks_tokens.InvalidTokenError as error:
                _LOG.info("token for %s refused: %s", cluster.name, error)
                return None
            with self.lock:
                return eks_access.kubernetes_user(cluster, principal)

        return authenticate

    def delete(self, name: str) -> EksCluster:
        """Start the deletion: the Kubernetes API stops at once, the cluster is DELETING for a while."""
        cluster = self.cluster(name)
        if cluster.status not in ("ACTIVE", "FAILED"):
            raise ResourceInUseError(
                f"Cannot delete because cluster {name} currently has status {cluster.status}", cluster=name
            )
        cluster.deleted = clock.current().time()
        if cluster.running is not None:
            cluster.running.stop()
        return cluster

    def stop_all(self) -> None:
        """Stop every Kubernetes API."""
        with self.lock:
            for cluster in self.clusters.values():
                cluster.launched.wait(timeout=10)
                if cluster.running is not None and cluster.deleted is None:
                    cluster.running.stop()
            self.clusters.clear()

    # -- tags

    def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of a cluster, an access entry or an association; raises EksNotFoundError."""
        self.settle()
        for cluster in self.clusters.values():
            if cluster.arn == arn:
                return cluster.tags
            for entry in cluster.entries.values():
                if entry.arn == arn:
                    return entry.tags
            for association in cluster.associations.values():
                if association.arn == arn:
                    found: dict[str, str] = association.tags
                    return found
        raise EksNotFoundError(f"No resource found for ARN: {arn}")

    def tags_of_arn(self, arn: str) -> dict[str, str]:
        """The tags that policies may ask for; none of what does not exist."""
        try:
            with self.lock:
                return dict(self.tags_of(arn))
        except EksNotFoundError:
            return {}

    def iter_tagged_resources(self) -> Iterator[Any]:
        """Clusters, for the Resource Groups Tagging API."""
        with self.lock:
            self.settle()
            found = [
                moto.TaggedResource(arn=cluster.arn, tags=dict(cluster.tags), resource_type="eks:cluster")
                for cluster in self.clusters.values()
            ]
        yield from found

    def tag_resource(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags."""
        with self.lock:
            self.tags_of(arn).update(tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Remove tags."""
        with self.lock:
            tags = self.tags_of(arn)
            for key in tag_keys:
                tags.pop(key, None)


def _access_config(config: Mapping[str, Any]) -> dict[str, Any]:
    mode = config.get("authenticationMode") or "CONFIG_MAP"
    if mode not in _MODES:
        raise InvalidParameterError(f"authenticationMode must be one of {', '.join(_MODES)}")
    bootstrap = config.get("bootstrapClusterCreatorAdminPermissions")
    return {
        "authenticationMode": mode,
        "bootstrapClusterCreatorAdminPermissions": True if bootstrap is None else bool(bootstrap),
    }


def _network_config(config: Mapping[str, Any]) -> dict[str, Any]:
    if config.get("ipFamily", "ipv4") != "ipv4":
        raise InvalidParameterError("the local stack runs IPv4 clusters only")
    return {"serviceIpv4Cidr": config.get("serviceIpv4Cidr", "172.20.0.0/16"), "ipFamily": "ipv4"}
