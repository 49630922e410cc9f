"""One resource type at a time, read back through the API."""

import json
from typing import Any

import pytest

from trellis_local.deploy.errors import DeployError


def only(properties: str, kind: str) -> str:
    return f"Resources: {{It: {{Type: '{kind}', Properties: {properties}}}}}"


def test_a_queue_has_its_attributes_and_gives_url_arn_and_name(workshop: Any) -> None:
    deployed = workshop.deploy(
        only("{QueueName: q, MessageRetentionPeriod: 1209600, SqsManagedSseEnabled: true}", "AWS::SQS::Queue")
        + "\nOutputs: {Name: {Value: !GetAtt It.QueueName}}"
    )
    url = deployed.physical_ids["It"]
    attributes = workshop.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert deployed.arns["It"] == "arn:aws:sqs:us-west-2:111122223333:q"
    assert deployed.outputs == {"Name": "q"}


def test_a_table_has_expiry_recovery_and_encryption(workshop: Any) -> None:
    deployed = workshop.deploy(
        only(
            "{BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: pk, AttributeType: S}],"
            " KeySchema: [{AttributeName: pk, KeyType: HASH}],"
            " TimeToLiveSpecification: {AttributeName: expires, Enabled: true},"
            " PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true},"
            " StreamSpecification: {StreamViewType: NEW_IMAGE}, SSESpecification: {SSEEnabled: true}}",
            "AWS::DynamoDB::Table",
        )
    )
    dynamodb, name = workshop.client("dynamodb"), deployed.physical_ids["It"]
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["StreamSpecification"]["StreamEnabled"] is True


def test_a_bucket_has_encryption_lifecycle_versioning_and_no_public_access(workshop: Any) -> None:
    deployed = workshop.deploy(
        only(
            "{BucketEncryption: {ServerSideEncryptionConfiguration:"
            " [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]},"
            " LifecycleConfiguration: {Rules: [{Id: old, Status: Enabled, ExpirationInDays: 90}]},"
            " VersioningConfiguration: {Status: Enabled},"
            " PublicAccessBlockConfiguration: {BlockPublicAcls: true}, Tags: [{Key: k, Value: v}]}",
            "AWS::S3::Bucket",
        )
    )
    s3, name = workshop.client("s3"), deployed.physical_ids["It"]
    assert name == name.lower()
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"] == 90
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True


def test_a_bucket_policy_is_put(workshop: Any) -> None:
    statement = "{Effect: Deny, Principal: '*', Action: 's3:*', Resource: !GetAtt Box.Arn}"
    deployed = workshop.deploy(
        "Resources:\n"
        "  Box: {Type: AWS::S3::Bucket}\n"
        "  Rule:\n"
        "    Type: AWS::S3::BucketPolicy\n"
        f"    Properties: {{Bucket: !Ref Box, PolicyDocument: {{Statement: [{statement}]}}}}\n"
    )
    policy = workshop.client("s3").get_bucket_policy(Bucket=deployed.physical_ids["Box"])["Policy"]
    assert json.loads(policy)["Statement"][0]["Resource"] == deployed.arns["Box"]


def test_a_topic_has_subscriptions_and_a_policy(workshop: Any) -> None:
    deployed = workshop.deploy(
        """
        Resources:
          Queue: {Type: AWS::SQS::Queue}
          News:
            Type: AWS::SNS::Topic
            Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Queue.Arn}]}
          Policy:
            Type: AWS::SNS::TopicPolicy
            Properties: {Topics: [!Ref News], PolicyDocument: {Id: ours, Statement: []}}
        """
    )
    sns, topic = workshop.client("sns"), deployed.physical_ids["News"]
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == deployed.arns["Queue"]
    assert json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Id"] == "ours"


def test_a_log_group_has_its_retention(workshop: Any) -> None:
    deployed = workshop.deploy(only("{LogGroupName: /x, RetentionInDays: 30}", "AWS::Logs::LogGroup"))
    (group,) = workshop.client("logs").describe_log_groups(logGroupNamePrefix="/x")["logGroups"]
    assert group["retentionInDays"] == 30
    assert deployed.arns["It"].endswith("log-group:/x:*")


def test_an_alarm_is_put(workshop: Any) -> None:
    properties = (
        "{Namespace: N, MetricName: M, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: '0',"
        " ComparisonOperator: GreaterThanThreshold}"
    )
    deployed = workshop.deploy(only(properties, "AWS::CloudWatch::Alarm"))
    (alarm,) = workshop.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmName"] == deployed.physical_ids["It"]
    assert alarm["Threshold"] == 0


def test_a_parameter_is_put_with_its_tags(workshop: Any) -> None:
    workshop.deploy(only("{Name: /p, Type: String, Value: 5, Tags: {a: b}}", "AWS::SSM::Parameter"))
    ssm = workshop.client("ssm")
    assert ssm.get_parameter(Name="/p")["Parameter"]["Value"] == "5"
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/p")["TagList"] == [
        {"Key": "a", "Value": "b"}
    ]


def test_a_managed_policy_is_attached_to_its_roles(workshop: Any) -> None:
    deployed = workshop.deploy(
        """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties: {Path: /x/, AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
          Policy:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              Roles: [!Ref Role]
              PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
        """
    )
    attached = workshop.client("iam").list_attached_role_policies(RoleName=deployed.physical_ids["Role"])
    assert [policy["PolicyArn"] for policy in attached["AttachedPolicies"]] == [deployed.physical_ids["Policy"]]
    assert ":role/x/" in deployed.arns["Role"]


@pytest.mark.parametrize(
    ("properties", "kind", "where"),
    [
        ("{QueueName: q, Colour: red}", "AWS::SQS::Queue", "It.Colour"),
        ("{SSESpecification: {SSEEnabled: true, Colour: red}}", "AWS::DynamoDB::Table", "It.SSESpecification.Colour"),
        ("{LifecycleConfiguration: {Rules: [{Status: Enabled, Transitions: []}]}}", "AWS::S3::Bucket", "It.Life"),
        ("{WebsiteConfiguration: {}}", "AWS::S3::Bucket", "It.WebsiteConfiguration"),
        ("{Threshold: high}", "AWS::CloudWatch::Alarm", "It"),
        ("{ManagedPolicyArns: [arn:aws:iam::aws:policy/None], AssumeRolePolicyDocument: {}}", "AWS::IAM::Role", "It"),
        ("{Type: String}", "AWS::SSM::Parameter", "It.Value"),
    ],
)
def test_a_property_that_would_be_lost_or_is_missing_is_an_error(
    workshop: Any, properties: str, kind: str, where: str
) -> None:
    with pytest.raises(DeployError) as failure:
        workshop.deploy(only(properties, kind))
    assert failure.value.where.startswith(where)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("AWS::EC2::VPC", "has no AWS::EC2::VPC"), ("AWS::Lambda::EventSourceMapping", "polls no event sources")],
)
def test_an_unsupported_type_is_an_error_before_anything_is_created(workshop: Any, kind: str, reason: str) -> None:
    template = f"Resources: {{First: {{Type: AWS::SQS::Queue}}, It: {{Type: '{kind}', Properties: {{}}}}}}"
    with pytest.raises(DeployError, match=reason):
        workshop.deploy(template)
    assert "QueueUrls" not in workshop.client("sqs").list_queues()
