"""AWS::SSM::Parameter."""

from trellis_local.deploy.properties import tag_list
from trellis_local.deploy.resource import Created, Resource


def create_parameter(resource: Resource) -> Created:
    """The parameter; Ref is its name. Its Tags are a mapping, unlike those of other types."""
    given = resource.properties
    name, kind, value = given.take("Name", resource.name()), given.require("Type"), given.require("Value")
    resource.api(
        "ssm",
        "put_parameter",
        Name=name,
        Type=kind,
        Value=value,
        Tags=tag_list(given.take("Tags", {})) or None,
        **given.some("AllowedPattern", "DataType", "Description", "Policies", "Tier"),
    )
    return Created(name, {"Type": kind, "Value": value})
