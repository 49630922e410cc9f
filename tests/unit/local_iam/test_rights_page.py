"""docs/iam.md tells what the templates grant, and every grant there has a reason."""

from pathlib import Path
from typing import Any

import pytest

from trellis_local.deploy.yaml_loading import load
from trellis_local.iam.rights_page import TEMPLATES, page
from trellis_local.iam.template_rights import Right, roles_of

ROOT = Path(__file__).parents[3]
RIGHTS = [(role.name, right) for name in TEMPLATES for role in roles_of(ROOT / name) for right in role.rights]

_TEMPLATE = """
Resources:
  ReadFunction:
    Type: AWS::Serverless::Function
    Properties:
      Description: Reads
      Policies:
        - Statement:
            # Why it reads,
            # in two lines.
            - Effect: Allow
              Action:
                - s3:GetObject
                - s3:ListBucket  # why it lists
              # why all
              Resource: !Sub ${Bucket.Arn}/*
              Condition:
                StringEquals:
                  s3:prefix: [a, b]
            - Effect: Allow
              Action: s3:PutObject
              Resource: !GetAtt Bucket.Arn
            # Why it calls.
            - !If
              - HasFunctions
              - Effect: Allow
                Action: lambda:InvokeFunction
                Resource: !Ref Functions
              - !Ref AWS::NoValue
"""


@pytest.fixture(scope="module")
def rights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Right, ...]:
    file = tmp_path_factory.mktemp("template") / "template.yaml"
    file.write_text(_TEMPLATE)
    (role,) = roles_of(file)
    return role.rights


def test_the_comment_above_a_statement_is_its_reason(rights: tuple[Right, ...]) -> None:
    assert rights[0] == Right(
        action="s3:GetObject",
        resources=("${Bucket}/*",),
        condition="s3:prefix StringEquals a, b",
        reason="Why it reads, in two lines.",
        wildcard_reason="why all",
    )


def test_a_comment_behind_an_action_is_for_it_alone(rights: tuple[Right, ...]) -> None:
    assert rights[1].reason == "why it lists"


def test_a_statement_without_comments_has_no_reason(rights: tuple[Right, ...]) -> None:
    assert rights[2] == Right("s3:PutObject", ("Bucket",), "", "", "")
    assert not rights[2].has_wildcard


def test_a_statement_that_a_parameter_brings_says_so(rights: tuple[Right, ...]) -> None:
    assert rights[3:] == (Right("lambda:InvokeFunction", ("Functions",), "HasFunctions", "Why it calls.", ""),)


def test_the_page_is_what_the_templates_say() -> None:
    assert (ROOT / "docs" / "iam.md").read_text("utf-8") == page(ROOT), "run `make iam`"


def test_every_action_has_a_reason() -> None:
    assert [f"{role}: {right.action}" for role, right in RIGHTS if not right.reason] == []


def test_every_wildcard_in_a_resource_has_a_reason() -> None:
    bare = [f"{role}: {right.action}" for role, right in RIGHTS if right.has_wildcard and not right.wildcard_reason]
    assert bare == []


def test_no_action_is_a_pattern() -> None:
    assert [f"{role}: {right.action}" for role, right in RIGHTS if "*" in right.action] == []


def entries_of(statement: dict[str, Any]) -> set[str]:
    return {found["Fn::GetAtt"][0] for found in statement["Condition"]["ArnEquals"]["eks:principalArn"]}


def roles_in(value: Any) -> set[str]:
    """The roles that the value of an environment variable names."""
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return {str(value["Fn::GetAtt"][0])}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {role for part in parts for role in roles_in(part)}


def test_access_entries_are_for_the_roles_that_the_function_is_told_of_and_for_no_others() -> None:
    function = load(ROOT / "template.yaml")["Resources"]["GrantClusterAccessFunction"]["Properties"]
    statements = [item for item in function["Policies"][0]["Statement"] if "eks:principalArn" in str(item)]
    whole = [item for item in statements if item["Action"] != "eks:AssociateAccessPolicy"]
    assert len(whole) == 2
    assert all(entries_of(item) == roles_in(function["Environment"]["Variables"]) for item in whole)


def test_whoever_may_sign_in_to_clusters_can_be_put_into_subnets_that_reach_them() -> None:
    resources = load(ROOT / "template.yaml")["Resources"]
    roles = roles_in(resources["GrantClusterAccessFunction"]["Properties"]["Environment"]["Variables"])
    assert {f"{name}Role" for name, found in resources.items() if "VpcConfig" in found["Properties"]} == roles
