"""One handler for each CloudFormation type that the local stack deploys; any other type is an error."""

from collections.abc import Callable, Mapping

from trellis_local.deploy.handlers import (
    cloudwatch,
    dynamodb,
    eventbridge,
    iam,
    lambda_functions,
    logs,
    s3,
    sns,
    sqs,
    ssm,
    stepfunctions,
)
from trellis_local.deploy.resource import Created, Resource

HANDLERS: Mapping[str, Callable[[Resource], Created]] = {
    "AWS::CloudWatch::Alarm": cloudwatch.create_alarm,
    "AWS::DynamoDB::Table": dynamodb.create_table,
    "AWS::Events::Rule": eventbridge.create_rule,
    "AWS::IAM::ManagedPolicy": iam.create_managed_policy,
    "AWS::IAM::Role": iam.create_role,
    "AWS::Lambda::EventInvokeConfig": lambda_functions.create_event_invoke_config,
    "AWS::Lambda::Function": lambda_functions.create_function,
    "AWS::Lambda::LayerVersion": lambda_functions.create_layer_version,
    "AWS::Lambda::Permission": lambda_functions.create_permission,
    "AWS::Logs::LogGroup": logs.create_log_group,
    "AWS::S3::Bucket": s3.create_bucket,
    "AWS::S3::BucketPolicy": s3.create_bucket_policy,
    "AWS::SNS::Topic": sns.create_topic,
    "AWS::SNS::TopicPolicy": sns.create_topic_policy,
    "AWS::SQS::Queue": sqs.create_queue,
    "AWS::SQS::QueuePolicy": sqs.create_queue_policy,
    "AWS::SSM::Parameter": ssm.create_parameter,
    "AWS::Scheduler::Schedule": eventbridge.create_schedule,
    "AWS::StepFunctions::StateMachine": stepfunctions.create_state_machine,
}

REFUSED: Mapping[str, str] = {
    "AWS::Lambda::EventSourceMapping": "the local stack polls no event sources",
}
