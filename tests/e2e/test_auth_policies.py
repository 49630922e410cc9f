"""IAMAuthPolicies become auth policies of services and of the network, seen by requests of clients in the VPCs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import forget_repairs
from manifests import apply, delete, route, rule
from observing import CLUSTER_A, CLUSTER_B, NETWORK, body, events_arriving, events_kept_away, reports, service_of
from watching import watched

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

HOSTNAME = "datastore.lattice-test.io"
URL = f"http://{HOSTNAME}/popular"
INVOKE = "vpc-lattice-svcs:Invoke"


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": INVOKE, "Resource": "*", **elements}


def iam_auth_policy(
    target: str, *statements: dict[str, Any], name: str = "who", namespace: str = "apps"
) -> dict[str, Any]:
    """An IAMAuthPolicy; `target` is kind/name."""
    kind, _, target_name = target.partition("/")
    ref = {"group": "gateway.networking.k8s.io", "kind": kind, "name": target_name}
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)
    return {
        "apiVersion": "application-networking.k8s.aws/v1alpha1",
        "kind": "IAMAuthPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"targetRef": ref, "policy": document},
    }


ONLY_FROM_A = iam_auth_policy(
    "HTTPRoute/datastore",
    allow(
        Resource="${trellis:service-arn}/*",
        Condition={"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/EKS-CLUSTER-A}"}},
    ),
)


class Policed:
    """Cluster B, whose route may have policies."""

    def __init__(self, world: World, vpcs: Any) -> None:
        self.world, self.vpcs = world, vpcs
        self.api = world.kubernetes(CLUSTER_B)
        self.lattice = world.aws("vpc-lattice")
        self.made: list[dict[str, Any]] = []

    def apply(self, *documents: dict[str, Any]) -> dict[str, Any]:
        self.made += documents
        apply(self.api, *documents)
        return self.reconcile()

    def remove(self) -> None:
        delete(self.api, *self.made)
        self.made.clear()
        self.reconcile()

    def reconcile(self, cluster: str = CLUSTER_B) -> dict[str, Any]:
        return self.world.run("reconcile-cluster", {"cluster": cluster})

    def status(self, place: str) -> int:
        return self.world.get(self.vpcs[place], URL).status

    @property
    def service(self) -> str:
        found = service_of(self.world, HOSTNAME)
        assert found is not None
        return str(found["arn"]).rpartition("/")[2]

    @property
    def network(self) -> str:
        listed = self.lattice.list_service_networks()["items"]
        return next(str(item["id"]) for item in listed if item["name"] == NETWORK)

    def auth_type(self) -> str:
        return str(self.lattice.get_service(serviceIdentifier=self.service)["authType"])

    @property
    def holder(self) -> str:
        name = self.lattice.get_service(serviceIdentifier=self.service)["name"]
        return f"service {name}"

    def caused_by(self, call: str) -> list[dict[str, Any]]:
        """The drifts of auth policies that runs in the lane of events have put down to a call."""
        told = [report for cluster in (CLUSTER_A, CLUSTER_B) for report in reports(self.world, cluster)]
        found = [report for report in told if report["lane"] == "event"]
        drifts = [line for report in found for line in report["drifts"]]
        lines = [line for line in drifts if line["resource"].startswith("auth policy of ")]
        return [line for line in lines if any(cause["call"] == f"vpc-lattice:{call}" for cause in line["causes"])]

    def conditions(self, name: str = "who") -> dict[str, tuple[str, str]]:
        path = f"/apis/application-networking.k8s.aws/v1alpha1/namespaces/apps/iamauthpolicies/{name}"
        found = self.api.get(path)
        assert found is not None
        return {item["type"]: (item["status"], item["reason"]) for item in found["status"]["conditions"]}


@pytest.fixture
def policed(world: World, onboarded: Walkthrough) -> Iterator[Policed]:
    found = Policed(world, onboarded.vpcs)
    with events_kept_away(world):
        yield found
        found.remove()
    assert (found.status("a"), found.status("b")) == (200, 200)


def test_a_policy_on_a_route_decides_who_may_call(policed: Policed) -> None:
    policed.apply(ONLY_FROM_A)
    assert (policed.status("a"), policed.status("b")) == (200, 403)
    assert policed.conditions() == {"Accepted": ("True", "Accepted"), "Programmed": ("True", "Programmed")}
    assert policed.reconcile()["status"] == "CONVERGED"


def test_unsigned_requests_get_403_where_a_role_is_asked_for(policed: Policed) -> None:
    role = "arn:aws:iam::${trellis:account}:role/nobody"
    policed.apply(iam_auth_policy("HTTPRoute/datastore", allow(Principal={"AWS": role})))
    assert (policed.status("a"), policed.status("b")) == (403, 403)


ONLY_FROM_B = iam_auth_policy(
    "HTTPRoute/datastore",
    allow(Condition={"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/EKS-CLUSTER-B}"}}),
)
BOTH = ("a", "b")


def test_at_no_moment_an_answer_that_neither_the_old_nor_the_new_policy_gives(policed: Policed) -> None:
    vpcs = {place: policed.vpcs[place] for place in BOTH}
    courses = []
    for step in (lambda: policed.apply(ONLY_FROM_A), lambda: policed.apply(ONLY_FROM_B), policed.remove):
        with watched(policed.world, vpcs, HOSTNAME, "/popular") as watch:
            step()
        courses.append(watch.courses())
    assert courses == [
        {"a": [200], "b": [200, 403]},
        {"a": [200, 403], "b": [403, 200]},
        {"a": [403, 200], "b": [200]},
    ]


def test_a_service_is_closed_before_its_policy_is_there(policed: Policed, world: World) -> None:
    hostname = "closed.lattice-test.io"
    closed = route("apps/closed", rule({"name": "datastore-v1", "port": 80}), hostname=hostname)
    with watched(world, {"b": policed.vpcs["b"]}, hostname, "/popular") as watch:
        policed.apply(closed, iam_auth_policy("HTTPRoute/closed", allow(Principal={"AWS": "444455556666"})))
    found = service_of(world, hostname)
    assert found is not None
    policy = policed.lattice.get_auth_policy(resourceIdentifier=found["arn"])
    assert (policy["state"], set(watch.answers["b"]) <= {0, 403, 404}) == ("Active", True)
    assert watch.answers["b"][-1] == 403


@pytest.mark.parametrize(
    ("policy", "types"),
    [
        ("no JSON", {"Accepted": ("False", "Invalid"), "Programmed": ("False", "Invalid")}),
        (
            json.dumps({"Statement": [allow(Resource="${trellis:service-arn}/${trellis:vpc/EKS-GONE}")]}),
            {"Accepted": ("True", "Accepted"), "Programmed": ("False", "UnresolvedPlaceholder")},
        ),
    ],
)
def test_a_policy_that_cannot_be_put_leaves_the_one_before_in_force(
    policed: Policed, policy: str, types: dict[str, tuple[str, str]]
) -> None:
    policed.apply(ONLY_FROM_A)
    before = policed.lattice.get_auth_policy(resourceIdentifier=policed.service)["policy"]
    broken = {**ONLY_FROM_A, "spec": {**ONLY_FROM_A["spec"], "policy": policy}}
    policed.apply(broken)
    assert policed.conditions() == types
    assert policed.lattice.get_auth_policy(resourceIdentifier=policed.service)["policy"] == before
    assert (policed.status("a"), policed.status("b")) == (200, 403)


def test_a_service_that_somebody_has_closed_without_trellis_stays_closed_and_is_told(policed: Policed) -> None:
    policed.reconcile()
    told = policed.caused_by("UpdateService")
    try:
        with events_arriving(policed.world):
            policed.lattice.update_service(serviceIdentifier=policed.service, authType="AWS_IAM")
            policed.world.wait("the report", lambda: len(policed.caused_by("UpdateService")) > len(told), seconds=30)
        (line,) = (found for found in policed.caused_by("UpdateService") if found not in told)
        assert (line["resource"], line["field"]) == (f"auth policy of {policed.holder}", "NotOwned")
        outline = policed.reconcile()
        assert (policed.auth_type(), policed.status("a")) == ("AWS_IAM", 403)
        refused = "has the auth type AWS_IAM, which no IAMAuthPolicy asks for"
        assert (outline["status"], refused in body(policed.world, outline["report"])) == ("CONVERGED", True)
    finally:
        policed.lattice.update_service(serviceIdentifier=policed.service, authType="NONE")


def test_a_network_that_somebody_has_closed_without_trellis_stays_closed_and_is_told(policed: Policed) -> None:
    network = policed.network
    policed.lattice.update_service_network(serviceNetworkIdentifier=network, authType="AWS_IAM")
    try:
        outline = policed.reconcile()
        found = policed.lattice.get_service_network(serviceNetworkIdentifier=network)
        assert (outline["status"], found["authType"], policed.status("a")) == ("CONVERGED", "AWS_IAM", 403)
        told = "has the auth type AWS_IAM, which no IAMAuthPolicy asks for"
        assert told in body(policed.world, outline["report"])
    finally:
        policed.lattice.update_service_network(serviceNetworkIdentifier=network, authType="NONE")


def test_the_policy_of_the_network_is_for_clusters_that_agree(policed: Policed, world: World) -> None:
    target = f"Gateway/{NETWORK}"
    from_a = iam_auth_policy(target, *json.loads(ONLY_FROM_A["spec"]["policy"])["Statement"], name="net")
    from_a["spec"]["policy"] = from_a["spec"]["policy"].replace("${trellis:service-arn}/*", "*")
    everybody = iam_auth_policy(target, allow(), name="net")
    policed.apply(from_a)
    assert (policed.status("a"), policed.status("b")) == (200, 403)
    other = world.kubernetes(CLUSTER_A)
    apply(other, everybody)
    try:
        policed.reconcile(CLUSTER_A)
        policed.reconcile()
        assert policed.conditions("net")["Accepted"] == ("False", "Conflicted")
        assert (policed.status("a"), policed.status("b")) == (200, 403)
        policed.apply(everybody)
        assert policed.conditions("net")["Accepted"] == ("True", "Accepted")
        assert (policed.status("a"), policed.status("b")) == (200, 200)
    finally:
        delete(other, everybody)
        policed.reconcile(CLUSTER_A)


def _put(policed: Policed) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow()]})
    policed.lattice.put_auth_policy(resourceIdentifier=policed.service, policy=text)


MEDDLING = {
    "PutAuthPolicy": _put,
    "DeleteAuthPolicy": lambda policed: policed.lattice.delete_auth_policy(resourceIdentifier=policed.service),
    "UpdateService": lambda policed: policed.lattice.update_service(serviceIdentifier=policed.service, authType="NONE"),
    "UntagResource": lambda policed: policed.lattice.untag_resource(
        resourceArn=service_of(policed.world, HOSTNAME)["arn"],  # type: ignore[index]
        tagKeys=["trellis:auth-policy"],
    ),
}


def seen(policed: Policed) -> tuple[str, str, str]:
    arn = service_of(policed.world, HOSTNAME)["arn"]  # type: ignore[index]
    tags = policed.lattice.list_tags_for_resource(resourceArn=arn)["tags"]
    try:
        policy = policed.lattice.get_auth_policy(resourceIdentifier=arn)["policy"]
    except policed.lattice.exceptions.ResourceNotFoundException:
        policy = ""
    return policed.auth_type(), policy, tags.get("trellis:auth-policy", "")


def test_what_somebody_changes_is_found_by_the_next_check_and_by_its_event(policed: Policed) -> None:
    policed.apply(ONLY_FROM_A)
    before = seen(policed)
    for call, meddle in MEDDLING.items():
        meddle(policed)
        assert seen(policed) != before
        assert policed.reconcile()["status"] == "APPLIED"
        assert seen(policed) == before, call
        told = policed.caused_by(call)
        with events_arriving(policed.world):
            meddle(policed)
            policed.world.wait(f"the policy as it was before {call}", lambda: seen(policed) == before, seconds=30)
            # Both are called at once.
            policed.world.wait("the report", lambda: len(policed.caused_by(call)) > len(told))  # noqa: B023
        (line,) = (found for found in policed.caused_by(call) if found not in told)
        assert (line["action"], line["resource"]) == ("repaired", f"auth policy of {policed.holder}")
        forget_repairs(policed.world)


def policies_read(stack: Stack, policed: Policed) -> list[str]:
    """Which details of auth a scheduled check of cluster B reads."""
    seq = stack.endpoint.calls.last_seq
    policed.world.run("reconcile-cluster", {"cluster": CLUSTER_B, "lane": "schedule"})
    calls = [call for call in stack.endpoint.calls.after(seq) if call.service == "vpc-lattice"]
    return [call.operation for call in calls if call.operation in _DETAILS]


_DETAILS = {"GetAuthPolicy", "GetService", "GetServiceNetwork"}


def test_a_policy_that_is_known_is_read_when_an_event_tells_of_it(policed: Policed, stack: Stack) -> None:
    anybody = iam_auth_policy(f"Gateway/{NETWORK}", allow(), name="net")
    policed.apply(ONLY_FROM_A, anybody)
    policed.world.wait("a check that knows", lambda: policies_read(stack, policed) == [], seconds=30)
    (network,) = (item["id"] for item in policed.lattice.list_service_networks()["items"] if item["name"] == NETWORK)
    for holder in (policed.service, network):
        before = policed.lattice.get_auth_policy(resourceIdentifier=holder)["policy"]
        with events_arriving(policed.world):
            text = json.dumps({"Version": "2012-10-17", "Statement": [allow(Principal={"AWS": "444455556666"})]})
            policed.lattice.put_auth_policy(resourceIdentifier=holder, policy=text)
            policed.world.wait(
                f"the policy of {holder}",
                lambda: policed.lattice.get_auth_policy(resourceIdentifier=holder)["policy"] == before,  # noqa: B023
                seconds=30,
            )
    policed.world.wait("a check that knows", lambda: policies_read(stack, policed) == [], seconds=30)


def test_a_network_that_somebody_opens_is_closed_again(policed: Policed) -> None:
    nobody = iam_auth_policy(f"Gateway/{NETWORK}", allow(Principal={"AWS": "444455556666"}), name="net")
    policed.apply(nobody)
    # The clusters share the network, and whichever is quicker repairs it.
    policed.reconcile(CLUSTER_A)
    assert policed.status("a") == 403
    told = len(policed.caused_by("UpdateServiceNetwork"))
    network = policed.network
    policed.lattice.update_service_network(serviceNetworkIdentifier=network, authType="NONE")
    assert policed.status("a") == 200, "nobody has opened it"
    with events_arriving(policed.world):
        # The record of the first call was kept away; that of a second one brings the run.
        policed.lattice.update_service_network(serviceNetworkIdentifier=network, authType="NONE")
        policed.world.wait("the network closed", lambda: policed.status("a") == 403, seconds=30)
        policed.world.wait("the report", lambda: len(policed.caused_by("UpdateServiceNetwork")) > told)
