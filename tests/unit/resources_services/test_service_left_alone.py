"""A resource that is to be left alone is, while the rest of its service is brought about."""

from service_lab import NAME, Lab

RULE = f"rule {NAME}/http-80/r-summary"


def spoil(lab: Lab, *names: str) -> None:
    service, listener = lab.ids()
    for found in lab.other.list_rules(serviceIdentifier=service, listenerIdentifier=listener)["items"]:
        if found["name"] in names:
            lab.other.update_rule(
                serviceIdentifier=service,
                listenerIdentifier=listener,
                ruleIdentifier=found["id"],
                action={"fixedResponse": {"statusCode": 404}},
            )


def test_a_rule_that_is_left_alone_is_not_updated_and_its_refusal_says_why(lab: Lab) -> None:
    lab.converge(lab.service())
    spoil(lab, "r-summary")
    lab.left = {RULE: "was put back 4 times"}
    before = len(lab.writes)
    outcome = lab.converge(lab.service())
    assert lab.writes[before:] == []
    assert (outcome.status, outcome.waiting_for) == ("REFUSED", ())
    assert [(found.resource, found.reason) for found in outcome.refusals] == [(RULE, "Contested")]


def test_the_other_rules_and_targets_of_the_service_are_put_right(lab: Lab) -> None:
    lab.converge(lab.service())
    spoil(lab, "r-summary", "r-popular")
    lab.left = {RULE: "was put back 4 times"}
    changed = lab.service(targets=("192.168.48.10", "192.168.48.11"))
    assert sorted(lab.writes_of(changed)) == ["RegisterTargets", "RegisterTargets", "UpdateRule"]


def test_what_waits_for_a_resource_that_is_left_alone_does_not_keep_the_run(lab: Lab) -> None:
    lab.left = {"target group datastore-v2": "was put back 4 times"}
    outcome = lab.converge(lab.service())
    assert outcome.status == "REFUSED"
    assert "CreateRule" in lab.writes
    assert list(lab.state()["groups"]) == ["datastore-v1"]


def test_what_is_left_alone_but_as_it_should_be_is_no_refusal(lab: Lab) -> None:
    lab.converge(lab.service())
    lab.left = {RULE: "was put back 4 times"}
    assert lab.converge(lab.service()).status == "PROGRAMMED"
