"""What is read of VPC Lattice: all of one owner's, nothing taken for absent that could not be read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from service_lab import NAME, OWNER, Lab

from trellis.model import Service
from trellis.planning.services import diff_service, diff_services
from trellis.resources.service_observation import ServiceScope, observe_services


class LaggingTagging:
    """A tagging API whose index knows nothing yet."""

    def get_paginator(self, _: str) -> "LaggingTagging":
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        yield {"ResourceTagMappingList": []}


def test_what_was_made_is_read_back_as_it_was_desired(lab: Lab) -> None:
    desired = lab.service()
    lab.converge(desired)
    observed = observe_services(lab, ServiceScope(OWNER, (desired,))).of(NAME)
    assert observed.service is not None
    assert replace(observed.service, target_groups=desired.target_groups) == desired
    assert tuple(found.group for found in observed.groups) == desired.target_groups


def test_reading_a_converged_service_takes_few_calls(lab: Lab) -> None:
    lab.converge(lab.service())
    lab.reads.clear()
    lab.converge(lab.service())
    assert sorted(lab.reads) == sorted(
        [
            *["ListServices", "ListTargetGroups", "ListTagsForResource", "ListServiceNetworkServiceAssociations"],
            *["ListListeners", "GetListener", "ListRules", "GetRule", "GetRule"],
            *["GetTargetGroup", "ListTargets"] * 2,
        ]
    )


def test_a_service_in_scope_is_read_without_the_others(lab: Lab) -> None:
    lab.converge(lab.service())
    lab.reads.clear()
    observe_services(lab, ServiceScope(OWNER, only=frozenset({"another"})))
    assert lab.reads == ["ListServices", "ListTargetGroups"]


def test_ownership_is_read_from_the_tags_themselves_when_their_index_lags(
    lab: Lab, request: pytest.FixtureRequest
) -> None:
    index = lab.tagging
    request.addfinalizer(lambda: setattr(lab, "tagging", index))
    lab.tagging = LaggingTagging()
    assert lab.converge(lab.service()).status == "PROGRAMMED"
    assert lab.writes_of(lab.service()) == []


@pytest.mark.parametrize(
    "operation", ["ListServices", "ListTargetGroups", "ListRules", "GetRule", "GetTargetGroup", "ListTargets"]
)
def test_what_may_not_be_read_is_not_taken_for_absent(lab: Lab, operation: str) -> None:
    lab.converge(lab.service())
    lab.writes.clear()
    lab.denied = operation
    with pytest.raises(ClientError, match="AccessDenied"):
        lab.call(None)
    assert lab.writes == []


@pytest.mark.parametrize(("operation", "left"), [("GetRule", [1]), ("GetListener", [])])
def test_a_part_that_disappears_while_it_is_read_leaves_the_service_there(
    lab: Lab, request: pytest.FixtureRequest, operation: str, left: list[int]
) -> None:
    lab.converge(lab.service())
    pending = [{"GetRule": lab.other.delete_rule, "GetListener": lab.other.delete_listener}[operation]]
    event = f"before-parameter-build.vpc-lattice.{operation}"

    def delete_it_first(*, params: dict[str, str], **_: object) -> None:
        if pending:
            pending.pop()(**params)

    lab.lattice.meta.events.register(event, delete_it_first)
    request.addfinalizer(lambda: lab.lattice.meta.events.unregister(event, delete_it_first))
    service = observe_services(lab, ServiceScope(OWNER, (lab.service(),))).of(NAME).service
    assert service is not None
    assert [len(listener.rules) for listener in service.listeners] == left


def test_a_plan_shows_the_whole_way_to_a_new_service(lab: Lab) -> None:
    kinds = [type(change).__name__ for change in _planned(lab, lab.service())]
    assert kinds == [
        *["CreateTargetGroup", "RegisterTargets"] * 2,
        *["CreateService", "AssociateService", "CreateListener", "CreateRule", "CreateRule"],
    ]
    assert lab.writes == []


def test_a_plan_shows_what_nobody_wants_any_more(lab: Lab) -> None:
    lab.converge(lab.service())
    deleted = [change.resource for change in _planned(lab) if change.deletes]
    assert deleted == [
        f"service {NAME} in eks-lattice-network",
        f"service {NAME}",
        "target group datastore-v1",
        "target group datastore-v2",
    ]


def test_a_group_whose_service_was_never_made_is_found(lab: Lab) -> None:
    lab.call(replace(lab.service(), listeners=()))
    service = lab.other.list_services()["items"][0]["id"]
    lab.clock.move(10)
    lab.other.delete_service(serviceIdentifier=service)
    lab.clock.move(10)
    assert observe_services(lab, ServiceScope(OWNER)).names == (NAME,)
    assert [change.resource for change in _planned(lab)] == ["target group datastore-v1", "target group datastore-v2"]


def test_a_group_that_lost_the_mark_of_its_service_is_removed_by_itself(lab: Lab) -> None:
    lab.converge(lab.service())
    group = next(item for item in lab.other.list_target_groups()["items"] if item["name"] == "datastore-v2")
    lab.converge(replace(lab.service(), listeners=()))
    lab.other.untag_resource(resourceArn=group["arn"], tagKeys=["trellis:service"])
    observed = observe_services(lab, ServiceScope(OWNER))
    assert observed.names == (NAME, "datastore-v2")
    assert diff_service(None, observed.of("datastore-v2")).changes
    alone = observe_services(lab, ServiceScope(OWNER, only=frozenset({"datastore-v2"})))
    assert alone.of("datastore-v2") == observed.of("datastore-v2")


def test_a_group_of_another_service_is_not_taken_for_that_of_the_service_that_uses_it(lab: Lab) -> None:
    lab.converge(lab.service())
    group = next(item for item in lab.other.list_target_groups()["items"] if item["name"] == "datastore-v2")
    lab.other.tag_resource(resourceArn=group["arn"], tags={"trellis:service": "cart"})
    observed = observe_services(lab, ServiceScope(OWNER, only=frozenset({NAME}))).of(NAME)
    assert [found.group.name for found in observed.groups] == ["datastore-v1"]
    named_alike = observe_services(lab, ServiceScope(OWNER, only=frozenset({"datastore-v2"})))
    assert named_alike.of("datastore-v2").groups == ()


@pytest.mark.parametrize("only", [frozenset({NAME}), frozenset({NAME, *(f"service-{n}" for n in range(30))})])
def test_what_is_read_of_some_services_is_what_is_read_of_them_among_all(lab: Lab, only: frozenset[str]) -> None:
    lab.converge(lab.service())
    lab.converge(replace(lab.service(), listeners=()))
    every = observe_services(lab, ServiceScope(OWNER))
    assert observe_services(lab, ServiceScope(OWNER, only=only)).of(NAME) == every.of(NAME)


def test_nothing_is_read_where_no_service_is_in_scope(lab: Lab) -> None:
    lab.converge(lab.service())
    lab.reads.clear()
    assert observe_services(lab, ServiceScope(OWNER, only=frozenset())).names == ()
    assert lab.reads == []


def test_another_owners_services_are_not_read(lab: Lab) -> None:
    lab.converge(lab.service())
    assert observe_services(lab, ServiceScope(f"{OWNER}-2")).names == ()


def _planned(lab: Lab, *desired: Service) -> list[Any]:
    diffs = diff_services(desired, observe_services(lab, ServiceScope(OWNER, desired)))
    return [change for diff in diffs for change in diff.changes]
