"""EventBridge's matching rules as a table of (pattern, event, verdict)."""

from typing import Any

import pytest

from trellis_local.events.patterns import InvalidEventPatternError, matches, validate

EVENT: dict[str, Any] = {
    "source": "aws.eks",
    "detail-type": "AWS API Call via CloudTrail",
    "account": "111122223333",
    "resources": ["arn:aws:eks:us-west-2:111122223333:cluster/a", "arn:other"],
    "detail": {
        "eventName": "CreateCluster",
        "sourceIPAddress": "10.0.0.7",
        "count": 300,
        "ratio": 1.5,
        "flag": True,
        "nothing": None,
        "empty": "",
        "none": [],
        "tags": [{"key": "env", "value": "prod"}, {"key": "team", "value": "web"}],
        "nested": {"inner": {"leaf": "x"}},
        "path": "a/b*c/d",
    },
}


def detail(**pattern: Any) -> dict[str, Any]:
    return {"detail": pattern}


TABLE: list[tuple[dict[str, Any], bool]] = [
    ({"source": ["aws.eks"]}, True),
    ({"source": ["aws.ec2"]}, False),
    ({"source": ["aws.ec2", "aws.eks"]}, True),
    ({"source": ["aws.eks"], "account": ["999999999999"]}, False),
    ({"missing": ["x"]}, False),
    ({"resources": ["arn:other"]}, True),
    ({"resources": [{"prefix": "arn:aws:eks:"}]}, True),
    (detail(count=[300]), True),
    (detail(count=[300.0]), False),
    (detail(count=["300"]), False),
    (detail(flag=[True]), True),
    (detail(flag=[1]), False),
    (detail(nothing=[None]), True),
    (detail(empty=[None]), False),
    (detail(empty=[""]), True),
    (detail(eventName=[{"prefix": "Create"}]), True),
    (detail(eventName=[{"prefix": "create"}]), False),
    (detail(eventName=[{"prefix": {"equals-ignore-case": "create"}}]), True),
    (detail(eventName=[{"suffix": "Cluster"}]), True),
    (detail(eventName=[{"suffix": {"equals-ignore-case": "CLUSTER"}}]), True),
    (detail(count=[{"prefix": "3"}]), False),
    (detail(eventName=[{"equals-ignore-case": "createcluster"}]), True),
    (detail(eventName=[{"anything-but": "DeleteCluster"}]), True),
    (detail(eventName=[{"anything-but": ["CreateCluster", "DeleteCluster"]}]), False),
    (detail(count=[{"anything-but": [300, 301]}]), False),
    (detail(eventName=[{"anything-but": {"prefix": "Create"}}]), False),
    (detail(eventName=[{"anything-but": {"prefix": ["Delete", "Tag"]}}]), True),
    (detail(eventName=[{"anything-but": {"suffix": "Cluster"}}]), False),
    (detail(eventName=[{"anything-but": {"equals-ignore-case": "CREATECLUSTER"}}]), False),
    (detail(eventName=[{"anything-but": {"wildcard": "*Clus*"}}]), False),
    (detail(eventName=[{"anything-but": {"wildcard": ["*Addon", "*Role"]}}]), True),
    (detail(absent=[{"anything-but": "x"}]), False),
    (detail(eventName=[{"exists": True}]), True),
    (detail(nothing=[{"exists": True}]), True),
    (detail(absent=[{"exists": True}]), False),
    (detail(absent=[{"exists": False}]), True),
    (detail(eventName=[{"exists": False}]), False),
    (detail(absent={"deeper": [{"exists": False}]}), True),
    (detail(nested=[{"exists": True}]), False),
    (detail(none=[{"exists": True}]), False),
    (detail(errorCode=[{"exists": False}, "Throttled"]), True),
    (detail(count=[{"numeric": ["=", 300]}]), True),
    (detail(count=[{"numeric": [">", 299, "<=", 300]}]), True),
    (detail(count=[{"numeric": ["<", 300]}]), False),
    (detail(ratio=[{"numeric": [">=", 1.5]}]), True),
    (detail(eventName=[{"numeric": [">", 0]}]), False),
    (detail(sourceIPAddress=[{"cidr": "10.0.0.0/24"}]), True),
    (detail(sourceIPAddress=[{"cidr": "10.1.0.0/24"}]), False),
    (detail(eventName=[{"cidr": "10.1.0.0/24"}]), False),
    (detail(eventName=[{"wildcard": "Create*"}]), True),
    (detail(eventName=[{"wildcard": "C*C*r"}]), True),
    (detail(eventName=[{"wildcard": "*Service*"}]), False),
    (detail(path=[{"wildcard": "a/b\\*c/*"}]), True),
    (detail(tags={"key": ["env"]}), True),
    (detail(tags={"key": ["env"], "value": ["prod"]}), True),
    (detail(tags={"key": ["env"], "value": ["web"]}), False),
    (detail(tags={"key": ["cost"]}), False),
    (detail(tags={"absent": [{"exists": False}]}), True),
    (detail(tags={"key": [{"exists": False}]}), False),
    (detail(nested={"inner": {"leaf": ["x"]}}), True),
    (detail(eventName={"deeper": ["x"]}), False),
    ({"$or": [{"source": ["aws.ec2"]}, {"account": ["111122223333"]}]}, True),
    ({"$or": [{"source": ["aws.ec2"]}, {"account": ["0"]}]}, False),
    (detail(**{"$or": [{"eventName": ["X"]}, {"count": [{"numeric": [">", 1]}]}]}), True),
    (detail(**{"$or": [{"eventName": ["X"]}, {"count": [1]}], "flag": [True]}), False),
    (detail(tags={"$or": [{"key": ["no"]}, {"value": ["web"]}]}), True),
]


@pytest.mark.parametrize(("pattern", "verdict"), TABLE, ids=[str(pattern) for pattern, _ in TABLE])
def test_the_pattern_is_valid_and_gives_the_verdict_of_aws(pattern: dict[str, Any], verdict: bool) -> None:
    validate(pattern)
    assert matches(pattern, EVENT) is verdict


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"source": "aws.eks"}, "source"),
        ({"source": []}, "source"),
        ({"detail": {}}, "detail"),
        ({}, "pattern"),
        (detail(eventName=[{"starts-with": "x"}]), "detail.eventName"),
        (detail(eventName=[{"prefix": "x", "suffix": "y"}]), "detail.eventName"),
        (detail(eventName=[["x"]]), "detail.eventName"),
        (detail(eventName=[{"prefix": 1}]), "detail.eventName.prefix"),
        (detail(x=[{"exists": "yes"}]), "detail.x.exists"),
        (detail(x=[{"numeric": [">"]}]), "detail.x.numeric"),
        (detail(x=[{"numeric": ["<", 1, ">", 0]}]), "detail.x.numeric"),
        (detail(x=[{"numeric": ["!=", 1]}]), "detail.x.numeric"),
        (detail(x=[{"cidr": "10.0.0/24"}]), "detail.x.cidr"),
        (detail(x=[{"wildcard": "a**b"}]), "detail.x.wildcard"),
        (detail(x=[{"wildcard": "a\\b"}]), "detail.x.wildcard"),
        (detail(x=[{"anything-but": []}]), "detail.x.anything-but"),
        (detail(x=[{"anything-but": ["a", 1]}]), "detail.x.anything-but"),
        (detail(x=[{"anything-but": {"numeric": ["=", 1]}}]), "detail.x.anything-but"),
        ({"$or": [{"source": ["a"]}]}, "$or"),
        ({"detail": {"$or": [{"a": ["b"]}, {"c": [{"bogus": 1}]}]}}, "detail.$or.c"),
    ],
)
def test_an_illegal_pattern_is_refused_with_its_path(pattern: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidEventPatternError) as refusal:
        validate(pattern)
    assert ".".join(refusal.value.path) == path or (path == "pattern" and refusal.value.path == ())


def test_an_empty_array_of_objects_counts_as_absent() -> None:
    assert matches({"detail": {"tags": {"key": [{"exists": False}]}}}, {"detail": {"tags": []}})
