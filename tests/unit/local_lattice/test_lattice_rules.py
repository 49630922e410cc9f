"""Rules, their priorities, the default rule and batches."""

import pytest
from lattice_actions import NOT_FOUND


@pytest.fixture
def listener(make_service, make_listener):
    """The members that name the listener of one service."""
    service_id = make_service("orders")
    return {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}


@pytest.fixture
def make_rule(client, listener):
    def make(name, priority, **members):
        match = {"httpMatch": {"pathMatch": {"match": {"prefix": f"/{name}"}, "caseSensitive": True}}}
        return client.create_rule(
            **{**listener, "name": name, "priority": priority, "match": match, "action": NOT_FOUND, **members}
        )["id"]

    return make


def priorities(client, listener):
    return {item["name"]: item.get("priority") for item in client.list_rules(**listener)["items"]}


def test_rules_are_listed_by_priority_with_the_default_rule_last(client, listener, make_rule):
    make_rule("second", 20)
    make_rule("first", 10)
    items = client.list_rules(**listener)["items"]
    assert [item["name"] for item in items[:2]] == ["first", "second"]
    assert [item["isDefault"] for item in items] == [False, False, True]
    assert "match" not in items[0]


def test_a_rule_is_read_with_match_and_action(client, listener, make_rule):
    rule = client.get_rule(**listener, ruleIdentifier=make_rule("cart", 10))
    assert rule["match"]["httpMatch"]["pathMatch"]["match"] == {"prefix": "/cart"}
    assert rule["match"]["httpMatch"]["headerMatches"] == []
    assert (rule["action"], rule["isDefault"], rule["priority"]) == (NOT_FOUND, False, 10)


def test_a_rule_arn_lies_below_its_listener(client, listener, make_rule):
    rule_id = make_rule("cart", 10)
    arn = client.get_rule(**listener, ruleIdentifier=rule_id)["arn"]
    tail = f"service/{listener['serviceIdentifier']}/listener/{listener['listenerIdentifier']}/rule/{rule_id}"
    assert arn == f"arn:aws:vpc-lattice:us-west-2:111122223333:{tail}"


def test_rules_can_be_named_by_arn(client, listener, make_rule):
    arn = client.get_rule(**listener, ruleIdentifier=make_rule("cart", 10))["arn"]
    assert client.get_rule(**listener, ruleIdentifier=arn)["name"] == "cart"


def test_a_listener_has_at_most_ten_rules_besides_the_default_rule(make_rule, error_of):
    for number in range(1, 11):
        make_rule(f"rule{number}", number)
    assert error_of(make_rule, name="eleventh", priority=11)["quotaCode"] == "L-CF78395E"


def test_a_batch_that_would_double_a_priority_fails_for_one_rule(client, listener, make_rule):
    make_rule("stays", 10)
    moves, follows = make_rule("moves", 20), make_rule("follows", 30)
    updates = [{"ruleIdentifier": moves, "priority": 10}, {"ruleIdentifier": follows, "priority": 20}]
    answer = client.batch_update_rule(**listener, rules=updates)
    assert {failure["ruleIdentifier"] for failure in answer["unsuccessful"]} == {moves, follows}
    assert priorities(client, listener) == {"stays": 10, "moves": 20, "follows": 30, "default": None}


def test_a_deleted_rule_is_gone_at_once(client, listener, make_rule, error_of):
    rule_id = make_rule("cart", 10)
    client.delete_rule(**listener, ruleIdentifier=rule_id)
    error = error_of(client.get_rule, **listener, ruleIdentifier=rule_id)
    assert (error["status"], error["resourceType"]) == (404, "RULE")
