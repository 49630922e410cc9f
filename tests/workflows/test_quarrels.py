"""What somebody else keeps changing back is left alone for an hour; what an object wants left alone always is."""

import json
from typing import Any

import pytest
from flow_driver import onboard, reconcile
from flow_forks import in_branch
from flow_lab import BUCKET, FlowLab
from flow_world import CLUSTER, ROUTE, ZONE, apply_manifests

HOUR = 3600
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/gateways/eks-lattice-network"


class Rules:
    """The rules of the walk-through's service, as somebody with a console has them."""

    def __init__(self, lab: FlowLab) -> None:
        self._lattice = lab.aws("vpc-lattice")
        services = self._lattice.list_services()["items"]
        self.service = next(item["id"] for item in services if item.get("customDomainName", "").endswith(ZONE))
        listener = self._lattice.list_listeners(serviceIdentifier=self.service)["items"][0]["id"]
        self._where = {"serviceIdentifier": self.service, "listenerIdentifier": listener}

    def codes(self) -> list[int]:
        """The rules that answer with a fixed response, which Trellis never wants here."""
        return [
            rule["action"]["fixedResponse"]["statusCode"] for rule in self._all() if "fixedResponse" in rule["action"]
        ]

    def spoil(self, index: int = 0) -> None:
        """Answer 404 where traffic should go."""
        rule = sorted(self._all(), key=lambda found: int(found["priority"]))[index]
        action = {"fixedResponse": {"statusCode": 404}}
        self._lattice.update_rule(**self._where, ruleIdentifier=rule["id"], action=action)

    def _all(self) -> list[dict[str, Any]]:
        items = self._lattice.list_rules(**self._where)["items"]
        return [
            self._lattice.get_rule(**self._where, ruleIdentifier=item["id"]) for item in items if not item["isDefault"]
        ]


def converged(lab: FlowLab) -> Rules:
    """The walk-through's service, long after anything was changed."""
    onboard(lab, CLUSTER, "onboard")
    apply_manifests(lab)
    reconcile(lab, CLUSTER, "first")
    lab.clock.move(2 * HOUR)
    return Rules(lab)


def quarrel(lab: FlowLab, rules: Rules, times: int) -> None:
    """Somebody spoils a rule and a run puts it back, some times in a row."""
    for number in range(times):
        rules.spoil()
        assert reconcile(lab, CLUSTER, f"quarrel-{number}")["status"] == "APPLIED"
        assert rules.codes() == []
        lab.clock.move(60)


def report_of(lab: FlowLab, outline: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.aws("s3").get_object(Bucket=BUCKET, Key=outline["report"])["Body"].read())
    return found


def annotate(lab: FlowLab, path: str, mode: str | None) -> None:
    lab.kubernetes(CLUSTER).merge(path, {"metadata": {"annotations": {"trellis.dev/mode": mode}}})


def programmed(lab: FlowLab) -> tuple[str, str]:
    route = lab.kubernetes(CLUSTER).get(ROUTE) or {}
    conditions = {found["type"]: found for found in route["status"]["parents"][0]["conditions"]}
    return conditions["Programmed"]["status"], conditions["Programmed"]["reason"]


def test_the_fifth_change_of_a_rule_within_an_hour_is_left_alone_and_told(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        quarrel(lab, rules, 4)
        rules.spoil()
        outline = reconcile(lab, CLUSTER, "fifth")
        return outline["status"], rules.codes(), report_of(lab, outline)["refused"], programmed(lab)

    status, codes, refused, condition = in_branch(work)
    assert (status, codes, condition) == ("REPORT_ONLY", [404], ("False", "Contested"))
    (line,) = refused
    assert line["reason"] == "Contested"
    assert "was put back 4 times" in line["message"]
    assert "no event told who changes it" in line["message"]


def test_when_the_hour_is_over_it_is_put_back(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        quarrel(lab, rules, 4)
        rules.spoil()
        lab.clock.move(HOUR - 10 * 60)
        before = reconcile(lab, CLUSTER, "before")["status"]
        lab.clock.move(10 * 60)
        return before, reconcile(lab, CLUSTER, "after")["status"], rules.codes(), programmed(lab)

    assert in_branch(work) == ("REPORT_ONLY", "APPLIED", [], ("True", "Programmed"))


def test_the_rest_of_a_contested_service_is_repaired(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        quarrel(lab, rules, 4)
        rules.spoil(0)
        rules.spoil(1)
        outline = reconcile(lab, CLUSTER, "fifth")
        report = report_of(lab, outline)
        return outline["status"], rules.codes(), [line["reason"] for line in report["refused"]]

    assert in_branch(work) == ("APPLIED", [404], ["Contested"])


def test_an_owner_who_edits_a_route_five_times_is_no_contest(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        api, found = lab.kubernetes(CLUSTER), []
        for weight in (1, 2, 3, 4, 5, 6):
            spec: dict[str, Any] = (api.get(ROUTE) or {})["spec"]
            spec["rules"][1]["backendRefs"][0]["weight"] = weight
            api.merge(ROUTE, {"spec": {"rules": spec["rules"]}})
            found.append(reconcile(lab, CLUSTER, f"edit-{weight}")["status"])
        assert rules.codes() == []
        return found

    assert in_branch(work) == ["APPLIED"] * 6


def test_going_back_and_forth_by_the_owner_is_no_contest(lab: FlowLab) -> None:
    def work() -> Any:
        converged(lab)
        api, found = lab.kubernetes(CLUSTER), []
        for number in range(12):
            spec: dict[str, Any] = (api.get(ROUTE) or {})["spec"]
            spec["rules"][1]["backendRefs"][0]["weight"] = 7 + number % 2
            api.merge(ROUTE, {"spec": {"rules": spec["rules"]}})
            found.append(reconcile(lab, CLUSTER, f"toggle-{number}")["status"])
        return found

    assert in_branch(work) == ["APPLIED"] * 12


@pytest.mark.parametrize("path", [ROUTE, GATEWAY])
def test_a_service_in_mode_plan_is_reported_and_not_touched(lab: FlowLab, path: str) -> None:
    def work() -> Any:
        rules = converged(lab)
        annotate(lab, path, "plan")
        rules.spoil()
        outline = reconcile(lab, CLUSTER, "held")
        planned = report_of(lab, outline)["planned"]
        told = [(change["kind"], change["action"]) for change in planned]
        held = outline["status"], rules.codes(), told, programmed(lab)
        annotate(lab, path, None)
        return held, reconcile(lab, CLUSTER, "lifted")["status"], rules.codes()

    held, lifted, codes = in_branch(work)
    assert held == ("REPORT_ONLY", [404], [("UpdateRule", "reported")], ("False", "ReportedOnly"))
    assert (lifted, codes) == ("APPLIED", [])


def test_the_rest_of_the_cluster_is_repaired_beside_a_held_service(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        annotate(lab, ROUTE, "plan")
        rules.spoil()
        group = lab.aws("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
        owned = [{"Name": "group-id", "Values": [group]}, {"Name": "tag-key", "Values": ["trellis:owner"]}]
        ec2 = lab.aws("ec2")
        rule = ec2.describe_security_group_rules(Filters=owned)["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
        outline = reconcile(lab, CLUSTER, "held")
        done = [change["kind"] for change in report_of(lab, outline)["done"]]
        return outline["status"], done, rules.codes()

    assert in_branch(work) == ("APPLIED", ["AuthorizeIngress"], [404])


def test_a_held_route_that_moves_takes_neither_service_nor_name_along(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        annotate(lab, ROUTE, "plan")
        lab.kubernetes(CLUSTER).merge(ROUTE, {"spec": {"parentRefs": [{"name": "nowhere"}]}})
        before = _records(lab)
        outline = reconcile(lab, CLUSTER, "moved")
        services = [item["id"] for item in lab.aws("vpc-lattice").list_services()["items"]]
        return outline["status"], rules.service in services, _records(lab) == before

    assert in_branch(work) == ("REPORT_ONLY", True, True)


def test_a_value_that_is_no_mode_holds_the_service_and_is_told(lab: FlowLab) -> None:
    def work() -> Any:
        rules = converged(lab)
        annotate(lab, ROUTE, "Remediate!")
        rules.spoil()
        outline = reconcile(lab, CLUSTER, "held")
        route = lab.kubernetes(CLUSTER).get(ROUTE) or {}
        conditions = {found["type"]: found for found in route["status"]["parents"][0]["conditions"]}
        return outline["status"], rules.codes(), conditions["trellis.dev/ModeValid"]["message"]

    status, codes, message = in_branch(work)
    assert (status, codes) == ("REPORT_ONLY", [404])
    assert "'Remediate!' is neither plan nor remediate" in message


def _records(lab: FlowLab) -> list[str]:
    route53 = lab.aws("route53")
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    return sorted(found["Name"] for found in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"])
