"""With memory or without, what is read of VPC Lattice is the same; with it, in fewer calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_lab import NAME, OWNER, Lab

from trellis.fleet.fingerprints import Memory
from trellis.planning.service_state import ObservedServices
from trellis.planning.services import diff_services
from trellis.resources.service_observation import Reading, ServiceScope, observe_services

SETTLED = 10.0


@dataclass
class Remembering:
    """Observes as scheduled checks do, one after the other; what is known is kept here instead of in a table."""

    lab: Lab
    known: dict[str, Any] = field(default_factory=dict)
    concurrency: int = 1

    def observe(self) -> ObservedServices:
        memory = Memory(self.known, set(), set(), self.lab.clock.time(), SETTLED)
        scope = ServiceScope(OWNER, (self.lab.service(),))
        observed = observe_services(self.lab, scope, Reading(memory, self.concurrency))
        changed, gone = memory.changed(), memory.gone()
        self.known = {name: found for name, found in {**self.known, **changed}.items() if name not in gone}
        return observed

    def details(self) -> list[str]:
        """The reads of details that one check makes."""
        self.lab.reads.clear()
        self.observe()
        return sorted(read for read in self.lab.reads if read.startswith("Get"))


@pytest.fixture
def remembering(lab: Lab) -> Remembering:
    lab.converge(lab.service())
    lab.clock.move(60)
    return Remembering(lab)


def test_a_second_check_reads_lists_only(remembering: Remembering) -> None:
    assert remembering.details() == ["GetListener", "GetRule", "GetRule", "GetTargetGroup", "GetTargetGroup"]
    assert remembering.details() == []
    assert sorted(remembering.lab.reads) == [
        *["ListListeners", "ListRules", "ListServiceNetworkServiceAssociations", "ListServices", "ListTargetGroups"],
        *["ListTargets"] * 2,
    ]


def test_a_changed_rule_is_read_and_nothing_else(remembering: Remembering) -> None:
    remembering.observe()
    _answer_404(remembering.lab)
    assert remembering.details() == ["GetRule"]
    assert _changes(remembering.observe(), remembering.lab) == ["UpdateRule"]


def test_two_changes_at_the_same_time_are_both_seen(remembering: Remembering) -> None:
    lab = remembering.lab
    remembering.observe()
    _answer_404(lab)
    remembering.observe()
    lab.other.update_rule(**_rule(lab), action={"fixedResponse": {"statusCode": 500}})
    observed = remembering.observe()
    assert observed == observe_services(lab, ServiceScope(OWNER, (lab.service(),)))
    lab.clock.move(SETTLED)
    remembering.observe()
    assert remembering.details() == []


def test_what_is_read_at_once_comes_in_order(remembering: Remembering) -> None:
    alone = remembering.observe()
    assert Remembering(remembering.lab, remembering.known, concurrency=8).observe() == alone


def _answer_404(lab: Lab) -> None:
    lab.other.update_rule(**_rule(lab), action={"fixedResponse": {"statusCode": 404}})


def _weigh(lab: Lab) -> None:
    groups = lab.other.list_target_groups()["items"]
    shares = [{"targetGroupIdentifier": group["id"], "weight": 50} for group in groups]
    lab.other.update_rule(**_rule(lab), action={"forward": {"targetGroups": shares}})


def _match_another_path(lab: Lab) -> None:
    path = {"match": {"prefix": "/other"}, "caseSensitive": True}
    lab.other.update_rule(**_rule(lab), match={"httpMatch": {"pathMatch": path}})


def _delete_a_rule(lab: Lab) -> None:
    lab.other.delete_rule(**_rule(lab))


def _change_the_default(lab: Lab) -> None:
    service, listener = lab.ids()
    members = {"serviceIdentifier": service, "listenerIdentifier": listener}
    lab.other.update_listener(**members, defaultAction={"fixedResponse": {"statusCode": 500}})


def _register_a_target(lab: Lab) -> None:
    group = lab.other.list_target_groups()["items"][0]["id"]
    lab.other.register_targets(targetGroupIdentifier=group, targets=[{"id": "192.168.48.99", "port": 8080}])


def _change_the_health_check(lab: Lab) -> None:
    group = lab.other.list_target_groups()["items"][0]["id"]
    lab.other.update_target_group(targetGroupIdentifier=group, healthCheck={"enabled": True, "path": "/ready"})


def _dissociate(lab: Lab) -> None:
    for found in lab.other.list_service_network_service_associations(serviceIdentifier=lab.ids()[0])["items"]:
        lab.other.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=found["id"])


def _repair(lab: Lab) -> None:
    lab.converge(lab.service())


def _let_time_pass(lab: Lab) -> None:
    lab.clock.move(SETTLED + 5)


CHANGES: list[Callable[[Lab], None]] = [
    *[_answer_404, _weigh, _match_another_path, _delete_a_rule, _change_the_default, _register_a_target],
    *[_change_the_health_check, _dissociate, _repair, _let_time_pass],
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(CHANGES), st.booleans()), max_size=8))
def test_whatever_others_change_the_plan_is_the_same_with_memory_and_without(
    remembering: Remembering, steps: list[tuple[Callable[[Lab], None], bool]]
) -> None:
    lab = remembering.lab
    for change, checks in steps:
        try:
            change(lab)
        except lab.other.exceptions.ConflictException:
            lab.clock.move(1)  # AWS is at work on it
        except IndexError:
            _repair(lab)  # there is nothing left to change
        if checks:
            observed = remembering.observe()
            assert observed == observe_services(lab, ServiceScope(OWNER, (lab.service(),)))
    _repair(lab)
    assert _changes(remembering.observe(), lab) == []


def _rule(lab: Lab) -> dict[str, Any]:
    service, listener = lab.ids()
    where = {"serviceIdentifier": service, "listenerIdentifier": listener}
    rules = [rule for rule in lab.other.list_rules(**where)["items"] if not rule["isDefault"]]
    return {**where, "ruleIdentifier": rules[0]["id"]}


def _changes(observed: ObservedServices, lab: Lab) -> list[str]:
    diffs = diff_services((lab.service(),), observed)
    assert observed.of(NAME).service is not None
    return [type(change).__name__ for diff in diffs for change in diff.changes]
