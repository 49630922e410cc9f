"""AWS::Logs::LogGroup."""

from trellis_local.deploy.resource import Created, Resource


def create_log_group(resource: Resource) -> Created:
    """The log group with its retention; Ref is its name."""
    given = resource.properties
    name = given.take("LogGroupName", resource.name(limit=512))
    resource.api(
        "logs",
        "create_log_group",
        logGroupName=name,
        tags=given.tags() or None,
        kmsKeyId=given.take("KmsKeyId"),
        logGroupClass=given.take("LogGroupClass"),
    )
    retention = given.take("RetentionInDays")
    if retention is not None:
        resource.api("logs", "put_retention_policy", logGroupName=name, retentionInDays=retention)
    return Created(name, {"Arn": f"arn:aws:logs:{resource.region}:{resource.account}:log-group:{name}:*"})
