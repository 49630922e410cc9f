"""Parameters, conditions and intrinsic functions, seen through outputs and SSM parameters."""

from typing import Any

import pytest

from trellis_local.deploy.errors import DeployError

HEAD = """
Parameters:
  Name: {Type: String, Default: tea}
  Count: {Type: Number, Default: 3, MinValue: 1}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Mappings:
  Sizes: {dev: {memory: 128}, prod: {memory: 1024}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: !Or [!Condition IsProd, !Condition IsDev]
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  Extra: {Type: AWS::SQS::Queue, Condition: IsProd, Properties: {QueueName: extra}}
"""


def value_of(workshop: Any, expression: str, **parameters: Any) -> Any:
    template = f"{HEAD}Outputs: {{It: {{Value: {expression}}}}}\n"
    return workshop.deploy(template, **parameters).outputs["It"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Name", "tea"),
        ("!Ref Count", 3),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::AccountId", "111122223333"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-west-2:111122223333:q"),
        ("{'Fn::GetAtt': [Queue, QueueName]}", "q"),
        ('!Sub "${Name}-${Count}-${Queue.QueueName}-${!kept}-${AWS::Region}"', "tea-3-q-${kept}-us-west-2"),
        ('!Sub ["${x}/${Name}", {x: !Ref Count}]', "3/tea"),
        ("!Join ['-', [x, !Ref Count, !Ref Name]]", "x-3-tea"),
        ("!If [IsProd, !GetAtt Extra.Arn, none]", "none"),
        ("!If [Either, [1, !Ref AWS::NoValue], 2]", [1]),
        ("!If [Both, 1, 2]", 2),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select [0, !Split ['/', x/y]]", "x"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 128),
    ],
)
def test_an_intrinsic_gives_what_cloudformation_gives(workshop: Any, expression: str, value: Any) -> None:
    assert value_of(workshop, expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("!ImportValue other", "Fn::ImportValue is not supported"),
        ("!Base64 x", "Fn::Base64 is not supported"),
        ("!Ref Nobody", "no parameter or resource Nobody"),
        ("!GetAtt Queue.Colour", "Queue has no attribute Colour"),
        ("!GetAtt Extra.Arn", "condition of Extra is false"),
        ("!If [Unknown, 1, 2]", "no condition Unknown"),
        ("!Select [5, !Ref Zones]", "no item 5"),
        ("!FindInMap [Sizes, stage, memory]", "finds no Sizes.stage.memory"),
    ],
)
def test_an_unknown_reference_or_function_is_an_error_that_names_the_place(
    workshop: Any, expression: str, reason: str
) -> None:
    with pytest.raises(DeployError, match=reason) as failure:
        value_of(workshop, expression)
    assert failure.value.where == "Outputs.It"


def test_a_parameter_override_is_used_and_typed(workshop: Any) -> None:
    assert value_of(workshop, "!Ref Count", Count="5") == 5


def test_a_condition_decides_on_resources(workshop: Any) -> None:
    assert "extra" in value_of(workshop, "!GetAtt Extra.Arn", Stage="prod")


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"Stage": "test"}, "not one of"), ({"Count": "many"}, "not a number"), ({"Count": 0}, "not between")],
)
def test_a_value_that_a_parameter_does_not_allow_is_an_error(
    workshop: Any, parameters: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeployError, match=reason):
        value_of(workshop, "!Ref Name", **parameters)


def test_an_unknown_override_is_an_error(workshop: Any) -> None:
    with pytest.raises(DeployError, match="no parameter Colour"):
        value_of(workshop, "!Ref Name", Colour="red")


def test_a_parameter_that_reads_ssm_is_refused(workshop: Any) -> None:
    template = """
    Parameters: {P: {Type: "AWS::SSM::Parameter::Value<String>", Default: /x}}
    Resources: {Queue: {Type: AWS::SQS::Queue}}
    """
    with pytest.raises(DeployError, match=r"Parameters.P.*not supported"):
        workshop.deploy(template)


def test_a_pattern_holds_for_each_value_of_a_list(workshop: Any) -> None:
    template = """
    Parameters: {Names: {Type: CommaDelimitedList, Default: "", AllowedPattern: "[a-z]+"}}
    Resources: {Queue: {Type: AWS::SQS::Queue}}
    """
    workshop.deploy(template, Names="tea, milk")
    with pytest.raises(DeployError, match="'Milk' does not match"):
        workshop.deploy(template, Names="tea,Milk")


def test_a_circular_reference_is_an_error(workshop: Any) -> None:
    template = """
    Resources:
      A: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref B}}
      B: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref A}}
    """
    with pytest.raises(DeployError, match="A -> B -> A"):
        workshop.deploy(template)


def test_depends_on_comes_first(workshop: Any) -> None:
    template = """
    Resources:
      A: {Type: AWS::SQS::Queue, DependsOn: B}
      B: {Type: AWS::SQS::Queue}
    """
    assert list(workshop.deploy(template).physical_ids) == ["B", "A"]


def test_a_key_that_appears_twice_is_an_error(workshop: Any) -> None:
    with pytest.raises(DeployError, match="A appears twice"):
        workshop.deploy("Resources: {A: {Type: AWS::SQS::Queue}, A: {Type: AWS::SQS::Queue}}")


def test_a_date_in_a_template_stays_text(workshop: Any) -> None:
    template = "Resources: {A: {Type: AWS::SSM::Parameter, Properties: {Name: d, Type: String, Value: 2012-10-17}}}"
    workshop.deploy(template)
    assert workshop.client("ssm").get_parameter(Name="d")["Parameter"]["Value"] == "2012-10-17"
