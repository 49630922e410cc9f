"""A name leads to the account's own service that is there, not to one that is going away, and not to others."""

from collections.abc import Iterator
from typing import Any

import boto3
from service_lab import ACCOUNT, NAME, Lab

from trellis.resources.dns import Names
from trellis.resources.services import existing

HOSTNAME = "datastore.lattice-test.io"


def test_a_service_that_is_deleted_gives_no_domain_name_any_more(lab: Lab) -> None:
    names = Names(boto3.client("route53"), lab.lattice, ACCOUNT)
    made = lab.other.create_service(name=NAME, customDomainName=HOSTNAME)
    assert names.observe().domains[NAME] == made["dnsEntry"]["domainName"]
    assert existing(lab.lattice, ACCOUNT) == {NAME}
    lab.clock.move(10)
    lab.other.delete_service(serviceIdentifier=made["id"])
    assert NAME not in names.observe().domains
    assert existing(lab.lattice, ACCOUNT) == frozenset()


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
