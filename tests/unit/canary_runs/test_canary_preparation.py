"""What is read of the world before a canary begins."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from canary_execution import Execution
from canary_world import CLUSTER, World, asked

from trellis.canary.state import CanaryKey
from trellis.errors import InvalidInputError
from trellis.model import Mode
from trellis.runs.canary_preparation import Preparation, prepare
from trellis.runs.canary_view import connect, view
from trellis_local.deploy.yaml_loading import load


def refused(it: World, **members: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as raised:
        prepare(it.tools, Preparation(input=asked(**members), execution="arn:aws:x:orders-1", started=""))
    return [problem["code"] for problem in json.loads(str(raised.value))["problems"]]


def warned(it: World) -> list[str]:
    call = Preparation(input=asked(dryRun=True), execution="arn:aws:x:orders-1", started="")
    return [warning["code"] for warning in prepare(it.tools, call)["report"]["warnings"]]


def settings(it: World, **changes: Any) -> None:
    cast(Any, it.tools).settings = it.tools.settings.model_copy(update=changes)


def another_route(it: World, backend: str, *, hostname: str = "orders.example.org") -> None:
    route = copy.deepcopy(it.server.route)
    assert route is not None
    route["metadata"] |= {"name": "others", "uid": "uid-others"}
    route["spec"]["hostnames"] = [hostname]
    route["spec"]["rules"] = [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/others"}}],
            "backendRefs": [{"name": backend, "port": 80, "weight": 1}],
        }
    ]
    it.server.others["httproutes"] = [route]
    it.reconcile()


def test_a_cluster_that_is_not_registered_has_no_canary(it: World) -> None:
    cast(Any, it.tools).registry = SimpleNamespace(find=lambda _: None)
    assert refused(it) == ["E_CLUSTER_NOT_FOUND"]


def test_where_trellis_only_reports_there_is_no_canary(it: World) -> None:
    cluster = SimpleNamespace(**{**vars(CLUSTER), "mode": Mode.PLAN})
    cast(Any, it.tools).registry = SimpleNamespace(find=lambda _: cluster, get=lambda _: cluster)
    assert refused(it) == ["E_MODE_PLAN"]


def test_f41_metrics_that_are_also_those_of_another_route_are_warned_of(it: World) -> None:
    assert "W_TG_SHARED" not in warned(it)
    another_route(it, "orders-v1")
    assert "W_TG_SHARED" in warned(it)


def test_f41_a_route_of_another_service_shares_nothing(it: World) -> None:
    another_route(it, "orders-v1", hostname="others.example.org")
    assert "W_TG_SHARED" not in warned(it)


def test_a_service_that_the_hostnames_do_not_allow_is_wanted_by_runs_and_canaries_alike(it: World) -> None:
    key = CanaryKey(CLUSTER.name, "shop", "orders")
    assert len(view(it.tools, connect(it.tools, key), key).services) == 1
    settings(it, allowed_hostnames="blue/shop: other.example.org")
    assert view(it.tools, connect(it.tools, key), key).services == ()
    assert "E_TG_UNRESOLVED" in refused(it)


@pytest.mark.parametrize("name", ["PrepareCanaryFunction", "ShiftWeightsFunction", "RollBackCanaryFunction"])
def test_functions_that_compare_rules_are_told_of_the_allowed_hostnames(name: str) -> None:
    function = load(Path(__file__).parents[3] / "template.yaml")["Resources"][name]["Properties"]
    assert function["Environment"]["Variables"]["TRELLIS_ALLOWED_HOSTNAMES"] == {"Ref": "AllowedHostnames"}


def test_a_canary_at_a_hostname_of_its_own_runs_where_hostnames_are_limited(it: World) -> None:
    settings(it, allowed_hostnames="blue/shop: orders.example.org")
    assert Execution(it, "orders-1").finished().end == ""
