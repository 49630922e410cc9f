"""How a cluster joins and leaves: its registration, and what Trellis needs in it."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from trellis.clusters import bootstrap
from trellis.clusters.api import KubernetesApi
from trellis.errors import ClusterNotTaggedError, InvalidInputError
from trellis.events import MODE_TAG, SERVICE_NETWORK_TAG
from trellis.model import Cluster, ClusterState, Mode
from trellis.runs.joining import begin
from trellis.runs.request import ClusterName
from trellis.runs.signing_proxies import clear_signing_proxies
from trellis.runs.status import clear_status
from trellis.runs.toolbox import Toolbox

if TYPE_CHECKING:
    from mypy_boto3_eks.type_defs import ClusterTypeDef

# VPC Lattice: 3 to 63 lower-case letters, digits and single hyphens inside.
_NetworkName = Annotated[str, StringConstraints(min_length=3, max_length=63, pattern=r"^(?:[a-z0-9]+-)*[a-z0-9]+$")]


class Registration(BaseModel):
    """The input of the function that keeps the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["register", "prepared", "leave", "forget"]
    cluster: ClusterName
    repair: bool = False
    version: str = ""


class Preparation(BaseModel):
    """The input of the function that installs what Trellis needs in a cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["install", "remove"]
    cluster: ClusterName


class _Tags(BaseModel):
    network: _NetworkName
    mode: Mode | None = None


_TAG_OF: dict[str | int, str] = {"network": SERVICE_NETWORK_TAG, "mode": MODE_TAG}


def keep_registration(tools: Toolbox, request: Registration) -> dict[str, Any]:
    """Change the registry as the request says; running it again changes nothing more."""
    match request.action:
        case "register":
            return _register(tools, request)
        case "prepared":
            tools.registry.set_prepared(request.cluster, request.version)
        case "forget":
            tools.registry.forget(request.cluster)
        case "leave":
            return {"cluster": request.cluster, "registered": _leave(tools, request.cluster)}
    return {"cluster": request.cluster}


def prepare(tools: Toolbox, request: Preparation) -> dict[str, Any]:
    """Install or remove CRDs, RBAC rules and the GatewayClass."""
    eks = tools.clients.eks
    api = KubernetesApi.of_cluster(eks, request.cluster, eks.meta.region_name)
    if request.action == "install":
        bootstrap.install(api)
    else:
        try:
            clear_status(api)
            clear_signing_proxies(api)
        finally:
            bootstrap.remove(api)
    return {"cluster": request.cluster, "version": bootstrap.version()}


def _register(tools: Toolbox, request: Registration) -> dict[str, Any]:
    # Before anything is read: what happens from now on needs another onboarding.
    repair = "repair" in begin(tools, "onboard", request.cluster) or request.repair
    found = tools.clients.eks.describe_cluster(name=request.cluster)["cluster"]
    cluster = _cluster(found, Mode(tools.settings.default_mode))
    changed = tools.registry.put(cluster)
    prepared = tools.registry.prepared(cluster.name) == bootstrap.version() and not repair
    return {"cluster": cluster.name, "changed": changed, "prepared": prepared}


def _cluster(found: "ClusterTypeDef", default_mode: Mode) -> Cluster:
    name, tags = found["name"], found.get("tags", {})
    if SERVICE_NETWORK_TAG not in tags:
        raise ClusterNotTaggedError(f"cluster {name} has no tag {SERVICE_NETWORK_TAG}")
    try:
        checked = _Tags.model_validate({"network": tags[SERVICE_NETWORK_TAG], "mode": tags.get(MODE_TAG)})
    except ValidationError as error:
        places = "; ".join(f"tag {_TAG_OF[problem['loc'][0]]}: {problem['msg']}" for problem in error.errors())
        raise InvalidInputError(f"cluster {name}: {places}") from error
    _, _, _, region, account, _ = found["arn"].split(":", 5)
    network = found["resourcesVpcConfig"]
    return Cluster(
        name=name,
        account=account,
        region=region,
        vpc_id=network["vpcId"],
        security_group_id=network["clusterSecurityGroupId"],
        service_network=checked.network,
        mode=checked.mode or default_mode,
        state=ClusterState.ACTIVE,
    )


def _leave(tools: Toolbox, name: str) -> bool:
    begin(tools, "offboard", name)
    cluster = tools.registry.find(name)
    if cluster is None:
        return False
    fields = {**vars(cluster), "state": ClusterState.LEAVING}
    tools.registry.put(Cluster(**fields))
    return True
