"""The AWS clients of one function, made when first used: each costs tens of milliseconds of a cold start."""

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

# botocore retries throttling and server errors itself, with jitter; the state machines retry what is left over.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)


class Clients:
    """boto3 clients for the region of the function."""

    @cached_property
    def lattice(self) -> "VPCLatticeClient":
        """Amazon VPC Lattice."""
        return boto3.client("vpc-lattice", config=_CONFIG)

    @cached_property
    def ec2(self) -> "EC2Client":
        """Amazon EC2."""
        return boto3.client("ec2", config=_CONFIG)

    @cached_property
    def route53(self) -> "Route53Client":
        """Amazon Route 53."""
        return boto3.client("route53", config=_CONFIG)

    @cached_property
    def tagging(self) -> "ResourceGroupsTaggingAPIClient":
        """Resource Groups Tagging API."""
        return boto3.client("resourcegroupstaggingapi", config=_CONFIG)

    @cached_property
    def eks(self) -> "EKSClient":
        """Amazon EKS."""
        return boto3.client("eks", config=_CONFIG)

    @cached_property
    def iam(self) -> "IAMClient":
        """AWS IAM."""
        return boto3.client("iam", config=_CONFIG)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Amazon DynamoDB."""
        return boto3.client("dynamodb", config=_CONFIG)

    @cached_property
    def s3(self) -> "S3Client":
        """Amazon S3."""
        return boto3.client("s3", config=_CONFIG)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Amazon EventBridge."""
        return boto3.client("events", config=_CONFIG)

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        return boto3.client("sns", config=_CONFIG)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Amazon CloudWatch."""
        return boto3.client("cloudwatch", config=_CONFIG)

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        """AWS Step Functions."""
        return boto3.client("stepfunctions", config=_CONFIG)
