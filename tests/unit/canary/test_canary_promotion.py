"""A promotion is remembered until the manifests say the same, or are about something else."""

import json
from typing import Any

import pytest

from trellis.canary.promotion import is_over
from trellis.canary.request_parts import Backend
from trellis.canary.rules import Pair

PAIR = Pair("shop", Backend(name="v1"), Backend(name="v2"))
PROMOTED = {"PathPrefix:/": {"v1:80": 0, "v2:80": 100}}


def route(v1: int, v2: int, *, owner: str = "trellis-canary", **annotations: str) -> dict[str, Any]:
    fields = {"manager": owner, "operation": "Apply", "fieldsV1": {"f:spec": {"f:rules": {}}}}
    refs = [{"name": "v1", "port": 80, "weight": v1}, {"name": "v2", "port": 80, "weight": v2}]
    metadata = {"name": "orders", "uid": "uid-1", "managedFields": [fields], "annotations": annotations}
    return {"metadata": metadata, "spec": {"rules": [{"backendRefs": refs}]}}


def over(found: dict[str, Any] | None) -> str:
    return is_over(found, uid="uid-1", pair=PAIR, expected=PROMOTED)


def test_what_the_canary_itself_has_written_is_no_manifest() -> None:
    assert over(route(0, 100)) == ""


def test_somebody_who_applies_the_same_weights_has_caught_up() -> None:
    assert over(route(0, 100, owner="kustomize-controller")) == "declared"


def test_somebody_who_applies_the_old_weights_has_not() -> None:
    assert over(route(100, 0, owner="kustomize-controller")) == ""


@pytest.mark.parametrize(("v1", "v2", "expected"), [(0, 100, "declared"), (100, 0, "")])
def test_kubectl_says_what_it_has_applied(v1: int, v2: int, expected: str) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(route(v1, v2))}
    assert over(route(0, 100, **applied)) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_an_annotation_that_means_nothing_says_nothing(text: str) -> None:
    assert over(route(0, 100, **{"kubectl.kubernetes.io/last-applied-configuration": text})) == ""


def test_a_route_that_is_gone_replaced_or_about_other_services_is_nothing_to_remember() -> None:
    replaced, other = route(0, 100), route(0, 100)
    replaced["metadata"]["uid"] = "uid-2"
    other["spec"]["rules"][0]["backendRefs"][0]["name"] = "v3"
    assert over(None) == over(replaced) == over(other) == "obsolete"
