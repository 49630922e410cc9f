"""What belongs to somebody else is never changed or deleted, whatever its kind: wanted here, or wanted no more."""

from dataclasses import replace

import pytest

from trellis.model import (
    Cluster,
    ClusterState,
    DnsName,
    HostedZone,
    LinkLocalRule,
    NameOwnership,
    RecordSet,
    Service,
    ServiceNetwork,
    TargetGroup,
    VpcAssociation,
    cluster_owner,
    fleet_owner,
)
from trellis.planning.dns import diff_names
from trellis.planning.dns_ownership import owner_text
from trellis.planning.dns_state import NamesWanted, ObservedNames
from trellis.planning.network import ObservedNetwork, diff_network
from trellis.planning.security_group import RevokeIngress, diff_security_group, wanted_rules
from trellis.planning.service_changes import describe
from trellis.planning.service_state import ObservedGroup, ObservedService
from trellis.planning.services import diff_service

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")
LEAVING = replace(CLUSTER, state=ClusterState.LEAVING)
OWNER = cluster_owner(CLUSTER.account, CLUSTER.name)
GROUP = TargetGroup("tg", "vpc-1", 80, status="ACTIVE")
STORE = Service("store", None, target_groups=(GROUP,), service_networks=("net",))

foreign = pytest.mark.parametrize("owner", ["", "111122223333/green", "444455556666/blue", fleet_owner("111122223333")])


@foreign
@pytest.mark.parametrize("status", ["ACTIVE", "CREATE_FAILED", "DELETE_IN_PROGRESS"])
def test_a_service(owner: str, status: str) -> None:
    theirs = replace(STORE, target_groups=(), owner=owner, status=status, custom_domain_name="their.example")
    diff = diff_service(STORE, ObservedService("store", OWNER, theirs))
    assert (diff.changes, [refusal.reason for refusal in diff.refusals]) == ((), ["NotOwned"])
    assert diff_service(None, ObservedService("store", OWNER, theirs)).changes == ()


@foreign
@pytest.mark.parametrize("status", ["ACTIVE", "CREATE_FAILED"])
def test_a_target_group(owner: str, status: str) -> None:
    theirs = ObservedGroup(replace(GROUP, owner=owner, status=status, port=81), "store")
    mine = replace(STORE, owner=OWNER, status="ACTIVE")
    diff = diff_service(STORE, ObservedService("store", OWNER, mine, (theirs,)))
    assert (diff.changes, [refusal.reason for refusal in diff.refusals]) == ((), ["NotOwned"])
    gone = [
        describe(change)["resource"]
        for change in diff_service(None, ObservedService("store", OWNER, mine, (theirs,))).changes
    ]
    assert "target group tg" not in gone


@foreign
@pytest.mark.parametrize("cluster", [CLUSTER, LEAVING])
@pytest.mark.parametrize("status", ["ACTIVE", "CREATE_FAILED"])
def test_an_association_of_the_vpc(owner: str, cluster: Cluster, status: str) -> None:
    theirs = VpcAssociation("vpc-1", "net", id="snva-1", status=status, owner=owner)
    network = ServiceNetwork("net", id="sn-1", owner=owner)
    found = ObservedNetwork(network, theirs, others=1)
    assert diff_network(cluster, found).changes == ()


@pytest.mark.parametrize("owner", ["", "444455556666/@fleet", OWNER])
def test_a_service_network(owner: str) -> None:
    theirs = ServiceNetwork("net", id="sn-1", owner=owner)
    assert diff_network(LEAVING, ObservedNetwork(theirs)).changes == ()


@foreign
@pytest.mark.parametrize("cluster", [CLUSTER, LEAVING])
def test_a_rule_of_the_security_group(owner: str, cluster: Cluster) -> None:
    theirs = LinkLocalRule("sg-1", "pl-1", from_port=8080, to_port=8080, id="sgr-1", owner=owner)
    changes = diff_security_group(cluster, wanted_rules(cluster, ["pl-1"]), [theirs])
    assert not [change for change in changes if isinstance(change, RevokeIngress)]


@foreign
@pytest.mark.parametrize("cluster", [CLUSTER, LEAVING])
@pytest.mark.parametrize("names", [(), (DnsName("store.example.org", "store", "HTTPRoute apps/store"),)])
def test_a_record(owner: str, cluster: Cluster, names: tuple[DnsName, ...]) -> None:
    zone = HostedZone("Z1", "example.org", ("vpc-1",))
    cname = RecordSet("Z1", "store.example.org", "CNAME", ("their.example",))
    claim = NameOwnership("Z1", "_trellis.store.example.org", "TXT", (owner_text(owner, "x"),), owner=owner)
    found = ObservedNames((zone,), {"Z1": (cname, claim) if owner else (cname,)}, {"store": "store.on.aws"})
    diff = diff_names(NamesWanted(cluster, names, (cluster,), ttl=60), found)
    assert diff.changes == ()
    assert [refusal.reason for refusal in diff.refusals] == ["RecordNotOwned"] * len(names)


def test_an_association_of_a_zone_without_an_ownership_record() -> None:
    zone = HostedZone("Z1", "example.org", ("vpc-1",))
    diff = diff_names(NamesWanted(LEAVING, (), (LEAVING,), ttl=60), ObservedNames((zone,), {"Z1": ()}, {}))
    assert diff.changes == ()
