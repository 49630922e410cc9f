"""Auth policies against an emulated VPC Lattice: closed from creation, continued after any call, and never others'."""

import json
from dataclasses import replace
from typing import Any

import pytest
from service_lab import ACCOUNT, NAME, NETWORK, OWNER, CrashError, Lab

from trellis.model import AuthPolicy, Cluster, network_holder, service_holder
from trellis.planning.work import Outcome, Status
from trellis.resources import auth_policies, network

HOLDER = service_holder(NAME)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "${trellis:account}"},
            "Action": "vpc-lattice-svcs:Invoke",
            "Resource": "${trellis:service-arn}/*",
            "Condition": {"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/blue}"}},
        }
    ],
}
WANTED = AuthPolicy(HOLDER, "IAMAuthPolicy apps/who", json.dumps(POLICY))


def cluster(lab: Lab) -> Cluster:
    return Cluster("cluster-b", ACCOUNT, "us-west-2", lab.vpc_id, "sg-1", NETWORK)


def attach(lab: Lab, wanted: AuthPolicy | None, holder: str = HOLDER) -> Outcome:
    task = auth_policies.AuthTask(cluster(lab), holder, wanted, {"blue": "vpc-1"})
    return auth_policies.reconcile(lab.lattice, task)


def auth(lab: Lab) -> tuple[str, str, str]:
    """Auth type, policy and tag of the service."""
    (item,) = lab.other.list_services()["items"]
    try:
        policy = lab.other.get_auth_policy(resourceIdentifier=item["id"])["policy"]
    except lab.other.exceptions.ResourceNotFoundException:
        policy = ""
    tags = lab.other.list_tags_for_resource(resourceArn=item["arn"])["tags"]
    auth_type = lab.other.get_service(serviceIdentifier=item["id"])["authType"]
    return auth_type, policy, tags.get("trellis:auth-policy", "")


def test_a_service_that_is_to_have_a_policy_is_made_closed_and_marked(lab: Lab) -> None:
    lab.converge(replace(lab.service(), auth_policy=WANTED.source))
    assert auth(lab) == ("AWS_IAM", "", WANTED.source)
    attach(lab, WANTED)
    assert lab.writes[-1] == "PutAuthPolicy"


def test_placeholders_are_replaced_by_what_they_stand_for(lab: Lab) -> None:
    lab.converge(lab.service())
    attach(lab, WANTED)
    (item,) = lab.other.list_services()["items"]
    (statement,) = json.loads(auth(lab)[1])["Statement"]
    assert statement["Principal"] == {"AWS": ACCOUNT}
    assert statement["Resource"] == f"{item['arn']}/*"
    assert statement["Condition"]["StringEquals"] == {"vpc-lattice-svcs:SourceVpc": "vpc-1"}


def test_a_policy_that_is_there_is_put_no_second_time(lab: Lab) -> None:
    lab.converge(lab.service())
    attach(lab, WANTED)
    writes = len(lab.writes)
    assert (attach(lab, WANTED).done, len(lab.writes)) == ((), writes)


@pytest.mark.parametrize("wanted", [WANTED, None])
@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_run_that_dies_after_any_call_is_continued_by_the_next(
    lab: Lab, wanted: AuthPolicy | None, calls: int
) -> None:
    lab.converge(lab.service())
    if wanted is None:
        attach(lab, WANTED)
    lab.crash_after = len(lab.writes) + calls
    with pytest.raises(CrashError):
        attach(lab, wanted)
    lab.crash_after = None
    attach(lab, wanted)
    auth_type, policy, tag = auth(lab)
    assert (auth_type, bool(policy), tag) == (("AWS_IAM", True, WANTED.source) if wanted else ("NONE", False, ""))


def test_a_service_that_is_not_there_yet_is_waited_for_by_nobody(lab: Lab) -> None:
    outcome = attach(lab, WANTED)
    assert (outcome.status, outcome.done) == (Status.DONE, ())


def test_the_service_of_another_owner_is_left_as_it_is(lab: Lab) -> None:
    lab.other.create_service(name=NAME, tags={"trellis:owner": f"{ACCOUNT}/another"})
    outcome = attach(lab, WANTED)
    assert (outcome.status, outcome.refusals[0].reason, lab.writes) == (Status.REFUSED, "NotOwned", [])
    assert OWNER not in str(auth(lab))


def test_the_network_that_somebody_else_made_is_left_as_it_is(lab: Lab) -> None:
    holder = network_holder(NETWORK)
    outcome = attach(lab, replace(WANTED, holder=holder), holder)
    assert (outcome.refusals[0].reason, lab.writes) == ("NotOwned", [])


def test_a_network_that_is_to_have_a_baseline_is_made_closed_and_then_gets_it(lab: Lab) -> None:
    lab.other.delete_service_network(serviceNetworkIdentifier=lab.network["id"])
    blue = cluster(lab)
    network.reconcile(lab.lattice, blue, (blue,), run="run", auth_policy="NetworkBaselinePolicy")
    (made,) = lab.other.list_service_networks()["items"]
    read: Any = lab.other.get_service_network
    assert read(serviceNetworkIdentifier=made["id"])["authType"] == "AWS_IAM"
    holder = network_holder(NETWORK)
    baseline = json.dumps(POLICY).replace("service-arn}/*", "service-network-arn}*").replace("${trellis:vpc/blue}", "v")
    outcome = attach(lab, AuthPolicy(holder, "NetworkBaselinePolicy", baseline), holder)
    assert [change["kind"] for change in outcome.done] == ["PutAuthPolicy"]
    policy = lab.other.get_auth_policy(resourceIdentifier=made["id"])
    assert (policy["state"], made["arn"] in policy["policy"]) == ("Active", True)


def test_what_vpc_lattice_does_not_take_is_told(lab: Lab) -> None:
    lab.converge(lab.service())
    outcome = attach(lab, replace(WANTED, document='{"Statement": 7}'))
    assert (outcome.status, outcome.refusals[0].reason) == (Status.REFUSED, "ValidationException")
    assert auth(lab)[0] == "NONE"
