"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from typing import Any

from trellis_local.deploy.policy_documents import policy_text
from trellis_local.deploy.properties import Properties, tag_list
from trellis_local.deploy.resource import Created, Resource


def create_bucket(resource: Resource) -> Created:
    """The bucket with its configuration; Ref is its name."""
    given = resource.properties
    name = given.take("BucketName", resource.name(limit=63).lower())
    location = {"LocationConstraint": resource.region}
    resource.api("s3", "create_bucket", Bucket=name, CreateBucketConfiguration=location)
    _configure(resource, name)
    return Created(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{resource.region}.amazonaws.com",
        },
    )


def _configure(resource: Resource, name: str) -> None:
    given, api = resource.properties, resource.api
    encryption, lifecycle = given.nested("BucketEncryption"), given.nested("LifecycleConfiguration")
    encrypted = encryption.take("ServerSideEncryptionConfiguration", [])
    rules = [
        _lifecycle_rule(Properties(f"{lifecycle.where}.Rules[{index}]", rule))
        for index, rule in enumerate(lifecycle.take("Rules", []))
    ]
    encryption.finish()
    lifecycle.finish()
    if encrypted:
        configuration = {"Rules": [_encryption_rule(encryption.where, rule) for rule in encrypted]}
        api("s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration=configuration)
    if rules:
        api("s3", "put_bucket_lifecycle_configuration", Bucket=name, LifecycleConfiguration={"Rules": rules})
    for method, member in (
        ("put_public_access_block", "PublicAccessBlockConfiguration"),
        ("put_bucket_versioning", "VersioningConfiguration"),
        ("put_bucket_ownership_controls", "OwnershipControls"),
    ):
        wanted = given.take(member)
        if wanted is not None:
            api("s3", method, Bucket=name, **{member: wanted})
    tags = given.tags()
    if tags:
        api("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": tag_list(tags)})


def _encryption_rule(where: str, rule: dict[str, Any]) -> dict[str, Any]:
    given = Properties(f"{where}.ServerSideEncryptionConfiguration", rule)
    wanted = {"ApplyServerSideEncryptionByDefault": given.require("ServerSideEncryptionByDefault")}
    wanted.update(given.some("BucketKeyEnabled"))
    given.finish()
    return wanted


def _lifecycle_rule(given: Properties) -> dict[str, Any]:
    """CloudFormation flattens what the API nests."""
    rule: dict[str, Any] = {"Status": given.require("Status"), "Filter": {"Prefix": given.take("Prefix", "")}}
    rule.update(given.some("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"))
    identifier, days = given.take("Id"), given.take("ExpirationInDays")
    if identifier is not None:
        rule["ID"] = identifier
    if days is not None:
        rule["Expiration"] = {"Days": days}
    given.finish()
    return rule


def create_bucket_policy(resource: Resource) -> Created:
    """The bucket's policy."""
    given = resource.properties
    bucket = given.require("Bucket")
    policy = policy_text(given.require("PolicyDocument"))
    resource.api("s3", "put_bucket_policy", Bucket=bucket, Policy=policy)
    return Created(bucket)
