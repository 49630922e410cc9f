"""The sources of the security group's rules: an answer without any is not taken for a wish to close the group."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from run_tools import CLUSTER

from trellis.errors import ServiceUnavailableError
from trellis.model import ClusterState
from trellis.resources import security_group


def ec2(*lists: str) -> Any:
    answer = {"PrefixLists": [{"PrefixListId": found} for found in lists]}
    rules = SimpleNamespace(paginate=lambda **_: [{"SecurityGroupRules": []}])
    return cast(Any, SimpleNamespace(describe_managed_prefix_lists=lambda **_: answer, get_paginator=lambda _: rules))


def test_the_managed_prefix_lists_are_the_sources() -> None:
    assert security_group.sources(ec2("pl-6", "pl-4"), CLUSTER, ()) == ("pl-4", "pl-6")


def test_no_prefix_list_at_all_ends_the_run_and_closes_nothing() -> None:
    with pytest.raises(ServiceUnavailableError, match=r"com\.amazonaws\.us-west-2\.vpc-lattice"):
        security_group.plan(ec2(), CLUSTER, ())
    with pytest.raises(ServiceUnavailableError):
        security_group.reconcile(ec2(), CLUSTER, ())


def test_a_cluster_that_leaves_needs_none() -> None:
    assert security_group.sources(ec2(), replace(CLUSTER, state=ClusterState.LEAVING), ()) == ()
