"""Two that ask for the same hostname at the same moment: one gets it, and nothing of the other is lost or taken over.

Each has read the zone before the other writes, which is the worst that their runs can do to each other.
"""

from typing import Any

from flow_forks import in_branch
from flow_lab import FlowLab
from flow_world import ZONE

from trellis.model import Cluster, DnsName
from trellis.planning.dns import diff_names
from trellis.planning.dns_state import NamesWanted
from trellis.resources.dns import Names
from trellis.resources.dns import reconcile as reconcile_names

HOSTNAME = f"wanted-by-both.{ZONE}"


def wanted(cluster: str, *, service: str = "") -> NamesWanted:
    asking = Cluster(cluster, "111122223333", "us-west-2", f"vpc-{cluster}", "sg", "net")
    return NamesWanted(asking, (DnsName(HOSTNAME, service or f"store-{cluster}", "HTTPRoute x/y"),), (), ttl=60)


def records(lab: FlowLab) -> dict[str, str]:
    route53 = lab.aws("route53")
    zone = next(found["Id"] for found in route53.list_hosted_zones()["HostedZones"] if found["Name"] == f"{ZONE}.")
    return {
        f"{found['Type']} {found['Name']}": found["ResourceRecords"][0]["Value"]
        for found in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if HOSTNAME in found["Name"]
    }


def names(lab: FlowLab) -> Names:
    for cluster in ("a", "b"):
        lab.aws("vpc-lattice").create_service(name=f"store-{cluster}", customDomainName=HOSTNAME)
    return Names(lab.aws("route53"), lab.aws("vpc-lattice"), "111122223333")


def test_the_second_of_two_clusters_is_refused_and_changes_nothing(lab: FlowLab) -> None:
    def race() -> Any:
        client = names(lab)
        plans = [diff_names(wanted(cluster), client.observe()).changes for cluster in ("a", "b")]
        first = [client.apply(change, "us-west-2") for change in plans[0]]
        before = records(lab)
        second = [client.apply(change, "us-west-2") for change in plans[1]]
        afterwards = reconcile_names(client, wanted("b"), set)
        return first, before, second, [refusal.reason for refusal in afterwards.refusals], records(lab)

    first, before, second, reasons, after = in_branch(race)
    assert first == [None]
    assert "owner=111122223333/a," in before[f"TXT _trellis.{HOSTNAME}."]
    assert [refusal.reason for refusal in second] == ["InvalidChangeBatch"]
    assert reasons == ["RecordNotOwned"]
    assert after == before


def test_what_somebody_changed_since_it_was_read_is_not_written_over(lab: FlowLab) -> None:
    def race() -> Any:
        client = names(lab)
        reconcile_names(client, wanted("a"), set)
        lab.aws("vpc-lattice").create_service(name="store-new", customDomainName=HOSTNAME)
        plan = diff_names(wanted("a", service="store-new"), client.observe()).changes
        route53 = lab.aws("route53")
        zone = next(found["Id"] for found in route53.list_hosted_zones()["HostedZones"] if found["Name"] == f"{ZONE}.")
        theirs = {"Name": HOSTNAME, "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "theirs.example"}]}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": theirs}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        return [client.apply(change, "us-west-2") for change in plan], records(lab)

    refusals, after = in_branch(race)
    assert [refusal.reason for refusal in refusals] == ["InvalidChangeBatch"]
    assert after[f"CNAME {HOSTNAME}."] == "theirs.example"
