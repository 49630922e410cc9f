"""IAMAuthPolicies: what each is for, which of several counts, and why others do not."""

from typing import Any

import pytest
from gateway_api_objects import CLUSTER, Raw, auth_policy, everyone, gateway, gateway_class, intent_of, route

from trellis.gateway_api import Intent, PolicyResult, Results, build_desired, build_status
from trellis.model import AuthPolicy

OTHER_POLICY = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}'
NETWORK = "network/eks-lattice-network"
ON_GATEWAY = "Gateway/eks-lattice-network"


def wanted(intent: Intent) -> dict[str, AuthPolicy]:
    return {policy.holder: policy for policy in intent.auth_policies}


def accepted(intent: Intent) -> dict[str, tuple[str, str]]:
    return {
        f"{found.namespace}/{found.name}": (found.accepted.status, found.accepted.reason) for found in intent.policies
    }


def service_of(intent: Intent, index: int = 0) -> str:
    return f"service/{intent.services[index].name}"


def test_a_policy_on_a_route_is_for_its_service() -> None:
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy()])
    (policy,) = intent.auth_policies
    assert (policy.holder, policy.source) == (service_of(intent), "IAMAuthPolicy apps/who")
    assert policy.document.startswith('{"Version":"2012-10-17"')
    assert accepted(intent) == {"apps/who": ("True", "Accepted")}


def test_a_service_that_is_to_have_a_policy_is_closed_from_its_creation() -> None:
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy(policy="no JSON")])
    assert build_desired(intent, CLUSTER).services[0].auth_policy == "IAMAuthPolicy apps/who"


def test_a_policy_on_a_route_is_for_all_its_services() -> None:
    hostnames = ["a.lattice-test.io", "b.lattice-test.io"]
    intent = intent_of(HTTPRoute=[route(hostnames=hostnames)], IAMAuthPolicy=[auth_policy()])
    assert set(wanted(intent)) == {service_of(intent, 0), service_of(intent, 1)}


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ({"kind": "HTTPRoute", "name": "missing"}, "TargetNotFound"),
        ({"kind": "Gateway", "name": "missing"}, "TargetNotFound"),
        ({"kind": "GRPCRoute", "name": "datastore"}, "Invalid"),
        ({"kind": "HTTPRoute", "name": "datastore", "group": "example.com"}, "Invalid"),
        ({"kind": "HTTPRoute", "name": "datastore", "namespace": "shop"}, "Invalid"),
    ],
)
def test_a_policy_for_what_it_cannot_be_for_changes_nothing(ref: Raw, reason: str) -> None:
    full = {"group": "gateway.networking.k8s.io", **ref}
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy(targetRef=full)])
    assert accepted(intent) == {"apps/who": ("False", reason)}
    assert intent.auth_policies == ()


def test_a_namespace_cannot_name_another_namespaces_route() -> None:
    intent = intent_of(
        Gateway=[everyone()],
        HTTPRoute=[route(namespace="shop")],
        IAMAuthPolicy=[auth_policy(namespace="apps")],
    )
    assert accepted(intent) == {"apps/who": ("False", "TargetNotFound")}
    assert intent.auth_policies == ()


def test_a_policy_that_is_not_sound_keeps_what_is_there_and_says_where() -> None:
    bad = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}}'
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy(policy=bad)])
    (policy,) = intent.auth_policies
    assert (policy.document, "/Statement/Action: 's3:GetObject'" in policy.problem) == ("", True)
    condition = intent.policies[0].accepted
    assert (condition.status, condition.reason) == ("False", "Invalid")
    assert condition.message.startswith("spec.policy: /Statement/Action")


def test_a_policy_for_a_section_does_not_count_for_the_whole_and_opens_nothing() -> None:
    ref = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "datastore", "sectionName": "public"}
    younger = auth_policy(name="younger", created="2026-03-01")
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy(targetRef=ref), younger])
    (policy,) = intent.auth_policies
    assert (policy.document, "targetRef.sectionName" in policy.problem) == ("", True)
    assert accepted(intent) == {"apps/who": ("False", "Invalid"), "apps/younger": ("False", "Conflicted")}


def test_of_two_policies_of_one_moment_the_first_by_name_counts() -> None:
    policies = [auth_policy(name="b", policy=OTHER_POLICY), auth_policy(name="a")]
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=policies)
    assert accepted(intent) == {"apps/a": ("True", "Accepted"), "apps/b": ("False", "Conflicted")}


def test_of_two_policies_for_one_route_the_older_counts() -> None:
    policies = [auth_policy(name="young", policy=OTHER_POLICY, created="2026-03-01"), auth_policy(name="old")]
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=policies)
    assert accepted(intent) == {"apps/old": ("True", "Accepted"), "apps/young": ("False", "Conflicted")}
    assert [policy.source for policy in intent.auth_policies] == ["IAMAuthPolicy apps/old"]


def test_policies_of_two_routes_that_share_a_service_conflict_unless_they_say_the_same() -> None:
    routes = [route(name="one"), route(name="two")]
    first = auth_policy("HTTPRoute/one", name="first")
    second = auth_policy("HTTPRoute/two", name="second", created="2026-03-01")
    assert accepted(intent_of(HTTPRoute=routes, IAMAuthPolicy=[first, second]))["apps/second"] == ("True", "Accepted")
    other: Any = {**second, "spec": {**second["spec"], "policy": OTHER_POLICY}}
    conflicted = accepted(intent_of(HTTPRoute=routes, IAMAuthPolicy=[first, other]))
    assert conflicted["apps/second"] == ("False", "Conflicted")


def test_a_policy_that_is_being_deleted_counts_no_more() -> None:
    leaving = auth_policy()
    leaving["metadata"]["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[leaving])
    assert (intent.policies, intent.auth_policies) == ((), ())


def test_a_route_that_is_not_served_for_now_still_protects_the_service_of_its_hostname() -> None:
    lost = route(name="lost", parentRefs=[{"name": "gone"}])
    intent = intent_of(HTTPRoute=[lost, route()], IAMAuthPolicy=[auth_policy("HTTPRoute/lost")])
    assert set(wanted(intent)) == {service_of(intent)}


def test_what_belongs_to_other_controllers_is_left_alone() -> None:
    foreign = [gateway_class(), gateway_class("application-networking.k8s.aws/gateway-api-controller", "aws")]
    theirs = gateway(gatewayClassName="aws")
    policies = [auth_policy(), auth_policy(ON_GATEWAY, name="net")]
    intent = intent_of(GatewayClass=foreign, Gateway=[theirs], HTTPRoute=[route()], IAMAuthPolicy=policies)
    assert (intent.policies, intent.auth_policies) == ((), ())
    alone = intent_of(GatewayClass=foreign[1:], Gateway=[theirs], IAMAuthPolicy=[auth_policy("HTTPRoute/none")])
    assert alone.policies == ()


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        ((), "NotAllowed"),
        (("EKS-CLUSTER-B/shop", "EKS-CLUSTER-A/apps"), "NotAllowed"),
        (("EKS-CLUSTER-B/apps",), "Accepted"),
        (("*/apps",), "Accepted"),
    ],
)
def test_only_whom_the_configuration_names_sets_the_policy_of_the_network(
    sources: tuple[str, ...], reason: str
) -> None:
    intent = intent_of(*sources, IAMAuthPolicy=[auth_policy(ON_GATEWAY)])
    assert accepted(intent)["apps/who"][1] == reason
    assert set(wanted(intent)) == ({NETWORK} if reason == "Accepted" else set())


def test_the_network_of_others_is_not_the_clusters_to_close() -> None:
    intent = intent_of(
        "*/*", Gateway=[gateway(name="other-network")], IAMAuthPolicy=[auth_policy("Gateway/other-network")]
    )
    assert (accepted(intent)["apps/who"], intent.auth_policies) == (("False", "NotAllowed"), ())


def test_an_older_policy_of_a_namespace_that_may_not_set_it_stands_in_nobodys_way() -> None:
    gateways = [gateway(), gateway(namespace="shop")]
    hostile = auth_policy(ON_GATEWAY, namespace="shop", policy=OTHER_POLICY, created="2020-01-01")
    intent = intent_of("*/apps", Gateway=gateways, IAMAuthPolicy=[hostile, auth_policy(ON_GATEWAY)])
    assert wanted(intent)[NETWORK].source == "IAMAuthPolicy apps/who"


def test_a_policy_that_cannot_be_read_keeps_what_it_may_be_for_as_it_is() -> None:
    routes = [route(), route(name="other", hostnames=["other.lattice-test.io"])]
    broken = {"metadata": {"name": "broken", "namespace": "apps"}, "spec": {"policy": 7, "targetRef": 7}}
    intent = intent_of(HTTPRoute=routes, IAMAuthPolicy=[broken, auth_policy()])
    assert {policy.reason for policy in intent.auth_policies} == {"Unreadable"}
    assert len(intent.auth_policies) == 2
    named = auth_policy(name="broken", policy=7)
    intent = intent_of(HTTPRoute=routes, IAMAuthPolicy=[named])
    assert [policy.source for policy in intent.auth_policies] == ["IAMAuthPolicy apps/broken"]


def programmed(result: PolicyResult | None) -> dict[str, tuple[str, str]]:
    intent = intent_of(HTTPRoute=[route()], IAMAuthPolicy=[auth_policy()])
    results = Results(policies=(result,) if result else ())
    found = next(status for status in build_status(intent, results) if status.kind == "IAMAuthPolicy")
    return {item["type"]: (item["status"], item["reason"]) for item in found.status["conditions"]}


def test_the_status_says_whether_vpc_lattice_has_the_policy() -> None:
    holder = service_of(intent_of(HTTPRoute=[route()]))
    assert programmed(PolicyResult(holder, "PROGRAMMED"))["Programmed"] == ("True", "Programmed")
    assert programmed(None)["Programmed"] == ("False", "Pending")
    refused = PolicyResult(holder, "REFUSED", "UnresolvedPlaceholder", "…")
    assert programmed(refused) == {
        "Accepted": ("True", "Accepted"),
        "Programmed": ("False", "UnresolvedPlaceholder"),
    }
    conflicted = PolicyResult(holder, "REFUSED", "Conflicted", "…")
    assert programmed(conflicted)["Accepted"] == ("False", "Conflicted")
