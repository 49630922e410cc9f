"""Preconditions, conflicts and updates of listener rules and of their actions."""

import pytest
from lattice_actions import NOT_FOUND, forward

READS = {"httpMatch": {"method": "GET"}}


@pytest.fixture
def listener(make_service, make_listener):
    """The members that name the listener of one service."""
    service_id = make_service("orders")
    return {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}


@pytest.fixture
def make_rule(client, listener):
    def make(name, priority, **members):
        members = {"match": READS, "action": NOT_FOUND, **members}
        return {"ruleIdentifier": client.create_rule(**listener, name=name, priority=priority, **members)["id"]}

    return make


@pytest.mark.parametrize(("priority", "status"), [(0, 400), (1, 201), (2000, 201), (2001, 400)])
def test_priorities_are_1_to_2000(unchecked_client, listener, error_of, priority, status):
    """API model, RulePriority."""
    members = {**listener, "name": "reads", "priority": priority, "match": READS, "action": NOT_FOUND}
    if status == 201:
        assert unchecked_client.create_rule(**members)["priority"] == priority
    else:
        assert error_of(unchecked_client.create_rule, **members)["fieldList"][0]["name"] == "priority"


def test_the_lowest_number_comes_first(client, listener, make_rule):
    """API reference, CreateRule: "The lower the priority number the higher the priority"."""
    for priority in (300, 7, 2000):
        make_rule(f"rule{priority}", priority)
    assert [rule.get("priority") for rule in client.list_rules(**listener)["items"]] == [7, 300, 2000, None]


def test_priorities_and_names_are_used_once_in_a_listener(make_rule, error_of):
    """API reference, CreateRule: "must have a unique priority", "The name must be unique within the listener"."""
    rule_id = make_rule("reads", 1)["ruleIdentifier"]
    errors = error_of(make_rule, name="other", priority=1), error_of(make_rule, name="reads", priority=2)
    assert [(error["status"], error["resourceId"]) for error in errors] == [(409, rule_id)] * 2


def test_a_deleted_priority_and_name_are_free_again(client, listener, make_rule):
    """API reference, CreateRule."""
    first = make_rule("reads", 1)
    client.delete_rule(**listener, **first)
    assert make_rule("reads", 1) != first


EXACT_PATH = {"match": {"exact": "/a"}, "caseSensitive": False}
HEADER = {"name": "x-user", "match": {"contains": "beta"}, "caseSensitive": True}

UPDATES = [
    pytest.param({"priority": 5}, id="API reference, UpdateRule: priority"),
    pytest.param({"action": {"fixedResponse": {"statusCode": 500}}}, id="API reference, UpdateRule: action"),
    pytest.param(
        {"match": {"httpMatch": {"pathMatch": EXACT_PATH, "headerMatches": [HEADER]}}},
        id="API reference, UpdateRule: match, replaced as a whole",
    ),
]


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_replaces_what_it_names_as_a_whole_and_keeps_the_rest(client, listener, make_rule, update):
    rule = make_rule("reads", 1)
    before = client.get_rule(**listener, **rule)
    client.update_rule(**listener, **rule, **update)
    after = client.get_rule(**listener, **rule)
    kept = ("name", "match", "priority", "action")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept} | update


def test_an_update_may_repeat_the_priority_but_not_take_another_one(client, listener, make_rule, error_of):
    """API reference, UpdateRule: "A listener can't have multiple rules with the same priority"."""
    first, second = make_rule("first", 1), make_rule("second", 2)
    assert client.update_rule(**listener, **second, priority=2)["priority"] == 2
    error = error_of(client.update_rule, **listener, **second, priority=1)
    assert (error["status"], error["resourceId"]) == (409, first["ruleIdentifier"])


def test_a_refused_update_changes_nothing(client, listener, make_rule, error_of):
    """A request of the API is carried out as a whole."""
    rule = make_rule("reads", 1)
    update = {"action": {"fixedResponse": {"statusCode": 500}}, "match": {"httpMatch": {}}}
    assert error_of(client.update_rule, **listener, **rule, **update)["status"] == 400
    assert client.get_rule(**listener, **rule)["action"] == NOT_FOUND


def test_the_default_rule_is_neither_updated_nor_deleted(client, listener, error_of):
    """API reference, UpdateRule: "You can't modify a default listener rule"; User Guide, "Listener rules"."""
    default = {"ruleIdentifier": client.list_rules(**listener)["items"][0]["id"]}
    errors = (
        error_of(client.update_rule, **listener, **default, priority=1),
        error_of(client.delete_rule, **listener, **default),
    )
    assert [error["status"] for error in errors] == [400, 400]
    update = [{"ruleIdentifier": default["ruleIdentifier"], "priority": 1}]
    assert len(client.batch_update_rule(**listener, rules=update)["unsuccessful"]) == 1


def test_a_batch_swaps_priorities_that_single_updates_cannot_swap(client, listener, make_rule, error_of):
    """API reference, BatchUpdateRule."""
    first, second = make_rule("first", 1), make_rule("second", 2)
    assert error_of(client.update_rule, **listener, **first, priority=2)["status"] == 409
    answer = client.batch_update_rule(**listener, rules=[{**first, "priority": 2}, {**second, "priority": 1}])
    assert [rule["priority"] for rule in answer["successful"]] == [2, 1]
    assert [rule["name"] for rule in client.list_rules(**listener)["items"]] == ["second", "first", "default"]


def test_a_batch_is_partial(client, listener, make_rule):
    """API model, RuleUpdateFailure: ruleIdentifier, failureCode, failureMessage."""
    rule, unknown = make_rule("reads", 1), {"ruleIdentifier": "rule-0123456789abcdef0"}
    answer = client.batch_update_rule(**listener, rules=[{**unknown, "priority": 3}, {**rule, "priority": 2}])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [done["id"] for done in answer["successful"]] == [rule["ruleIdentifier"]]
    (failure,) = answer["unsuccessful"]
    assert set(failure) == {"ruleIdentifier", "failureCode", "failureMessage"}
    assert failure["ruleIdentifier"] == unknown["ruleIdentifier"]


def test_all_conditions_of_a_match_are_returned(client, listener, make_rule):
    """API model, HttpMatch: a method of up to 16 characters, a path, up to 5 headers."""
    path = {"match": {"prefix": "/cart"}, "caseSensitive": True}
    match = {"httpMatch": {"method": "PURGE", "pathMatch": path, "headerMatches": [HEADER] * 5}}
    assert client.get_rule(**listener, **make_rule("all", 1, match=match))["match"] == match


REFUSED_MATCHES = [
    pytest.param({"httpMatch": {}}, "match.httpMatch", id="API reference, CreateRule: one or more conditions"),
    pytest.param({"httpMatch": {"method": "M" * 17}}, "match.httpMatch.method", id="API model, HttpMethod: 16"),
    pytest.param(
        {"httpMatch": {"headerMatches": [{"name": "x", "match": {"exact": "y"}}] * 6}},
        "match.httpMatch.headerMatches",
        id="API model, HeaderMatchList: 5",
    ),
    pytest.param(
        {"httpMatch": {"pathMatch": {"match": {"prefix": "cart"}}}},
        "match.httpMatch.pathMatch.match.prefix",
        id="API model, PathMatchPrefix: starts with a slash",
    ),
    pytest.param(
        {"httpMatch": {"pathMatch": {"match": {"prefix": "/a", "exact": "/a"}}}},
        "match.httpMatch.pathMatch.match",
        id="API model, PathMatchType: a union",
    ),
]


@pytest.mark.parametrize(("match", "field"), REFUSED_MATCHES)
def test_a_match_is_refused(unchecked_client, listener, error_of, match, field):
    members = {**listener, "name": "reads", "priority": 1, "match": match, "action": NOT_FOUND}
    error = error_of(unchecked_client.create_rule, **members)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, field)


REFUSED_ACTIONS = [
    pytest.param({"fixedResponse": {"statusCode": 200}}, id="API model, FixedResponseAction: only 404 and 500"),
    pytest.param({"forward": {"targetGroups": []}}, id="API model, WeightedTargetGroupList: at least 1"),
    pytest.param({**NOT_FOUND, "forward": {"targetGroups": []}}, id="API model, RuleAction: a union"),
]


@pytest.mark.parametrize("action", REFUSED_ACTIONS)
def test_an_action_is_refused(unchecked_client, listener, error_of, action):
    members = {**listener, "name": "reads", "priority": 1, "match": READS, "action": action}
    assert error_of(unchecked_client.create_rule, **members)["status"] == 400


def test_several_target_groups_need_weights(client, listener, make_rule, make_group, error_of):
    """API reference of WeightedTargetGroup: "Only required if you specify multiple target groups"."""
    groups = [{"targetGroupIdentifier": make_group(name)} for name in ("orders-v1", "orders-v2")]
    assert error_of(make_rule, name="reads", priority=1, action={"forward": {"targetGroups": groups}})["status"] == 400
    weighted = [{**group, "weight": weight} for group, weight in zip(groups, (0, 999), strict=True)]
    rule = make_rule("reads", 1, action={"forward": {"targetGroups": weighted}})
    assert client.get_rule(**listener, **rule)["action"] == {"forward": {"targetGroups": weighted}}


def test_a_target_group_is_used_by_one_service(make_service, make_rule, make_group, make_listener, error_of):
    """API reference, CreateTargetGroup: "only be used by a single service"; Gateway API Controller, #77."""
    group_id = make_group("orders-v1")
    make_rule("reads", 1, action=forward(group_id))
    make_rule("writes", 2, action=forward(group_id))
    error = error_of(make_listener, service_id=make_service("carts"), defaultAction=forward(group_id))
    message = f"TargetGroup {group_id} has been associated with other services"
    assert (error["status"], error["resourceId"], error["message"]) == (409, group_id, message)


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_http2_and_grpc_need_an_https_listener(make_service, make_group, make_listener, error_of, version):
    """User Guide, "Target groups": protocol version."""
    service_id, group_id = make_service("shop"), make_group("shop-v1", protocolVersion=version)
    assert error_of(make_listener, service_id=service_id, defaultAction=forward(group_id))["status"] == 400
    assert make_listener(service_id, group_id, protocol="HTTPS")
