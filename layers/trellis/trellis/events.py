"""What Trellis reads in the events that start it: CloudTrail's record of a call to Amazon EKS.

An event says that something happened to a cluster, not what the cluster is like: the state machines describe it again.
"""

from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError

SERVICE_NETWORK_TAG = "trellis:service-network"
MODE_TAG = "trellis:mode"

Action = Literal["onboard", "offboard", "ignore"]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class RequestParameters(_Lenient):
    """The members that the four calls carry. `clusterName` is what older records say for `name`."""

    name: str | None = None
    clusterName: str | None = None  # noqa: N815 - CloudTrail's spelling
    resourceArn: str | None = None  # noqa: N815
    tags: dict[str, str] = Field(default_factory=dict)
    tagKeys: list[str] = Field(default_factory=list)  # noqa: N815


class CloudTrailRecord(_Lenient):
    """The `detail` of an event of type "AWS API Call via CloudTrail"."""

    eventSource: Literal["eks.amazonaws.com"]  # noqa: N815
    eventName: Literal["CreateCluster", "TagResource", "UntagResource", "DeleteCluster"]  # noqa: N815
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
        # ARNs in URI labels can arrive percent-encoded.
        kind, _, name = unquote(parameters.resourceArn).split(":", 5)[-1].partition("/")
        return name if kind == "cluster" else None

    @property
    def action(self) -> Action:
        """What the call means for Trellis: clusters take part by their tag."""
        parameters, name = self.detail.requestParameters, self.detail.eventName
        if name == "DeleteCluster":
            return "offboard"
        if name == "UntagResource":
            return "offboard" if SERVICE_NETWORK_TAG in parameters.tagKeys else "ignore"
        return "onboard" if SERVICE_NETWORK_TAG in parameters.tags or MODE_TAG in parameters.tags else "ignore"


def parse_cluster_call(event: dict[str, Any]) -> ClusterCall:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        call = ClusterCall.model_validate(event)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise InvalidEventError(places) from error
    if call.cluster is None and call.detail.requestParameters.resourceArn is None:
        raise InvalidEventError("detail.requestParameters: names no cluster")
    return call
