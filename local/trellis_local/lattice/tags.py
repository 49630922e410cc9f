"""The operations on tags; tags of the system (`aws:`) are refused, as for every caller."""

from collections.abc import Iterable, Mapping
from typing import Any

from .backend import LatticeBackend
from .errors import ValidationException, invalid_field

Document = dict[str, Any]
Request = Mapping[str, Any]
_MOST_TAGS = 50


def tag_resource(backend: LatticeBackend, request: Request) -> Document:
    """Add tags, or give tags new values."""
    resource = backend.resource_by_arn(request["resourceArn"])
    require_user_tags(request, already=resource.tags)
    backend.tag_resource(resource.arn, request["tags"])
    return {}


def untag_resource(backend: LatticeBackend, request: Request) -> Document:
    """Remove tags; keys that the resource does not have are not an error."""
    backend.untag_resource(request["resourceArn"], request["tagKeys"])
    return {}


def list_tags_for_resource(backend: LatticeBackend, request: Request) -> Document:
    """The tags of a resource."""
    return {"tags": dict(backend.resource_by_arn(request["resourceArn"]).tags)}


def require_user_tags(request: Request, *, already: Iterable[str] = ()) -> None:
    """Raise ValidationException when the request sets a tag that only AWS may set, or too many of them."""
    tags = request.get("tags", {})
    if len({*already, *tags}) > _MOST_TAGS:
        raise ValidationException(f"A resource can have at most {_MOST_TAGS} tags.")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise invalid_field(f"tags.{key}", "must not start with aws:")
