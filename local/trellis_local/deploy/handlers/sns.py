"""AWS::SNS::Topic and AWS::SNS::TopicPolicy."""

from trellis_local.deploy.policy_documents import policy_text
from trellis_local.deploy.properties import Properties, tag_list
from trellis_local.deploy.resource import Created, Resource


def create_topic(resource: Resource) -> Created:
    """The topic and its subscriptions; Ref is its ARN."""
    given = resource.properties
    name = given.take("TopicName", resource.name(limit=256))
    arn = resource.api(
        "sns",
        "create_topic",
        Name=name,
        Attributes=given.some("DisplayName", "KmsMasterKeyId"),
        Tags=tag_list(given.tags()),
    )["TopicArn"]
    for index, subscription in enumerate(given.take("Subscription", [])):
        wanted = Properties(f"{given.where}.Subscription[{index}]", subscription)
        resource.api(
            "sns",
            "subscribe",
            TopicArn=arn,
            Protocol=wanted.require("Protocol"),
            Endpoint=wanted.require("Endpoint"),
        )
        wanted.finish()
    return Created(arn, {"TopicArn": arn, "TopicName": name})


def create_topic_policy(resource: Resource) -> Created:
    """The same policy on every topic that it names."""
    given = resource.properties
    policy = policy_text(given.require("PolicyDocument"))
    for arn in given.require("Topics"):
        resource.api("sns", "set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(resource.name())
