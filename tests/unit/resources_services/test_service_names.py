"""A name leads to the service that is there, not to one that is going away."""

import boto3
from service_lab import NAME, Lab

from trellis.resources.dns import Names


def test_a_service_that_is_deleted_gives_no_domain_name_any_more(lab: Lab) -> None:
    names = Names(boto3.client("route53"), lab.lattice)
    made = lab.other.create_service(name=NAME)
    assert names.observe().domains[NAME] == made["dnsEntry"]["domainName"]
    lab.clock.move(10)
    lab.other.delete_service(serviceIdentifier=made["id"])
    assert NAME not in names.observe().domains
