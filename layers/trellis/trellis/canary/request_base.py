"""What the parts of a canary's input are made of: strict types with bounds. Times are whole seconds throughout."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic.alias_generators import to_camel

_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_DNS_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"

DAY = 86_400

Flag = StrictBool
SchemaVersion = Literal["1"]
ClusterName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$")]
Namespace = Annotated[str, StringConstraints(pattern=_DNS_LABEL, max_length=63)]
ObjectName = Annotated[str, StringConstraints(pattern=_DNS_NAME, max_length=253)]
Text = Annotated[str, StringConstraints(max_length=256)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
AlarmName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
TopicArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$", max_length=400)
]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e12, le=1e12)]
Percent = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100)]
Ratio = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=1000)]
Milliseconds = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=3_600_000)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=DAY)]
Requests = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]


class Part(BaseModel):
    """Members are written in camel case, as everywhere in the input of state machines."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


def whole(default: int, at_least: int, at_most: int) -> Any:
    """A whole number within bounds."""
    return Field(default=default, strict=True, ge=at_least, le=at_most)
