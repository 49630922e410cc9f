"""The walk-through's steps on the session's stack: what everything else builds on. It ends in test_leave.py."""

from trellis_local.walkthrough import Walkthrough


def test_tagged_clusters_are_onboarded_without_anybody_doing_anything(onboarded: Walkthrough) -> None:
    assert _failed(onboarded, "Onboard") == []


def test_a_route_becomes_a_service_with_rules_and_healthy_targets(onboarded: Walkthrough) -> None:
    assert _failed(onboarded, "Route") == []


def test_the_hostname_leads_to_the_service_in_both_vpcs(onboarded: Walkthrough) -> None:
    assert _failed(onboarded, "Name") == []


def test_traffic_is_split_by_weight_and_stays_inside_of_the_network(onboarded: Walkthrough) -> None:
    onboarded.traffic()
    assert _failed(onboarded, "Traffic") == []


def test_tls_has_the_right_certificate_for_each_name(onboarded: Walkthrough) -> None:
    onboarded.encrypt()
    assert _failed(onboarded, "Encrypt") == []


def test_one_role_gets_through_from_one_vpc_where_policies_say_so(onboarded: Walkthrough) -> None:
    onboarded.authorise()
    assert _failed(onboarded, "Authorise") == []


def test_what_somebody_else_changes_is_put_back_and_told_of(onboarded: Walkthrough) -> None:
    onboarded.drift()
    assert _failed(onboarded, "Drift") == []


def _failed(walkthrough: Walkthrough, step: str) -> list[str]:
    checks = [check for check in walkthrough.checks if check.step == step]
    assert checks, f"the step {step} checked nothing"
    return [f"{check.what}: {check.found}" for check in checks if not check.passed]
