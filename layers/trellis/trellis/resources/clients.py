"""The AWS clients of one function, made when first used: each costs tens of milliseconds of a cold start."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

# botocore retries throttling and server errors itself, with jitter; the state machines retry what is left over.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)

# A hook has a minute to answer, and is not asked again behind the state machine's back.
_HOOK_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=60)


class Pace(Protocol):
    """Says when calls of an API may be made; both are handlers of botocore's events."""

    def before_call(self, **_: Any) -> None:
        """Wait for the call's turn."""

    def after_call(self, **_: Any) -> None:
        """Look at the answer."""


class Clients:
    """boto3 clients for the region of the function, each for so many calls at the same time.

    `pace` gives what the calls of an API are paced by: of those that plans and changes are made of, and which have
    limits that one cluster of many could use up.
    """

    def __init__(self, *, connections: int = 10, pace: Callable[[str], Pace] | None = None) -> None:
        self._config = _CONFIG.merge(Config(max_pool_connections=connections))
        self._pace = pace

    def _paced(self, client: Any, api: str) -> Any:
        """The client, whose calls and repeated calls wait for their turn from now on."""
        if self._pace:
            pace, service = self._pace(api), client.meta.service_model.service_id.hyphenize()
            # Before the request is signed, since a signature is good for some minutes only.
            client.meta.events.register_first(f"request-created.{service}", pace.before_call)
            client.meta.events.register(f"response-received.{service}", pace.after_call)
        return client

    @cached_property
    def lattice(self) -> "VPCLatticeClient":
        """Amazon VPC Lattice."""
        return cast("VPCLatticeClient", self._paced(boto3.client("vpc-lattice", config=self._config), "vpc-lattice"))

    @cached_property
    def ec2(self) -> "EC2Client":
        """Amazon EC2."""
        return cast("EC2Client", self._paced(boto3.client("ec2", config=self._config), "ec2"))

    @cached_property
    def route53(self) -> "Route53Client":
        """Amazon Route 53."""
        return cast("Route53Client", self._paced(boto3.client("route53", config=self._config), "route53"))

    @cached_property
    def tagging(self) -> "ResourceGroupsTaggingAPIClient":
        """Resource Groups Tagging API."""
        client = boto3.client("resourcegroupstaggingapi", config=self._config)
        return cast("ResourceGroupsTaggingAPIClient", self._paced(client, "tagging"))

    @cached_property
    def acm(self) -> "ACMClient":
        """AWS Certificate Manager."""
        return boto3.client("acm", config=self._config)

    @cached_property
    def eks(self) -> "EKSClient":
        """Amazon EKS."""
        return boto3.client("eks", config=self._config)

    @cached_property
    def iam(self) -> "IAMClient":
        """AWS IAM."""
        return boto3.client("iam", config=_CONFIG)

    @cached_property
    def functions(self) -> "LambdaClient":
        """AWS Lambda, for functions that are waited for."""
        return boto3.client("lambda", config=_HOOK_CONFIG)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Amazon DynamoDB."""
        return boto3.client("dynamodb", config=self._config)

    @cached_property
    def s3(self) -> "S3Client":
        """Amazon S3."""
        return boto3.client("s3", config=self._config)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Amazon EventBridge."""
        return boto3.client("events", config=self._config)

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        return boto3.client("sns", config=self._config)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Amazon CloudWatch."""
        return boto3.client("cloudwatch", config=self._config)

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        """AWS Step Functions."""
        return boto3.client("stepfunctions", config=self._config)
