"""A name leads to the account's own service that is there, and is known by what was noted of it."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from service_lab import ACCOUNT, NAME, NETWORK, Lab

from trellis.fleet.inventory import Inventory
from trellis.model import Cluster, DnsName
from trellis.planning.dns_state import NamesWanted
from trellis.planning.work import KindPlan, Outcome
from trellis.resources import dns
from trellis.resources.dns import Names
from trellis.resources.services import existing
from trellis_local.aws import route53

HOSTNAME = "store.lattice-test.io"
OWNER, VPC = f"_trellis.{HOSTNAME}.", "_trellis-vpc."
_NUMBERS = count()


def test_a_service_that_is_deleted_gives_no_domain_name_any_more(lab: Lab) -> None:
    names = Names(boto3.client("route53"), lab.lattice, ACCOUNT)
    made = lab.other.create_service(name=NAME, customDomainName=HOSTNAME)
    assert names.observe().domains[NAME] == made["dnsEntry"]["domainName"]
    assert existing(lab.lattice, ACCOUNT) == {NAME}
    lab.clock.move(10)
    lab.other.delete_service(serviceIdentifier=made["id"])
    assert NAME not in names.observe().domains
    assert existing(lab.lattice, ACCOUNT) == frozenset()


class Named:
    """A cluster with one name in a managed zone, which its runs have noted in the inventory."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.route53 = lab, boto3.client("route53")
        vpc = {"VPCRegion": "us-west-2", "VPCId": lab.vpc_id}
        number = f"{next(_NUMBERS)}"
        private: Any = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": vpc}
        made = self.route53.create_hosted_zone(Name="lattice-test.io", CallerReference=number, **private)
        self.zone = made["HostedZone"]["Id"].rpartition("/")[2]
        tag = {"Key": "trellis:managed", "Value": "true"}
        self.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=self.zone, AddTags=[tag])
        other = boto3.client("ec2", region_name="us-west-2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        self.cluster = Cluster("b", ACCOUNT, "us-west-2", other, "sg-b", NETWORK)
        lab.other.create_service(name=NAME, customDomainName=HOSTNAME)
        asked = (DnsName(HOSTNAME, NAME, "HTTPRoute apps/store"),)
        self.wanted = NamesWanted(self.cluster, asked, (self.cluster,), ttl=60)
        self.inventory = Inventory(_table(f"fleet-names-{number}"), f"fleet-names-{number}", clock=lab.clock.time)

    def plan(self) -> KindPlan:
        found = dns.plan(Names(self.route53, self.lab.lattice, ACCOUNT), self.wanted, self.recall)
        self.inventory.note("b", dict.fromkeys(found.ids, "sync_dns/b"))
        return found

    def run(self) -> Outcome:
        """As the state machine does: plan, apply, verify."""
        self.plan()
        done = dns.reconcile(Names(self.route53, self.lab.lattice, ACCOUNT), self.wanted, self.recall)
        self.plan()
        return done

    def recall(self) -> Any:
        return self.inventory.of("b")

    def records(self) -> dict[tuple[str, str], dict[str, Any]]:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        kept = [record for record in found if record["Type"] in ("CNAME", "TXT")]
        return {(record["Name"], record["Type"]): dict(record) for record in kept}

    def change(self, action: str, record: Any) -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})  # type: ignore[typeddict-item]

    def of(self, beginning: str) -> dict[str, Any]:
        return next(record for (name, _), record in self.records().items() if name.startswith(beginning))

    def spoil(self, beginning: str, text: str) -> None:
        self.change("UPSERT", {**self.of(beginning), "ResourceRecords": [{"Value": text}]})


def _table(name: str) -> Any:
    dynamodb = boto3.client("dynamodb", region_name="us-west-2")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return dynamodb


@pytest.fixture
def named(lab: Lab) -> Iterator[Named]:
    uninstall = route53.install()
    found = Named(lab)
    assert found.run().refusals == ()
    yield found
    for record in found.records().values():
        found.change("DELETE", record)
    found.route53.delete_hosted_zone(Id=found.zone)
    uninstall()


def test_a_lost_or_spoiled_ownership_record_is_put_back(named: Named) -> None:
    before = named.records()
    assert len(before) == 3
    for beginning in (OWNER, VPC):
        named.change("DELETE", named.of(beginning))
        assert [change["found"] for change in named.run().done] == [[]]
        assert named.records() == before
        named.spoil(beginning, '"nobody"')
        named.run()
        assert named.records() == before
    assert named.plan().changes == ()


@pytest.mark.parametrize("beginning", [OWNER, VPC])
def test_another_owner_s_is_not(named: Named, beginning: str) -> None:
    named.spoil(beginning, '"heritage=trellis,owner=444455556666/c,for=HTTPRoute apps/theirs"')
    spoiled = named.of(beginning)
    outcome = named.run()
    assert (named.of(beginning), [refusal.reason for refusal in outcome.refusals]) == (spoiled, ["RecordNotOwned"])
    named.change("DELETE", spoiled)
    named.run()
    assert f"{ACCOUNT}/" in str(named.of(beginning)), "what was noted has not been forgotten"


def test_a_name_that_leads_elsewhere_without_its_ownership_record_stays_foreign(named: Named) -> None:
    named.change("DELETE", named.of(OWNER))
    theirs = {**named.of(HOSTNAME), "ResourceRecords": [{"Value": "elsewhere.example.com"}]}
    named.change("UPSERT", theirs)
    assert [refusal.reason for refusal in named.run().refusals] == ["RecordNotOwned"]
    assert (named.of(HOSTNAME), any(name == OWNER for name, _ in named.records())) == (theirs, False)


def test_a_service_of_that_name_without_a_hostname_is_not_what_the_hostname_leads_to(lab: Lab) -> None:
    lab.other.create_service(name=NAME)
    assert Names(boto3.client("route53"), lab.lattice, ACCOUNT).observe().domains == {}


class Sharing:
    """VPC Lattice as it lists an own service, and then one of another account with the same name."""

    def get_paginator(self, operation: str) -> "Sharing":
        assert operation == "list_services"
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        for account in (ACCOUNT, "999988887777"):
            arn = f"arn:aws:vpc-lattice:us-west-2:{account}:service/svc-0"
            entry = {"domainName": f"{account}.on.aws"}
            named = {"name": NAME, "customDomainName": HOSTNAME, "status": "ACTIVE"}
            yield {"items": [{**named, "arn": arn, "dnsEntry": entry}]}


def test_a_service_that_another_account_shares_under_that_name_gets_no_requests(lab: Lab) -> None:
    lattice: Any = Sharing()
    names = Names(boto3.client("route53"), lattice, ACCOUNT)
    assert names.observe().domains == {NAME: f"{ACCOUNT}.on.aws"}
    assert existing(lattice, "555566667777") == frozenset()
