"""A whole small application: functions, layers, a state machine, rules and a schedule."""

import json
from typing import Any

import pytest

from trellis_local.deploy.errors import DeployError

APPLICATION = """
    Parameters:
      Seconds: {Type: Number, Default: 7}
    Globals:
      Function:
        Runtime: python3.13
        Handler: app.handler
        Layers: [!Ref CodeLayer, !Ref PackagesLayer]
        Environment:
          Variables: {LEVEL: 3, TABLE: !Ref Orders}
    Resources:
      CodeLayer:
        Type: AWS::Serverless::LayerVersion
        Properties: {ContentUri: layers/code}
      PackagesLayer:
        Type: AWS::Serverless::LayerVersion
        Properties: {ContentUri: layers/packages}
      Orders:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
          KeySchema: [{AttributeName: pk, KeyType: HASH}]
      Take:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: functions/take
          Timeout: !Ref Seconds
          Policies:
            - AWSXrayWriteOnlyAccess
            - DynamoDBReadPolicy: {TableName: !Ref Orders}
          EventInvokeConfig: {MaximumRetryAttempts: 1}
          Events:
            Ordered:
              Type: EventBridgeRule
              Properties:
                Pattern: {source: [shop]}
                RetryPolicy: {MaximumRetryAttempts: 4}
                DeadLetterConfig: {Type: SQS}
      Ship:
        Type: AWS::Serverless::StateMachine
        Properties:
          Name: ship
          DefinitionUri: machines/ship.asl.yaml
          DefinitionSubstitutions: {TakeArn: !GetAtt Take.Arn}
          Policies:
            - LambdaInvokePolicy: {FunctionName: !Ref Take}
          Events:
            Nightly:
              Type: ScheduleV2
              Properties:
                ScheduleExpression: rate(1 day)
                Input: "{}"
            Paid:
              Type: EventBridgeRule
              Properties:
                Pattern: {source: [bank]}
    Outputs:
      ShipArn: {Value: !Ref Ship}
      Sentence: {Value: !Sub "${Take} in ${AWS::Region} of ${Ship.Name}"}
"""


@pytest.fixture(scope="module")
def application(shared: Any) -> Any:
    shared.write("layers/code/shop/__init__.py")
    shared.write("layers/packages/requirements.txt", "pydantic")
    shared.write("functions/take/app.py", "def handler(event, context): return event")
    shared.write(
        "machines/ship.asl.yaml",
        """
        StartAt: Take
        States:
          Take: {Type: Task, Resource: "${TakeArn}", End: true}
        """,
    )
    return shared.deploy(APPLICATION)


def test_outputs_are_computed(application: Any) -> None:
    take = application.physical_ids["Take"]
    assert application.outputs == {
        "ShipArn": "arn:aws:states:us-west-2:111122223333:stateMachine:ship",
        "Sentence": f"{take} in us-west-2 of ship",
    }


def test_the_functions_source_is_kept_for_the_workers(application: Any, shared: Any) -> None:
    (source,) = application.functions.values()
    assert source.code_dir == shared.directory / "functions/take"
    assert source.layer_dirs == (shared.directory / "layers/code",)
    assert dict(source.environment) == {"LEVEL": "3", "TABLE": application.physical_ids["Orders"]}
    assert (source.handler, source.timeout, source.memory) == ("app.handler", 7, 128)
    assert source.role_arn == application.arns["TakeRole"]


def test_the_function_exists_with_its_environment(application: Any, shared: Any) -> None:
    configuration = shared.client("lambda").get_function_configuration(FunctionName=application.physical_ids["Take"])
    assert configuration["Environment"]["Variables"]["LEVEL"] == "3"
    assert configuration["Timeout"] == 7
    assert len(configuration["Layers"]) == 2


def test_the_role_has_its_template_policy_and_the_managed_policies(application: Any, shared: Any) -> None:
    iam, role = shared.client("iam"), application.physical_ids["TakeRole"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    orders = application.physical_ids["Orders"]
    assert document["Statement"][0]["Resource"][0] == f"arn:aws:dynamodb:us-west-2:111122223333:table/{orders}"
    attached = {policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert attached == {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}


def test_a_managed_policy_has_the_document_of_aws(application: Any, shared: Any) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam = shared.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert "logs:PutLogEvents" in document["Statement"][0]["Action"]


def test_the_definition_is_json_with_its_substitutions(application: Any, shared: Any) -> None:
    machine = shared.client("stepfunctions").describe_state_machine(stateMachineArn=application.arns["Ship"])
    assert json.loads(machine["definition"])["States"]["Take"]["Resource"] == application.arns["Take"]
    assert machine["roleArn"] == application.arns["ShipRole"]


def test_a_rule_has_its_target_retry_policy_and_dead_letter_queue(application: Any, shared: Any) -> None:
    rule = application.physical_ids["TakeOrdered"]
    (target,) = shared.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"] == application.arns["Take"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 4}
    assert target["DeadLetterConfig"] == {"Arn": application.arns["TakeOrderedQueue"]}


def test_the_dead_letter_queues_policy_and_the_functions_permission_name_the_rule(
    application: Any, shared: Any
) -> None:
    rule = application.arns["TakeOrdered"]
    answer = shared.client("sqs").get_queue_attributes(
        QueueUrl=application.physical_ids["TakeOrderedQueue"], AttributeNames=["Policy"]
    )
    policy = shared.client("lambda").get_policy(FunctionName=application.physical_ids["Take"])["Policy"]
    assert rule in answer["Attributes"]["Policy"]
    assert rule in policy


def test_a_rule_on_a_state_machine_has_a_role_that_eventbridge_may_assume(application: Any, shared: Any) -> None:
    (target,) = shared.client("events").list_targets_by_rule(Rule=application.physical_ids["ShipPaid"])["Targets"]
    role = shared.client("iam").get_role(RoleName=target["RoleArn"].rsplit("/", 1)[1])["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": ["events.amazonaws.com"]}


def test_a_schedule_runs_under_its_own_role(application: Any, shared: Any) -> None:
    schedule = shared.client("scheduler").get_schedule(Name=application.physical_ids["ShipNightly"])
    assert schedule["Target"]["Arn"] == application.arns["Ship"]
    assert schedule["Target"]["RoleArn"] == application.arns["ShipNightlyRole"]


def test_asynchronous_retries_are_configured(application: Any, shared: Any) -> None:
    config = shared.client("lambda").get_function_event_invoke_config(FunctionName=application.physical_ids["Take"])
    assert config["MaximumRetryAttempts"] == 1


def test_a_substitution_without_a_value_is_an_error(workshop: Any) -> None:
    template = """
    Resources:
      Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}}
      Machine:
        Type: AWS::StepFunctions::StateMachine
        Properties:
          RoleArn: !GetAtt Role.Arn
          DefinitionString: '{"StartAt": "${Unknown}"}'
    """
    with pytest.raises(DeployError, match=r"Machine.DefinitionSubstitutions.*Unknown"):
        workshop.deploy(template)


def test_code_that_is_not_there_is_an_error(workshop: Any) -> None:
    template = """
    Resources:
      Take:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: nowhere, Handler: app.handler, Runtime: python3.13}
    """
    with pytest.raises(DeployError, match=r"Take.CodeUri.*nowhere"):
        workshop.deploy(template)
