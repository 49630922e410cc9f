"""What Trellis reads in the events about EKS clusters: CloudTrail's records of calls, and changes of tags.

An event says that something happened to a cluster, not what the cluster is like: the state machines describe it again.
"""

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError
from trellis.observability import problems

SERVICE_NETWORK_TAG = "trellis:service-network"
MODE_TAG = "trellis:mode"

Action = Literal["onboard", "repair", "offboard", "ignore"]
"""`repair` is an onboarding that installs everything again."""

# ARNs in URI labels can arrive percent-encoded.
_Arn = Annotated[str, BeforeValidator(lambda text: unquote(text) if isinstance(text, str) else text)]
_ACCESS_CALLS = frozenset(
    {
        "CreateAccessEntry",
        "UpdateAccessEntry",
        "DeleteAccessEntry",
        "AssociateAccessPolicy",
        "DisassociateAccessPolicy",
    }
)


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class RequestParameters(_Lenient):
    """The members that the calls carry. `clusterName` is what older records say for `name`."""

    name: str | None = None
    clusterName: str | None = None  # noqa: N815 - CloudTrail's spelling
    resourceArn: _Arn | None = None  # noqa: N815
    principalArn: _Arn = ""  # noqa: N815
    tags: dict[str, str] = Field(default_factory=dict)
    tagKeys: list[str] = Field(default_factory=list)  # noqa: N815


class CloudTrailRecord(_Lenient):
    """The `detail` of an event of type "AWS API Call via CloudTrail"."""

    eventSource: Literal["eks.amazonaws.com"]  # noqa: N815
    eventName: Literal[  # noqa: N815
        "CreateCluster",
        "TagResource",
        "UntagResource",
        "DeleteCluster",
        "UpdateClusterConfig",
        "CreateAccessEntry",
        "UpdateAccessEntry",
        "DeleteAccessEntry",
        "AssociateAccessPolicy",
        "DisassociateAccessPolicy",
    ]
    requestParameters: RequestParameters  # noqa: N815


class ClusterCall(_Lenient):
    """An EventBridge event about a call that changed an EKS cluster."""

    id: str
    detail: CloudTrailRecord

    @property
    def cluster(self) -> str | None:
        """The cluster's name; None where the call was about another EKS resource, such as a node group."""
        parameters = self.detail.requestParameters
        if parameters.resourceArn is None:
            return parameters.name or parameters.clusterName
        return cluster_of(parameters.resourceArn)

    @property
    def action(self) -> Action:
        """What the call means for Trellis: clusters take part by their tag."""
        parameters, name = self.detail.requestParameters, self.detail.eventName
        if name in _ACCESS_CALLS:
            return "repair"
        if name == "UpdateClusterConfig":
            return "onboard"
        if name == "DeleteCluster":
            return "offboard"
        if name == "UntagResource":
            return "offboard" if SERVICE_NETWORK_TAG in parameters.tagKeys else "ignore"
        return "onboard" if SERVICE_NETWORK_TAG in parameters.tags or MODE_TAG in parameters.tags else "ignore"

    @property
    def principal(self) -> str | None:
        """The role or user whose access entry the call changed; None for other calls."""
        return self.detail.requestParameters.principalArn if self.detail.eventName in _ACCESS_CALLS else None

    @property
    def is_for_members(self) -> bool:
        """Whether the call only matters for a cluster that takes part already."""
        return self.principal is not None or self.detail.eventName == "UpdateClusterConfig"


class _TagDetail(_Lenient):
    tags: dict[str, str] = Field(default_factory=dict)


class ClusterTagChange(_Lenient):
    """An event of type "Tag Change on Resource" about an EKS cluster, with all tags that it has now."""

    id: str
    resources: list[str] = Field(min_length=1, max_length=1)
    detail: _TagDetail

    @property
    def cluster(self) -> str | None:
        """The cluster's name; None where it is another resource."""
        return cluster_of(self.resources[0])

    @property
    def network(self) -> str | None:
        """The service network that the cluster is to join, or None."""
        return self.detail.tags.get(SERVICE_NETWORK_TAG)

    @property
    def mode(self) -> str | None:
        """The mode that the cluster asks for, or None."""
        return self.detail.tags.get(MODE_TAG)


def cluster_of(arn: str) -> str | None:
    """The name of the cluster with this ARN; None where it is another resource's."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    return name if kind == "cluster" else None


def parse_cluster_call(event: dict[str, Any]) -> ClusterCall:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        call = ClusterCall.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(problems(error)) from error
    if call.cluster is None and call.detail.requestParameters.resourceArn is None:
        raise InvalidEventError("detail.requestParameters: names no cluster")
    return call


def parse_cluster_tag_change(event: dict[str, Any]) -> ClusterTagChange:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        return ClusterTagChange.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(problems(error)) from error
