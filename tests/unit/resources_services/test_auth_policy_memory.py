"""Auth policies in checks: read in their rhythm and on doubt, otherwise taken from what an earlier check has read."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from itertools import count

import boto3
import pytest
from service_lab import ACCOUNT, NAME, NETWORK, OWNER, Lab

from trellis.fleet.fingerprints import Fingerprints, Rhythm
from trellis.model import AuthPolicy, Cluster, network_holder, service_holder
from trellis.planning.work import KindPlan
from trellis.resources import auth_policies

SERVICE, NET = service_holder(NAME), network_holder(NETWORK)
TAGS = {"trellis:owner": OWNER, "trellis:auth-policy": "IAMAuthPolicy apps/who"}
READS = ["GetAuthPolicy", "GetService", "ListTagsForResource"]
QUARTER_HOUR, HOURS = 900, 6
_TABLES = count()


def document(principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "vpc-lattice-svcs:Invoke"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})


WANTED = AuthPolicy(SERVICE, TAGS["trellis:auth-policy"], document("111122223333"))


@dataclass
class Checks:
    """Checks of one policy, one after the other, as the schedule makes them; nobody tells them of a change."""

    lab: Lab
    fingerprints: Fingerprints
    wanted: AuthPolicy = WANTED
    tags: dict[str, dict[str, str]] = field(default_factory=lambda: {SERVICE: TAGS})

    def task(self) -> auth_policies.AuthTask:
        cluster = Cluster("cluster-b", ACCOUNT, "us-west-2", self.lab.vpc_id, "sg-1", NETWORK)
        return auth_policies.AuthTask(cluster, self.wanted.holder, self.wanted, {})

    def check(self, distrusted: Collection[str] | None = ()) -> KindPlan:
        task, memory = self.task(), self.fingerprints.of("cluster-b", distrusted=distrusted)
        summary = auth_policies.holders(self.lab.lattice, task.cluster)[task.holder]
        self.lab.reads.clear()
        known = auth_policies.Known(memory, self.tags)
        plan = auth_policies.plan(self.lab.lattice, task, summary, known)
        self.fingerprints.keep("cluster-b", memory)
        return plan

    def reads(self, distrusted: Collection[str] | None = ()) -> list[str]:
        self.check(distrusted)
        return sorted(self.lab.reads)

    def changes(self, distrusted: Collection[str] | None = ()) -> list[str]:
        return [str(change["kind"]) for change in self.check(distrusted).changes]

    def repair(self) -> None:
        auth_policies.reconcile(self.lab.lattice, self.task())


@pytest.fixture
def checks(lab: Lab) -> Checks:
    """The service is policed, and the policy has been read by a check."""
    keys, table = ("pk", "sk"), f"fleet-{next(_TABLES)}"
    dynamodb = boto3.client("dynamodb", region_name="us-west-2")
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    rhythm = Rhythm(settled_after=10, full_read_every=HOURS * 3600)
    lab.converge(replace(lab.service(), auth_policy=WANTED.source))
    found = Checks(lab, Fingerprints(dynamodb, table, clock=lab.clock.time, rhythm=rhythm))
    found.repair()
    lab.clock.move(60)
    assert found.check().changes == ()
    return found


def put(lab: Lab, text: str = document("444455556666")) -> None:
    lab.other.put_auth_policy(resourceIdentifier=lab.ids()[0], policy=text)


def delete(lab: Lab) -> None:
    lab.other.delete_auth_policy(resourceIdentifier=lab.ids()[0])


def test_a_check_of_what_is_known_reads_lists_only(checks: Checks) -> None:
    assert checks.reads() == []


def test_another_auth_type_is_seen_by_the_next_check(checks: Checks) -> None:
    checks.lab.other.update_service(serviceIdentifier=checks.lab.ids()[0], authType="NONE")
    assert checks.changes() == ["SetAuthType"]


@pytest.mark.parametrize("change", [put, delete])
def test_a_run_that_doubts_the_service_reads_it_at_once(checks: Checks, change: Callable[[Lab], None]) -> None:
    change(checks.lab)
    assert checks.changes([NAME]) == ["PutAuthPolicy"]


def test_what_a_doubt_has_read_is_read_again_before_it_is_believed(checks: Checks) -> None:
    assert checks.reads([NAME]) == READS
    assert [checks.reads(), checks.reads()] == [READS, []]
    assert [checks.reads(None), checks.reads()] == [READS, []]


def test_another_wanted_policy_is_compared_with_what_is_there_by_then(checks: Checks) -> None:
    put(checks.lab, document("777788889999"))
    checks.wanted = replace(WANTED, document=document("999900001111"))
    (change,) = checks.check().changes
    assert sorted(checks.lab.reads) == READS
    assert "777788889999" in str(change["found"])


def test_a_tag_that_somebody_took_away_is_seen_by_the_next_check(checks: Checks) -> None:
    (item,) = checks.lab.other.list_services()["items"]
    checks.lab.other.untag_resource(resourceArn=item["arn"], tagKeys=["trellis:auth-policy"])
    checks.tags = {SERVICE: {"trellis:owner": OWNER}}
    assert checks.changes() == ["ClaimAuth"]


def test_a_text_that_no_event_told_of_is_put_back_within_the_hours_of_a_full_read(checks: Checks) -> None:
    put(checks.lab)
    told = []
    for _ in range(HOURS * 3600 // QUARTER_HOUR + 1):
        checks.lab.clock.move(QUARTER_HOUR)
        if checks.changes():
            told.append(checks.lab.clock.time())
            checks.repair()
    assert len(told) == 1
    text = checks.lab.other.get_auth_policy(resourceIdentifier=checks.lab.ids()[0])["policy"]
    assert text == WANTED.document


def test_in_those_hours_one_check_reads_the_text(checks: Checks) -> None:
    read = []
    for _ in range(4 * HOURS * 3600 // QUARTER_HOUR):
        checks.lab.clock.move(QUARTER_HOUR)
        read.append(checks.reads())
    assert (read.count(READS), read.count([])) == (4, len(read) - 4)


def test_the_network_is_read_as_services_are(checks: Checks) -> None:
    network = checks.lab.network["id"]
    tags = {"trellis:owner": f"{ACCOUNT}/@fleet", "trellis:auth-policy": "NetworkBaselinePolicy"}
    checks.lab.other.tag_resource(resourceArn=checks.lab.network["arn"], tags=tags)
    checks.wanted = AuthPolicy(NET, "NetworkBaselinePolicy", document("111122223333"))
    checks.repair()
    checks.lab.clock.move(60)
    assert checks.reads() == ["GetAuthPolicy", "GetServiceNetwork", "ListTagsForResource"]
    assert checks.reads() == ["ListTagsForResource"]
    checks.lab.other.update_service_network(serviceNetworkIdentifier=network, authType="NONE")
    assert checks.changes() == ["SetAuthType"]
    checks.repair()
    checks.lab.other.put_auth_policy(resourceIdentifier=network, policy=document("444455556666"))
    assert checks.changes([NET]) == ["PutAuthPolicy"]
