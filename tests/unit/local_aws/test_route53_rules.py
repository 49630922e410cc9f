import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]
_NUMBERS = count()


@pytest.fixture
def vpc(admin: Client) -> dict[str, str]:
    return {"VPCId": admin("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"], "VPCRegion": "us-west-2"}


@pytest.fixture
def zone(admin: Client, vpc: dict[str, str]) -> str:
    made = admin("route53").create_hosted_zone(Name="z.io", CallerReference=f"z{next(_NUMBERS)}", VPC=vpc)
    assert made["HostedZone"]["Config"]["PrivateZone"]
    return str(made["HostedZone"]["Id"])


@pytest.fixture
def change(admin: Client, zone: str) -> Callable[..., Any]:
    def run(*changes: tuple[str, str, str, str]) -> Any:
        batch = [
            {
                "Action": action,
                "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]},
            }
            for action, name, kind, value in changes
        ]
        return admin("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})

    return run


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("change_made", "text"),
    [
        (("CREATE", "a.z.io", "CNAME", "c.io"), "already exists"),
        (("CREATE", "a.z.io", "A", "10.0.0.1"), "conflicts with other records"),
        (("CREATE", "b.z.io", "CNAME", "c.io"), "conflicting RRSet"),
        (("UPSERT", "z.io", "CNAME", "c.io"), "not permitted at apex"),
        (("CREATE", "a.other.io", "A", "10.0.0.1"), "not permitted in zone"),
        (("CREATE", "az.io", "A", "10.0.0.1"), "not permitted in zone"),
        (("CREATE", "c.z.io", "TXT", "unquoted"), "enclosed in quotation marks"),
        (("CREATE", "c.z.io", "A", "::1"), "not a valid IPv4 address"),
        (("DELETE", "a.z.io", "CNAME", "other.io"), "do not match the current values"),
        (("DELETE", "c.z.io", "CNAME", "c.io"), "was not found"),
    ],
)
def test_a_wrong_change_refuses_the_whole_batch(
    change: Callable[..., Any], admin: Client, zone: str, change_made: tuple[str, str, str, str], text: str
) -> None:
    change(("CREATE", "a.z.io", "CNAME", "b.io"), ("CREATE", "b.z.io", "A", "10.0.0.1"))
    with pytest.raises(ClientError, match=text) as caught:
        change(("UPSERT", "new.z.io", "A", "10.0.0.9"), change_made)
    assert caught.value.response["Error"]["Code"] == "InvalidChangeBatch"
    records = admin("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert "new.z.io." not in [record["Name"] for record in records]


def test_a_record_can_be_made_again_after_its_deletion(change: Callable[..., Any]) -> None:
    change(("CREATE", "A.z.io", "CNAME", "b.io"))
    change(("DELETE", "a.z.io.", "CNAME", "b.io"), ("CREATE", "a.z.io", "A", "10.0.0.1"))
    change(("UPSERT", "a.z.io", "A", "10.0.0.2"))


def test_the_id_of_a_zone_looks_like_that_of_aws(zone: str) -> None:
    assert re.fullmatch(r"(/hostedzone/)?Z[0-9A-Z]{12,31}", zone)


def test_a_vpc_has_one_zone_of_a_name(admin: Client, zone: str, vpc: dict[str, str]) -> None:
    twin = {"Name": "z.io", "CallerReference": f"z{next(_NUMBERS)}", "VPC": vpc}
    assert code_of(lambda: admin("route53").create_hosted_zone(**twin)) == "ConflictingDomainExists"
    again = {"HostedZoneId": zone, "VPC": vpc}
    assert code_of(lambda: admin("route53").associate_vpc_with_hosted_zone(**again)) == "ConflictingDomainExists"


def test_a_vpc_must_exist(admin: Client, zone: str) -> None:
    missing = {"HostedZoneId": zone, "VPC": {"VPCId": "vpc-0", "VPCRegion": "us-west-2"}}
    assert code_of(lambda: admin("route53").associate_vpc_with_hosted_zone(**missing)) == "InvalidVPCId"
    assert code_of(lambda: admin("route53").disassociate_vpc_from_hosted_zone(**missing)) == "VPCAssociationNotFound"


def test_the_last_vpc_stays(admin: Client, zone: str, vpc: dict[str, str]) -> None:
    last = {"HostedZoneId": zone, "VPC": vpc}
    assert code_of(lambda: admin("route53").disassociate_vpc_from_hosted_zone(**last)) == "LastVPCAssociation"


def test_tags_of_zones_are_listed(admin: Client, zone: str) -> None:
    identifier = zone.rsplit("/", maxsplit=1)[-1]
    tags = [{"Key": "trellis:managed", "Value": "true"}]
    admin("route53").change_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier, AddTags=tags)
    listed = admin("route53").list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[identifier])
    assert listed["ResourceTagSets"][0]["Tags"] == tags
