"""AWS::DynamoDB::Table."""

from typing import Any

from trellis_local.deploy.properties import Properties, tag_list
from trellis_local.deploy.resource import Created, Resource


def create_table(resource: Resource) -> Created:
    """The table with its time to live and point-in-time recovery; Ref is its name."""
    given = resource.properties
    name = given.take("TableName", resource.name(limit=255))
    created = resource.api(
        "dynamodb",
        "create_table",
        TableName=name,
        SSESpecification=_encryption(given),
        StreamSpecification=_stream(given),
        Tags=tag_list(given.tags()),
        **given.some(
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "LocalSecondaryIndexes",
            "ProvisionedThroughput",
            "TableClass",
        ),
    )["TableDescription"]
    expiry, recovery = given.take("TimeToLiveSpecification"), given.take("PointInTimeRecoverySpecification")
    if expiry is not None:
        resource.api("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=expiry)
    if recovery is not None:
        resource.api("dynamodb", "update_continuous_backups", TableName=name, PointInTimeRecoverySpecification=recovery)
    attributes = {"Arn": created["TableArn"]}
    if "LatestStreamArn" in created:
        attributes["StreamArn"] = created["LatestStreamArn"]
    return Created(name, attributes)


def _encryption(given: Properties) -> dict[str, Any] | None:
    """CloudFormation says SSEEnabled where the API says Enabled."""
    specification = given.nested("SSESpecification")
    wanted = specification.some("SSEType", "KMSMasterKeyId")
    enabled = specification.take("SSEEnabled")
    specification.finish()
    return None if enabled is None else {"Enabled": enabled, **wanted}


def _stream(given: Properties) -> dict[str, Any] | None:
    """CloudFormation leaves out that a stream that is specified is enabled."""
    specification = given.take("StreamSpecification")
    return None if specification is None else {"StreamEnabled": True, **specification}
