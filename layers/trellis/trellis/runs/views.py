"""What of a cluster's services a plan looks at, and what it takes over of the others.

A plan whose scope is the cluster looks at everything. One for some services, or for the VPC alone, and one that
verifies what a run has done, look at what they are about: in a large cluster, that is seconds instead of a minute. What
they say of the rest is what the verified plan, or the one by which the cluster last converged, has found.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trellis.model import Cluster, ClusterState, Service, service_holder
from trellis.model.auth_policy import SERVICE
from trellis.reporting.wanted import desired_of
from trellis.resources import auth_policies, services
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox

Document = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """The names of the services that are looked at (None: all), and the plan that tells of the others, if any."""

    names: frozenset[str] | None = None
    before: Document = field(default_factory=dict)

    def covers(self, service: str) -> bool:
        """Whether a service is looked at."""
        return self.names is None or service in self.names

    def covers_holder(self, holder: str) -> bool:
        """Whether the auth policy of a service is looked at; networks are not services."""
        kind, _, name = holder.partition("/")
        return kind != SERVICE or self.covers(name)

    @property
    def items(self) -> frozenset[str]:
        """The work items, written `kind/name`, of the services that are looked at by name; they may be gone."""
        names = self.names or ()
        policies = {f"{auth_policies.KIND}/{service_holder(name)}" for name in names}
        return frozenset({*policies, *(f"{services.KIND}/{name}" for name in names)})

    def carried_services(self, wanted: Iterable[str]) -> dict[str, Any]:
        """What was known of wanted services that are not looked at."""
        known = self.before.get("services", {})
        return {name: known[name] for name in wanted if name in known and not self.covers(name)}

    def carried_policies(self, holders: Collection[str]) -> dict[str, Any]:
        """What was known of the auth policies of holders that are not looked at."""
        return {holder: found for holder, found in self.before.get("policies", {}).items() if holder in holders}

    def carried_certificates(self) -> dict[str, str]:
        """The certificates' ARNs of services that are not looked at."""
        lines = self.before.get("certificates", ())
        return {line["service"]: line["arn"] for line in lines if line["arn"] and not self.covers(line["service"])}

    def carried_health(self) -> dict[str, dict[str, int]]:
        """How many targets of each target group had which status, as far as that plan tells."""
        return dict(self.before.get("health", {}))


def view_of(tools: Toolbox, run: Run, cluster: Cluster, desired: Collection[Service]) -> View:
    """What a run's plan looks at. Of a cluster that leaves everything: it is gone only when nothing is left."""
    if cluster.state is ClusterState.LEAVING:
        return View()
    if run.covers_services:
        if run.verifies is None:
            return View()
        verified = tools.documents.get(run.verifies)
        return View(frozenset({*_open(verified), *_wanted_otherwise(verified, desired)}), verified)
    key = run.verifies or tools.registry.converged(run.cluster)
    before = (tools.documents.find(key) if key else None) or {}
    return View(frozenset(services_meant(run, desired)), before)


def services_meant(run: Run, desired: Collection[Service]) -> set[str]:
    """The names of the services that a run for some of them means, which it calls by name or by hostname."""
    meant: set[str] = set()
    for called in run.only_services:
        meant |= {found.name for found in desired if called in (found.name, found.custom_domain_name)} or {called}
    return meant


def _wanted_otherwise(plan: Document, desired: Iterable[Service]) -> Iterator[str]:
    """The services of which something else is wanted by now, such as a certificate that has come meanwhile."""
    before = {service.name: service for service in desired_of(plan).services}
    yield from (service.name for service in desired if service != before.get(service.name))


def _open(plan: Document) -> Iterator[str]:
    """The services that are not as they should be by a plan, or whose auth policies are not."""
    yield from (name for name, known in plan["services"].items() if known["status"] != "PROGRAMMED")
    yield from (item["name"] for item in plan["items"] if item["kind"] == services.KIND)
    holders = [item["name"] for item in plan["items"] if item["kind"] == auth_policies.KIND]
    holders += [holder for holder, known in plan["policies"].items() if known["status"] != "PROGRAMMED"]
    yield from (auth_policies.memory_name(holder) for holder in holders if holder.startswith(f"{SERVICE}/"))
