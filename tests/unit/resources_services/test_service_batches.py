"""Several services in one call: lists are read once for all, and one that fails stops no other."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from service_lab import NAME, OWNER, Lab

from trellis.model import Service
from trellis.resources.services import ServiceOutcome, ServiceStatus, ServiceTask, ServiceWork, reconcile_services

LISTS = ("ListServices", "ListTargetGroups")
WORK = ServiceWork(OWNER, "run")


def several(lab: Lab, count: int) -> list[Service]:
    """Services that share nothing but the network."""
    pattern = lab.service()
    listener = pattern.listeners[0]
    return [
        replace(
            pattern,
            name=f"{NAME}-{number}",
            custom_domain_name=f"datastore-{number}.lattice-test.io",
            listeners=(replace(listener, rules=()),),
            target_groups=tuple(replace(group, name=f"{group.name}-{number}") for group in pattern.target_groups),
        )
        for number in range(count)
    ]


def converge(lab: Lab, desired: list[Service]) -> tuple[ServiceOutcome, ...]:
    unfinished = [ServiceTask(service.name, service) for service in desired]
    outcomes: dict[str, ServiceOutcome] = {}
    while unfinished:
        for outcome in reconcile_services(lab, unfinished, WORK):
            outcomes[outcome.name] = outcome
        left = {name for name, found in outcomes.items() if found.status is ServiceStatus.IN_PROGRESS}
        unfinished = [task for task in unfinished if task.name in left]
        lab.clock.move(10)
    return tuple(outcomes[service.name] for service in desired)


def lists(lab: Lab, desired: list[Service]) -> int:
    before = len(lab.reads)
    converge(lab, desired)
    return sum(read in LISTS for read in lab.reads[before:])


def test_many_services_cost_no_more_lists_than_one(lab: Lab) -> None:
    one = lists(lab, several(lab, 1))
    lab.reset()
    assert lists(lab, several(lab, 6)) == one


def test_each_is_as_if_it_had_been_made_alone(lab: Lab) -> None:
    desired = several(lab, 3)
    assert {outcome.status for outcome in converge(lab, desired)} == {ServiceStatus.PROGRAMMED}
    together = lab.state()
    lab.reset()
    for service in desired:
        converge(lab, [service])
    assert lab.state() == together


def test_a_service_that_fails_stops_no_other_and_keeps_what_was_done(lab: Lab) -> None:
    first, second = several(lab, 2)
    seen: list[str] = []

    def deny(*, model: Any, params: dict[str, Any], **_: object) -> None:
        if model.name == "CreateService" and first.name.encode() in params["body"]:
            seen.append(model.name)
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, model.name)

    lab.lattice.meta.events.register("before-call.vpc-lattice", deny)
    try:
        outcomes = converge(lab, [first, second])
    finally:
        lab.lattice.meta.events.unregister("before-call.vpc-lattice", deny)
    assert [outcome.status for outcome in outcomes] == [ServiceStatus.FAILED, ServiceStatus.PROGRAMMED]
    assert seen
    assert isinstance(outcomes[0].error, ClientError)
    assert {change["kind"] for change in outcomes[0].done} == {"CreateTargetGroup"}


def test_services_that_cannot_be_listed_are_an_error_of_the_call(lab: Lab) -> None:
    lab.denied = "ListServices"
    with pytest.raises(ClientError, match="AccessDenied"):
        reconcile_services(lab, [ServiceTask(NAME, None)], WORK)


def test_no_new_round_begins_when_the_time_is_up(lab: Lab) -> None:
    (service,) = several(lab, 1)
    hurried = replace(WORK, may_go_on=lambda: False)
    (outcome,) = reconcile_services(lab, [ServiceTask(service.name, service)], hurried)
    assert (outcome.status, lab.reads.count("ListServices")) == (ServiceStatus.IN_PROGRESS, 1)
    assert outcome.done
