"""What CreateStateMachine refuses, and the project's own lint."""

import json
from typing import Any

import pytest

from trellis_local.stepfunctions.definition_check import DefinitionError, check, waits_for_child_executions
from trellis_local.stepfunctions.lint import lint

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
CHILD_MODE = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def definition(states: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields})


def mapping(**fields: Any) -> dict[str, Any]:
    processor = {**CHILD_MODE, "StartAt": "Inner", "States": {"Inner": PASS}}
    return {"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True, **fields}


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True, **fields}


REFUSED = [
    (definition({"A": PASS}, QueryLanguage="JSONPath"), "JSONPath"),
    (definition({"A": PASS}, Unknown=1), "unknown field 'Unknown'"),
    (definition({"A": PASS}, StartAt="B"), "StartAt"),
    (definition({"A": {"Type": "Pass", "Next": "B"}}), "leads to 'B'"),
    (definition({"A": PASS, "B": PASS}), "'B' of the machine can never be reached"),
    (definition({"A": {"Type": "Pass"}}), "either Next or End"),
    (definition({"A": {**PASS, "ResultPath": "$"}}), "unknown field 'ResultPath'"),
    (definition({"A": {**PASS, "Output": {"x.$": "$"}}}), "is JSONPath"),
    (definition({"A": {**PASS, "Output": "{% 1 + %}"}}), "state 'A'"),
    (definition({"A": {**PASS, "Output": "{% 1"}}), "has no end"),
    (definition({"Inner": {"Type": "Pass", "Next": "M"}, "M": mapping()}), "used twice"),
    (definition({"M": mapping(ToleratedFailurePercentage=10)}), "ToleratedFailurePercentage is not emulated"),
    (definition({"M": mapping(ToleratedFailureCount=1)}), "ToleratedFailureCount is not emulated"),
    (definition({"M": mapping(ItemBatcher={"MaxItemsPerBatch": 2})}), "ItemBatcher is not emulated"),
    (definition({"M": mapping(ResultWriter={})}), "ResultWriter is not emulated"),
    (definition({"M": mapping(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2"})}), "ItemReader"),
    (definition({"T": task("aws-sdk:eks:describeCluster", Arguments={"name": "a"})}), "'name' is not supported"),
    (definition({"T": task("aws-sdk:eks:describeKluster")}), "no action 'describeKluster'"),
    (definition({"T": task("aws-sdk:vpcgrating:getService")}), "no AWS SDK service"),
    (definition({"T": task("glue:startJobRun.sync")}), "not emulated"),
    (definition({"T": task("sqs:sendMessage.sync")}), "not emulated"),
    (
        definition({"T": task("lambda:invoke", Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}])}),
        "States.ALL must stand alone and last",
    ),
    ("{", "no JSON"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[reason for _text, reason in REFUSED])
def test_it_refuses(text: str, reason: str):
    with pytest.raises(DefinitionError, match=reason):
        check(text)


ACCEPTED = [
    {"T": task("aws-sdk:vpclattice:getService", Arguments={"ServiceIdentifier": "svc-1"})},
    {"T": task("aws-sdk:route53:changeResourceRecordSets")},
    {"T": task("lambda:invoke.waitForTaskToken", Arguments={"FunctionName": "f", "Payload": {}})},
    {"T": task("events:putEvents", Arguments="{% $entries %}")},
    {"M": mapping(Label="clusters", MaxConcurrency=5)},
    {"P": {"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {"X": PASS}}], "End": True}},
]


@pytest.mark.parametrize("states", ACCEPTED, ids=str)
def test_it_accepts(states: dict[str, Any]):
    assert check(definition(states))["States"] == states


def test_a_task_that_waits_for_a_child_is_found_inside_a_map():
    inner = {"StartAt": "T", "States": {"T": task("states:startExecution.sync:2")}}
    assert waits_for_child_executions(json.loads(definition({"M": mapping(ItemProcessor={**CHILD_MODE, **inner})})))


def test_lint_asks_for_timeout_retry_catch_jitter_and_a_maximum_delay():
    bare = definition({"T": task("lambda:invoke")})
    assert lint(bare) == [f"T: a Task needs {field}" for field in ("TimeoutSeconds", "Catch", "Retry")]
    retry = [{"ErrorEquals": ["Busy"]}]
    fields = {"TimeoutSeconds": 60, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}], "Retry": retry}
    loose = definition({"T": task("lambda:invoke", **fields), "F": {"Type": "Fail"}})
    assert lint(loose) == [
        'T: Retry of ["Busy"] needs JitterStrategy FULL',
        'T: Retry of ["Busy"] needs MaxDelaySeconds',
    ]


def test_lint_reports_what_would_be_refused():
    assert "leads to 'B'" in lint(definition({"A": {"Type": "Pass", "Next": "B"}}))[0]
