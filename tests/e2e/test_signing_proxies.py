"""Deployments that ask for the SigV4 proxy get what its admission controller needs, and others do not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests import apply, backend, delete, namespace, path_of
from observing import CLUSTER_A, events_kept_away, execute, report_of

from trellis_local.walkthrough import Walkthrough, World

HOSTNAME = "datastore.lattice-test.io"
PLACE = "proxied"
ACCOUNT = f"/api/v1/namespaces/{PLACE}/serviceaccounts/default"
BINDINGS = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{PLACE}/rolebindings"
EXAMPLE = Path(__file__).parents[2] / "examples" / "signing-proxy" / "rolebinding.yaml"
ASKS, PREFIX = "trellis.dev/signing-proxy", "sidecar.aws.signing-proxy/"
WANTED = {
    "inject": "true",
    "host": HOSTNAME,
    "name": "vpc-lattice-svcs",
    "region": "us-west-2",
    "unsigned-payload": "true",
    "upstream-url-scheme": "http",
}


class Team:
    """A team of cluster A with two Deployments."""

    def __init__(self, world: World) -> None:
        self.world, self.api = world, world.kubernetes(CLUSTER_A)
        self.deployments = {name: backend(PLACE, name)[0] for name in ("asking", "silent")}

    def ask(self, value: str | None) -> None:
        change = {"metadata": {"annotations": {ASKS: value}}}
        self.api.merge(path_of(self.deployments["asking"]), change)

    def grant(self) -> None:
        binding = yaml.safe_load(EXAMPLE.read_text())
        binding["metadata"]["namespace"] = PLACE
        self.api.apply(f"{BINDINGS}/{binding['metadata']['name']}", binding, manager="team")

    def reconcile(self) -> dict[str, Any]:
        execution = execute(self.world, "reconcile-cluster", {"cluster": CLUSTER_A})
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
        return execution

    def pods(self, name: str) -> dict[str, dict[str, str]]:
        """The annotations for the proxy of the running pods of a Deployment, by the pods' uids."""
        found = self.api.list(f"/api/v1/namespaces/{PLACE}/pods")
        own = [pod["metadata"] for pod in found if pod["metadata"]["labels"]["app"] == name]
        return {pod["uid"]: proxy_of(pod) for pod in own if "deletionTimestamp" not in pod}

    def wait_for(self, condition: Callable[[], bool]) -> None:
        self.world.wait("the pods", condition)

    def has(self, *annotations: dict[str, str]) -> bool:
        return list(self.pods("asking").values()) == list(annotations)


def proxy_of(metadata: dict[str, Any]) -> dict[str, str]:
    annotations: dict[str, str] = metadata.get("annotations") or {}
    return {name.removeprefix(PREFIX): value for name, value in annotations.items() if name.startswith(PREFIX)}


@pytest.fixture(scope="module")
def team(onboarded: Walkthrough, world: World) -> Iterator[Team]:
    found = Team(world)
    with events_kept_away(world):
        apply(found.api, namespace(PLACE), *found.deployments.values())
        found.api.merge(ACCOUNT, {"metadata": {"annotations": {"trellis.dev/calls": HOSTNAME}}})
        found.wait_for(lambda: len(found.pods("asking")) == len(found.pods("silent")) == 1)
        yield found
        delete(found.api, namespace(PLACE))
        found.reconcile()


def test_an_annotation_without_the_namespace_s_consent_changes_nothing(team: Team) -> None:
    before = team.pods("asking")
    team.ask(HOSTNAME)
    team.reconcile()
    assert team.pods("asking") == before


def test_with_both_the_pods_get_what_the_admission_controller_needs_and_the_report_tells(team: Team) -> None:
    silent = team.pods("silent")
    team.grant()
    execution = team.reconcile()
    team.wait_for(lambda: team.has(WANTED))
    assert team.pods("silent") == silent
    (line,) = [line for line in report_of(team.world, execution, CLUSTER_A)["done"] if "proxy" in line["resource"]]
    assert line["resource"] == f"signing proxy of Deployment {PLACE}/asking"


def test_a_check_that_finds_nothing_restarts_nothing(team: Team) -> None:
    before = team.pods("asking")
    assert json.loads(team.reconcile()["output"])["done"] == 0
    assert team.pods("asking") == before


def test_what_somebody_changes_is_put_back(team: Team) -> None:
    change = {"metadata": {"annotations": {f"{PREFIX}region": "us-east-1", f"{PREFIX}unsigned-payload": None}}}
    team.api.merge(path_of(team.deployments["asking"]), {"spec": {"template": change}})
    assert json.loads(team.reconcile()["output"])["done"] == 1
    team.wait_for(lambda: team.has(WANTED))


def test_a_host_that_the_pods_may_not_call_is_told_and_what_runs_goes_on(team: Team) -> None:
    before = team.pods("asking")
    team.ask("elsewhere.lattice-test.io")
    refused = report_of(team.world, team.reconcile(), CLUSTER_A)["refused"]
    assert "NotCalled" in {line["reason"] for line in refused}
    assert team.pods("asking") == before


def test_without_the_annotation_the_proxy_goes(team: Team) -> None:
    team.ask(None)
    assert json.loads(team.reconcile()["output"])["done"] == 1
    team.wait_for(lambda: team.has({}))
