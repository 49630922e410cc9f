"""Events of AWS that tell of a change, but not of who made it: about tags, and about what accounts share.

Trellis' own calls cause such events too, and no rule can tell them apart. A change of tags that leaves the owner as
Trellis writes it is therefore no news, whoever made it; and Trellis shares nothing.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trellis.errors import InvalidEventError
from trellis.foreign_calls import ids_in
from trellis.model import NETWORKS_OF_OTHERS, OWNER_TAG, cluster_owner, fleet_owner
from trellis.observability import problems

TAG_CHANGE = "Tag Change on Resource"
"""https://docs.aws.amazon.com/tag-editor/latest/userguide/tag-monitor.html"""

SHARE_CHANGE = "Resource Sharing State Change"
"""Goes to the owner of a share and to those it is for:
https://docs.aws.amazon.com/ram/latest/userguide/using-eventbridge.html"""


class _Detail(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tags: dict[str, str] = Field(default_factory=dict)


class UnsignedChange(BaseModel):
    """An event about tags or shares; of a resource's tags it has all that there are after the change."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    type: str = Field(alias="detail-type", pattern=f"^({TAG_CHANGE}|{SHARE_CHANGE})$")
    account: str = Field(pattern=r"^\d{12}$")
    resources: list[str]
    detail: _Detail

    @property
    def touched(self) -> frozenset[str]:
        """The ids of what changed; of shares, RAM documents no more than that there is one."""
        found = frozenset(touched for arn in self.resources for touched in ids_in(arn))
        return found | {NETWORKS_OF_OTHERS} if self.type == SHARE_CHANGE else found

    def leaves_intact(self, cluster: str) -> bool:
        """Whether the tags still say that the resource belongs to the cluster, or to all of the account's."""
        owner = self.detail.tags.get(OWNER_TAG)
        return owner in (cluster_owner(self.account, cluster), fleet_owner(self.account))


def is_unsigned(event: dict[str, Any]) -> bool:
    """Whether the event is of this kind, and not CloudTrail's record of a call."""
    return event.get("detail-type") in (TAG_CHANGE, SHARE_CHANGE)


def parse_unsigned_change(event: dict[str, Any]) -> UnsignedChange:
    """Parse an event; raises InvalidEventError naming each field that is wrong."""
    try:
        return UnsignedChange.model_validate(event)
    except ValidationError as error:
        raise InvalidEventError(problems(error)) from error
