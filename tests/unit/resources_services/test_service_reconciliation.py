"""Services are brought to what is desired with as few calls as needed, whatever was there before."""

from dataclasses import replace

import pytest
from service_lab import NAME, NETWORK, OWNER, Lab, path, with_rules

from trellis.model import FixedResponse, HeaderMatch, PathMatch, Rule, RuleMatch, Target


def test_a_new_service_is_programmed_with_everything_under_it(lab: Lab) -> None:
    outcome = lab.converge(lab.service())
    assert outcome.status == "PROGRAMMED"
    assert outcome.domain_name.endswith("vpc-lattice-svcs.us-west-2.on.aws")
    assert lab.state() == {
        "services": {
            NAME: {"listeners": {"http-80": [("r-popular", 1), ("r-summary", 2)]}, "networks": [NETWORK]},
        },
        "groups": {"datastore-v1": ["192.168.48.10"], "datastore-v2": ["192.168.48.10"]},
    }


def test_a_new_service_waits_for_aws_outside_of_the_call(lab: Lab) -> None:
    outcome = lab.call(lab.service())
    assert outcome.status == "IN_PROGRESS"
    assert f"service {NAME}: CREATE_IN_PROGRESS" in outcome.waiting_for


def test_everything_that_is_made_carries_the_owner(lab: Lab) -> None:
    lab.converge(lab.service())
    found = lab.tagging.get_resources(TagFilters=[{"Key": "trellis:owner", "Values": [OWNER]}])
    kinds = [item["ResourceARN"].split(":", 5)[5].split("/")[-2] for item in found["ResourceTagMappingList"]]
    assert sorted(set(kinds)) == ["listener", "rule", "service", "servicenetworkserviceassociation", "targetgroup"]


def test_a_second_run_writes_nothing(lab: Lab) -> None:
    lab.converge(lab.service())
    assert lab.writes_of(lab.service()) == []


def test_a_change_of_weights_is_one_call(lab: Lab) -> None:
    lab.converge(lab.service())
    assert lab.writes_of(lab.service(weights=(0, 100))) == ["UpdateRule"]
    assert lab.writes_of(lab.service(weights=(0, 100))) == []


def test_a_swap_of_priorities_is_one_call(lab: Lab) -> None:
    service = lab.service()
    lab.converge(service)
    popular, summary = service.listeners[0].rules
    swapped = with_rules(service, replace(summary, priority=1), replace(popular, priority=2))
    assert lab.writes_of(swapped) == ["BatchUpdateRule"]


def test_an_inserted_rule_moves_the_others_in_one_call(lab: Lab) -> None:
    service = lab.service()
    lab.converge(service)
    first, *others = service.listeners[0].rules
    new = Rule("r-new", 2, path("/new"), FixedResponse(500))
    moved = [replace(rule, priority=rule.priority + 1) for rule in others]
    assert lab.writes_of(with_rules(service, first, new, *moved)) == ["BatchUpdateRule", "CreateRule"]


def test_replacing_all_of_ten_rules_stays_within_the_quota(lab: Lab) -> None:
    old = [Rule(f"r-old-{n}", n, path(f"/old/{n}"), FixedResponse(404)) for n in range(1, 11)]
    new = [Rule(f"r-new-{n}", n, path(f"/new/{n}"), FixedResponse(404)) for n in range(1, 11)]
    lab.converge(with_rules(lab.service(), *old))
    assert lab.converge(with_rules(lab.service(), *new)).status == "PROGRAMMED"


def test_pods_that_come_and_go_are_two_calls_for_each_group(lab: Lab) -> None:
    lab.converge(lab.service())
    writes = lab.writes_of(lab.service(targets=["192.168.48.11"]))
    assert writes == ["RegisterTargets", "DeregisterTargets"] * 2


def test_more_than_a_hundred_targets_go_in_chunks(lab: Lab) -> None:
    service = lab.service(targets=[f"192.168.49.{n}" for n in range(150)])
    assert lab.writes_of(service).count("RegisterTargets") == 4


def test_a_backend_that_is_not_wanted_any_more_is_drained_and_deleted(lab: Lab) -> None:
    service = lab.service()
    lab.converge(service)
    without = replace(with_rules(service, service.listeners[0].rules[0]), target_groups=service.target_groups[:1])
    assert lab.writes_of(without) == ["DeleteRule", "DeregisterTargets", "DeleteTargetGroup"]
    assert list(lab.state()["groups"]) == ["datastore-v1"]


def test_a_service_that_nobody_wants_leaves_nothing(lab: Lab) -> None:
    lab.converge(lab.service())
    assert lab.converge(None).status == "DELETED"
    assert lab.state() == {"services": {}, "groups": {}}


def test_a_rule_match_that_somebody_changed_is_repaired(lab: Lab) -> None:
    lab.converge(lab.service())
    service, listener = lab.ids()
    rules = lab.other.list_rules(serviceIdentifier=service, listenerIdentifier=listener)["items"]
    rule = next(rule["id"] for rule in rules if rule["name"] == "r-popular")
    match = {"httpMatch": {"pathMatch": {"match": {"prefix": "/popular"}, "caseSensitive": False}}}
    lab.other.update_rule(serviceIdentifier=service, listenerIdentifier=listener, ruleIdentifier=rule, match=match)
    assert lab.writes_of(lab.service()) == ["UpdateRule"]


def test_a_rule_made_by_hand_is_drift(lab: Lab) -> None:
    lab.converge(lab.service())
    service, listener = lab.ids()
    lab.other.create_rule(
        serviceIdentifier=service,
        listenerIdentifier=listener,
        name="by-hand",
        priority=7,
        match={"httpMatch": {"method": "GET"}},
        action={"fixedResponse": {"statusCode": 404}},
    )
    assert lab.writes_of(lab.service()) == ["DeleteRule"]


def test_a_rule_that_somebody_deleted_is_made_again(lab: Lab) -> None:
    lab.converge(lab.service())
    service, listener = lab.ids()
    rules = lab.other.list_rules(serviceIdentifier=service, listenerIdentifier=listener)["items"]
    for rule in rules:
        if not rule["isDefault"]:
            lab.other.delete_rule(serviceIdentifier=service, listenerIdentifier=listener, ruleIdentifier=rule["id"])
    assert lab.writes_of(lab.service()) == ["CreateRule", "CreateRule"]


def test_methods_and_headers_are_read_back_as_they_were_written(lab: Lab) -> None:
    match = RuleMatch(PathMatch("exact", "/a"), "GET", (HeaderMatch("X-One", "1"), HeaderMatch("x-two", "Two")))
    service = with_rules(lab.service(), Rule("r-full", 1, match, FixedResponse(404)))
    lab.converge(service)
    assert lab.writes_of(service) == []


def test_a_target_outside_of_the_vpc_is_refused_and_the_others_serve(lab: Lab) -> None:
    service = lab.service(targets=["192.168.48.10", "8.8.8.8"])
    outcome = lab.converge(service)
    assert outcome.status == "REFUSED"
    assert "8.8.8.8" in outcome.refusals[0].resource
    assert lab.state()["groups"]["datastore-v1"] == ["192.168.48.10"]
    assert lab.state()["services"][NAME]["listeners"]["http-80"]


@pytest.mark.parametrize("name", ["service", "group"])
def test_a_strangers_resource_of_the_same_name_is_left_alone(lab: Lab, name: str) -> None:
    if name == "service":
        lab.other.create_service(name=NAME)
    else:
        config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": lab.vpc_id}
        lab.other.create_target_group(name="datastore-v1", type="IP", config=config)
    outcome = lab.converge(lab.service())
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "NotOwned")
    assert lab.writes == []
    assert lab.converge(None).status == "DELETED"
    assert lab.writes == []


def test_a_custom_domain_that_another_service_of_the_network_has_is_refused(lab: Lab) -> None:
    other = lab.other.create_service(name="other", customDomainName="datastore.lattice-test.io")
    lab.clock.move(10)
    lab.other.create_service_network_service_association(
        serviceIdentifier=other["id"], serviceNetworkIdentifier=lab.network["id"]
    )
    outcome = lab.converge(lab.service())
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "ConflictException")


def test_a_network_that_does_not_exist_is_refused_and_the_rest_is_made(lab: Lab) -> None:
    outcome = lab.converge(replace(lab.service(), service_networks=("missing",)))
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "ServiceNetworkNotFound")
    assert lab.state()["services"][NAME]["listeners"]["http-80"]


def test_a_target_that_is_draining_is_registered_again(lab: Lab) -> None:
    lab.converge(lab.service())
    lab.converge(lab.service(targets=["192.168.48.11"]))
    assert lab.writes_of(lab.service()) == ["RegisterTargets", "DeregisterTargets"] * 2
    assert Target("192.168.48.10", 8080) in lab.service().target_groups[0].targets
