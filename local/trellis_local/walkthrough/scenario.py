"""The steps of the walk-through, in order: onboard, route, name, traffic, canary, encrypt, authorise, drift, leave."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trellis_local.walkthrough.bystanders import Bystanders
from trellis_local.walkthrough.callers import CLIENT, Callers
from trellis_local.walkthrough.canary import Canaries, Client
from trellis_local.walkthrough.drift import Somebody
from trellis_local.walkthrough.encryption import Certificates, Secured, get, lattice_authority
from trellis_local.walkthrough.infrastructure import Infrastructure
from trellis_local.walkthrough.leftovers import leftovers
from trellis_local.walkthrough.world import Check, CheckFailedError, World

NETWORK = "eks-lattice-network"
HOSTNAME = "datastore.lattice-test.io"
CLUSTER_A, CLUSTER_B = _CLUSTERS = ("EKS-CLUSTER-A", "EKS-CLUSTER-B")

PARAMETERS = {"NetworkPolicySources": f"{CLUSTER_B}/apps"}
"""What the template must be deployed with: one namespace may set the auth policy of the network that all share."""

_ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/datastore"
_DOMAIN = "application-networking.k8s.aws/lattice-assigned-domain-name"
_REQUESTS = 1000
_FEW = 100
_CLIENTS = 4


class Walkthrough:
    """Acts the scenario in a world; `checks` grows as it goes. `manifests` is the folder with both clusters' files."""

    def __init__(self, world: World, manifests: Path) -> None:
        self.world = world
        self.checks: list[Check] = []
        self._manifests = manifests
        self._infrastructure = Infrastructure(world, CLUSTER_A, CLUSTER_B, NETWORK)
        self._bystanders = Bystanders(world)

    @property
    def vpcs(self) -> Mapping[str, str]:
        """The ids of the VPCs: `a` and `b` of the clusters, `outside` the network."""
        return self._infrastructure.vpcs

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The steps by name."""
        yield "Onboard", self.onboard
        yield "Route", self.route
        yield "Name", self.name
        yield "Traffic", self.traffic
        yield "Canary", self.canary
        yield "Encrypt", self.encrypt
        yield "Authorise", self.authorise
        yield "Drift", self.drift
        yield "Leave", self.leave

    def onboard(self) -> None:
        """Two tagged clusters are created; the rest happens by itself."""
        self._infrastructure.create()
        self._infrastructure.create_clusters()
        # In an account that has never used VPC Lattice, the first resource also makes the service-linked role.
        self.world.wait("the service network", self._networks, seconds=180)
        self._bystanders.create(self._infrastructure.vpcs["outside"])
        self.world.wait("both clusters onboarded", lambda: self._onboarded() == {CLUSTER_A, CLUSTER_B}, seconds=180)
        lattice = self.world.aws("vpc-lattice")
        self._check("Onboard", f"service network {NETWORK} exists once", len(self._networks()), expected=1)
        for place in ("a", "b"):
            vpc_id = self._infrastructure.vpcs[place]
            items = lattice.list_service_network_vpc_associations(vpcIdentifier=vpc_id)["items"]
            found = [(item["serviceNetworkName"], item["status"]) for item in items]
            self._check("Onboard", f"VPC-{place.upper()} is associated", found, expected=[(NETWORK, "ACTIVE")])
        for cluster in (CLUSTER_A, CLUSTER_B):
            sources = self._infrastructure.link_local_sources(cluster)
            self._check("Onboard", f"security group of {cluster} admits VPC Lattice", len(sources) >= 1, expected=True)

    def route(self) -> None:
        """The manifests become a service with a listener, rules and healthy targets."""
        self.apply()
        for cluster in _CLUSTERS:
            self.world.run("reconcile-cluster", {"cluster": cluster})
        service = self._service()
        self._check("Route", "one service for the hostname", service["customDomainName"], expected=HOSTNAME)
        self._check_listener(service["id"])
        self._check("Route", "target groups of the service", len(self._groups(service["arn"])), expected=2)
        healthy = self.world.wait("all targets healthy", lambda: self._healthy(service["arn"]))
        self._check("Route", "every pod is a healthy target", healthy, expected={"HEALTHY"})
        self._check_status(service["dnsEntry"]["domainName"])

    def apply(self) -> None:
        """Apply the manifests to their clusters."""
        for cluster in _CLUSTERS:
            self.world.apply(cluster, self._manifests / cluster.lower().removeprefix("eks-"))

    def name(self) -> None:
        """The hostname leads to the service, in both VPCs."""
        route53 = self.world.aws("route53")
        zone_id = self._infrastructure.zone_id
        records = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
        targets = [
            value["Value"].removesuffix(".")
            for record in records
            if (record["Name"], record["Type"]) == (f"{HOSTNAME}.", "CNAME")
            for value in record["ResourceRecords"]
        ]
        self._check("Name", "CNAME to the service", targets, expected=[self._service()["dnsEntry"]["domainName"]])
        vpcs = {vpc["VPCId"] for vpc in route53.get_hosted_zone(Id=zone_id)["VPCs"]}
        both = {self._infrastructure.vpcs["a"], self._infrastructure.vpcs["b"]}
        self._check("Name", "zone is associated with both VPCs", both <= vpcs, expected=True)

    def traffic(self) -> None:
        """Requests from VPC-A are split as the weights say; a VPC outside the network gets no answer."""
        vpcs = self._infrastructure.vpcs
        popular = self._versions(vpcs["a"], "/popular", 50)
        self._check("Traffic", "GET /popular is answered by v1 only", popular, expected=Counter({"v1": 50}))
        summary = self._versions(vpcs["a"], "/summary", _REQUESTS)
        share, error = 0.1, 3 * math.sqrt(0.1 * 0.9 / _REQUESTS)
        found = summary["v2"] / _REQUESTS
        within = abs(found - share) <= error and summary["v1"] + summary["v2"] == _REQUESTS
        self._note(
            "Traffic",
            f"{_REQUESTS} x GET /summary split 90:10 (v2 {found:.1%}, 3 s.e. = {error:.1%})",
            dict(summary),
            passed=within,
        )
        outside = self.world.get(vpcs["outside"], f"http://{HOSTNAME}/popular").status
        self._check("Traffic", "no answer in a VPC outside the network", outside, expected=0)
        through = self.world.get(vpcs["a"], f"http://{HOSTNAME}/other").status
        self._check("Traffic", "a path without a rule gets the default action", through, expected=404)

    def canary(self) -> None:
        """`/summary` moves to v2 in steps and, when v2 fails, back by itself; v2 must begin at 0: 100:0 is first."""
        canaries = Canaries(self.world, cluster=CLUSTER_B, folder=self._manifests / "cluster-b")
        refused = canaries.ended(canaries.start())
        told = "E_CANARY_SHARE_NOT_ZERO" in refused.get("cause", "")
        self._note("Canary", "at 90:10 it is refused: v2 has traffic already", refused.get("error"), passed=told)
        with canaries.client(self.vpcs["a"], f"http://{HOSTNAME}/summary") as client:
            self._promote(canaries, client)
            self._roll_back(canaries, client)
            canaries.answer(None)
            self.apply()
            self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
            service = self._service()
            self._check("Canary", "weights as before", canaries.served(service["id"]), expected={(90, 10)})
            self.world.wait("all targets healthy", lambda: self._healthy(service["arn"]))
            answers = client.next(_FEW)
            self._check("Canary", "v1 and v2 answer as before", set(answers), expected={"v1", "v2"})

    def _promote(self, canaries: Canaries, client: Client) -> None:
        execution = self._begin(canaries, client)
        ended = canaries.ended(execution)
        self._check("Canary", "the canary is promoted", ended["status"], expected="SUCCEEDED")
        self._check("Canary", "after the last step v2 answers", client.next(_FEW), expected=Counter({"v2": _FEW}))
        steps = [(step["percent"], step["verdicts"][-1]["reason"]) for step in canaries.report(ended)["steps"]]
        self._check("Canary", "verdicts in its report", steps, expected=[(50, "PASSED"), (100, "PASSED")])
        canaries.declare(0, 100)
        self.world.run("check-drift", {"cluster": CLUSTER_B})
        self._check("Canary", "its marks, once Git says 0:100 too", canaries.annotations(), expected=[])
        self._check("Canary", "weights then", canaries.served(self._service()["id"]), expected={(0, 100)})

    def _roll_back(self, canaries: Canaries, client: Client) -> None:
        before = len(client.answers)
        execution = self._begin(canaries, client)
        canaries.answer("500")
        ended = canaries.ended(execution)
        self._check("Canary", "a v2 that answers 500 is rolled back", ended.get("error"), expected="RolledBack")
        self._check("Canary", "after that v1 answers", client.next(_FEW), expected=Counter({"v1": _FEW}))
        seen = Counter(client.answers[before:])
        self._note("Canary", "meanwhile clients have met both, and errors", dict(seen), passed=seen["500"] > 0)
        rollback = canaries.report(ended)["rollback"]
        exposed, failed = rollback["usersExposedRequests"], rollback["failedCanaryRequests"]
        self._note(
            "Canary",
            "the report says how many requests v2 had got",
            f"{exposed}, of which {failed} failed",
            passed=0 < failed <= exposed <= seen["v2"] + seen["500"],
        )

    def _begin(self, canaries: Canaries, client: Client) -> str:
        """From 100:0, which a manifest sets, to the first step."""
        canaries.declare(100, 0)
        self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        self._check("Canary", "before the first step v1 answers", client.next(_FEW), expected=Counter({"v1": _FEW}))
        execution = canaries.start()
        canaries.reach(self._service()["id"], 50, 50)
        answers = client.next(_FEW)
        share, error = answers["v2"] / _FEW, 4 * math.sqrt(0.5 * 0.5 / _FEW)
        within = abs(share - 0.5) <= error and answers.total() == answers["v1"] + answers["v2"]
        self._note("Canary", f"in the first step both answer (4 s.e. = {error:.0%})", dict(answers), passed=within)
        return execution

    def encrypt(self) -> None:
        """HTTPS: VPC Lattice's certificate for its own name, ACM's for the hostname; a better one is noticed."""
        certificates, vpc_id = Certificates(self.world), self.vpcs["a"]
        wildcard, serial = certificates.bring(f"*.{HOSTNAME.partition('.')[2]}")
        self.world.apply(CLUSTER_B, self._manifests / "encrypt")
        self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        self._check("Encrypt", "certificate of the service", self._certificate(), expected=wildcard)
        shown = get(self.world, vpc_id, f"https://{HOSTNAME}/popular", trusted=certificates.trusted)
        self._check("Encrypt", f"GET https://{HOSTNAME}, verified", shown, expected=Secured(200, serial))
        domain = self._service()["dnsEntry"]["domainName"]
        own = get(self.world, vpc_id, f"https://{domain}/popular", trusted=lattice_authority(self.world))
        self._check("Encrypt", "GET under the generated name, verified", own.status, expected=200)
        self._check("Encrypt", "another certificate there, by SNI", own.serial != serial, expected=True)
        exact, _ = certificates.bring(HOSTNAME)
        self.world.wait("the better certificate", lambda: self._certificate() == exact)
        self._check("Encrypt", "a better certificate is taken after its event", self._certificate(), expected=exact)
        before = len(self._executions("reconcile-cluster"))
        _, serial = certificates.bring(HOSTNAME, arn=exact)
        self.world.wait("a run for the same ARN", lambda: len(self._executions("reconcile-cluster")) > before)
        shown = get(self.world, vpc_id, f"https://{HOSTNAME}/popular", trusted=certificates.trusted)
        self._check("Encrypt", "the certificate that was imported again", shown, expected=Secured(200, serial))
        self.apply()
        self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        self._check("Encrypt", "certificate without the listener", self._certificate(), expected="")
        certificates.remove()

    def authorise(self) -> None:
        """Network and service ask for IAM: one client gets through, from VPC-A; without policies everybody does."""
        callers, folder = Callers(self.world, CLUSTER_A), self._manifests / "authorise"
        callers.create_stranger(self._service()["arn"])
        for cluster in _CLUSTERS:
            self.world.apply(cluster, folder / cluster.lower().removeprefix("eks-"))
            self.world.run("reconcile-cluster", {"cluster": cluster})
        self._check("Authorise", "auth types of network and service", self._auth_types(), expected=["AWS_IAM"] * 2)
        self._check("Authorise", f"role and Pod Identity association of {CLIENT}", callers.made(), expected=(1, 1))
        client, stranger = callers.client(), callers.stranger()
        for place, signer, who, status in (
            ("a", None, "an unsigned request", 403),
            ("a", client, f"signed by {CLIENT}", 200),
            ("b", client, f"signed by {CLIENT}", 403),
            ("a", stranger, "signed by another role", 403),
        ):
            found = self.world.get(self.vpcs[place], f"http://{HOSTNAME}/popular", signer=signer).status
            self._check("Authorise", f"{who}, from VPC-{place.upper()}", found, expected=status)
        self.world.delete(CLUSTER_B, folder / "cluster-b")
        self.apply()
        for cluster in _CLUSTERS:
            self.world.run("reconcile-cluster", {"cluster": cluster})
        callers.delete_stranger()
        self._check("Authorise", "role and association without the annotation", callers.made(), expected=(0, 0))
        self._check("Authorise", "auth types without the policies", self._auth_types(), expected=["NONE"] * 2)
        unsigned = self.world.get(self.vpcs["b"], f"http://{HOSTNAME}/popular").status
        self._check("Authorise", "an unsigned request, from VPC-B, without them", unsigned, expected=200)

    def drift(self) -> None:
        """What somebody else changes is put back, after its event or by the next check, and told of with who did it."""
        somebody = Somebody(self.world, cluster=CLUSTER_B, vpc_id=self.vpcs["b"], hostname=HOSTNAME)
        for change in somebody.changes():
            before = change.found()
            change.act()
            self.world.wait(f"{change.what} to show", lambda: change.found() != before)  # noqa: B023 - called at once
            self.world.wait(f"{change.what}, repaired", lambda: change.found() == before)  # noqa: B023
            self._check("Drift", f"{change.what}: repaired after its event", change.found(), expected=before)
        self.world.wait("the end of all runs", somebody.is_settled)
        admin = f"arn:aws:iam::{self.world.status()['account']}:user/admin"
        for change in somebody.changes():
            told = (change.call, admin) in somebody.blamed()
            self._check("Drift", f"the report says who called {change.call}", told, expected=True)
        with somebody.unnoticed():
            before_all = [change.found() for change in somebody.changes()]
            for change in somebody.changes():
                change.act()
            self.world.run("check-drift", {})
            after = [change.found() for change in somebody.changes()]
        self._check("Drift", "without events the next check repairs the same", after == before_all, expected=True)

    def leave(self) -> None:
        """The route goes, then the clusters; nothing of Trellis stays, everything else does."""
        self.world.kubernetes(CLUSTER_B).delete(_ROUTE)
        self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        names = [item.get("customDomainName") for item in self.world.aws("vpc-lattice").list_services()["items"]]
        self._check("Leave", "the deleted route's service is gone", HOSTNAME not in names, expected=True)
        self._infrastructure.remove_clusters()
        self.world.wait("both clusters offboarded", self._offboarded, seconds=180)
        self._check("Leave", "resources of Trellis left behind", leftovers(self.world), expected=[])
        self._check("Leave", "everybody else's resources are untouched", self._bystanders.changed(), expected=[])

    def _check(self, step: str, what: str, found: Any, *, expected: Any) -> None:
        self._note(step, what, found, passed=found == expected)

    def _note(self, step: str, what: str, found: Any, *, passed: bool) -> None:
        self.checks.append(Check(step, what, str(found), passed))
        if not passed:
            raise CheckFailedError(f"{step}: {what}: found {found}")

    def _networks(self) -> list[dict[str, Any]]:
        items = self.world.aws("vpc-lattice").list_service_networks()["items"]
        return [item for item in items if item["name"] == NETWORK]

    def _onboarded(self) -> set[str]:
        return set() if self._running("onboard-cluster") else self._registered()

    def _registered(self) -> set[str]:
        table = self.world.aws("dynamodb")
        name = next(name for name in table.list_tables()["TableNames"] if "Fleet" in name)
        items = table.scan(TableName=name)["Items"]
        return {item["sk"]["S"] for item in items if item["pk"]["S"] == "CLUSTER"}

    def _offboarded(self) -> bool:
        return not self._running("offboard-cluster") and not self._registered() & set(_CLUSTERS)

    def _running(self, machine: str) -> bool:
        """Whether executions are under way; raises CheckFailedError with the cause when one has failed."""
        states, executions = self.world.aws("stepfunctions"), self._executions(machine)
        for execution in executions:
            if execution["status"] not in {"RUNNING", "SUCCEEDED"}:
                failed = states.describe_execution(executionArn=execution["executionArn"])
                if json.loads(failed["input"])["cluster"] in _CLUSTERS:
                    raise CheckFailedError(f"{machine}: {failed['status']}: {failed.get('cause', '')}")
        return any(execution["status"] == "RUNNING" for execution in executions)

    def _executions(self, machine: str) -> list[dict[str, Any]]:
        arn = self.world.status()["stateMachines"][machine]
        executions: list[dict[str, Any]] = self.world.aws("stepfunctions").list_executions(stateMachineArn=arn)[
            "executions"
        ]
        return executions

    def _service(self) -> dict[str, Any]:
        items = self.world.aws("vpc-lattice").list_services()["items"]
        found = [item for item in items if item.get("customDomainName") == HOSTNAME]
        if len(found) != 1:
            raise CheckFailedError(f"services with the custom domain {HOSTNAME}: {found}")
        service: dict[str, Any] = found[0]
        return service

    def _auth_types(self) -> list[str]:
        """Those of the network and of the service."""
        lattice, (network,) = self.world.aws("vpc-lattice"), self._networks()
        found = lattice.get_service_network(serviceNetworkIdentifier=network["id"])
        return [found["authType"], lattice.get_service(serviceIdentifier=self._service()["id"])["authType"]]

    def _certificate(self) -> str:
        found = self.world.aws("vpc-lattice").get_service(serviceIdentifier=self._service()["id"])
        return str(found.get("certificateArn", ""))

    def _check_listener(self, service_id: str) -> None:
        lattice = self.world.aws("vpc-lattice")
        listeners = lattice.list_listeners(serviceIdentifier=service_id)["items"]
        found = [(listener["protocol"], listener["port"]) for listener in listeners]
        self._check("Route", "one HTTP listener", found, expected=[("HTTP", 80)])
        rules = lattice.list_rules(serviceIdentifier=service_id, listenerIdentifier=listeners[0]["id"])["items"]
        details = [
            lattice.get_rule(
                serviceIdentifier=service_id, listenerIdentifier=listeners[0]["id"], ruleIdentifier=rule["id"]
            )
            for rule in rules
            if not rule["isDefault"]
        ]
        # A Gateway API prefix matches whole path elements, which takes two rules of VPC Lattice.
        paths = {next(iter(rule["match"]["httpMatch"]["pathMatch"]["match"].values())).rstrip("/") for rule in details}
        self._check("Route", "rules of the two paths", sorted(paths), expected=["/popular", "/summary"])

    def _groups(self, service_arn: str) -> list[dict[str, Any]]:
        items = self.world.aws("vpc-lattice").list_target_groups()["items"]
        return [item for item in items if service_arn in item.get("serviceArns", [])]

    def _healthy(self, service_arn: str) -> set[str] | None:
        lattice = self.world.aws("vpc-lattice")
        targets = [
            target["status"]
            for group in self._groups(service_arn)
            for target in lattice.list_targets(targetGroupIdentifier=group["id"])["items"]
        ]
        return set(targets) if targets and set(targets) == {"HEALTHY"} else None

    def _check_status(self, domain_name: str) -> None:
        route = self.world.kubernetes(CLUSTER_B).get(_ROUTE) or {}
        conditions = {
            condition["type"]: condition["status"]
            for parent in route["status"]["parents"]
            for condition in parent["conditions"]
        }
        wanted = {name: conditions.get(name) for name in ("Accepted", "ResolvedRefs", "Programmed")}
        self._check("Route", "conditions of the HTTPRoute", wanted, expected=dict.fromkeys(wanted, "True"))
        annotation = route["metadata"].get("annotations", {}).get(_DOMAIN)
        self._check("Route", "HTTPRoute carries the domain name", annotation, expected=domain_name)

    def _versions(self, vpc_id: str, path: str, count: int) -> Counter[str]:
        def version(_: int) -> str:
            answer = self.world.get(vpc_id, f"http://{HOSTNAME}{path}")
            return str(answer.document.get("version", answer.status))

        with ThreadPoolExecutor(_CLIENTS) as clients:
            return Counter(clients.map(version, range(count)))
