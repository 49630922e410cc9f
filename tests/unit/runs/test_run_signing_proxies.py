"""Annotations for the SigV4 proxy in a cluster: where they come, where they stay away, and that they go again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from run_tools import CLUSTER

from trellis.clusters import bootstrap
from trellis.clusters.access import SIGNING_PROXIES, STATUS_WRITERS
from trellis.clusters.api import KubernetesApi
from trellis.gateway_api import Intent
from trellis.gateway_api.clients import ClientIntent
from trellis.model import ClientIdentity
from trellis.runs.signing_proxies import clear_signing_proxies, keep_signing_proxies
from trellis_local.kubernetes import KubernetesLauncher
from trellis_local.kubernetes.contract import ClusterSpec, UserInfo
from trellis_local.kubernetes.launcher import RunningApi

HOST = "datastore.lattice-test.io"
IDENTITY = ClientIdentity("default", "default", (HOST,), "role")
INTENT = Intent(cluster=CLUSTER.name, clients=(ClientIntent("default", "default", IDENTITY),))
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
BINDING = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/trellis-signing-proxy"
OWN, PREFIX = "trellis.dev/signing-proxy", "sidecar.aws.signing-proxy/"
USERS = {"writer": UserInfo("writer", (STATUS_WRITERS, SIGNING_PROXIES))}


class Place:
    """A prepared cluster, with one Deployment."""

    def __init__(self, running: RunningApi) -> None:
        authority = running.ca_pem.encode()
        self.team = KubernetesApi(endpoint=running.endpoint, ca_pem=authority, token=running.admin_token)
        self.trellis = KubernetesApi(endpoint=running.endpoint, ca_pem=authority, token="writer")
        bootstrap.install(self.team)

    def deploy(self, name: str = "web", **annotations: str) -> None:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web"}]}}
        self.team.apply(
            f"{DEPLOYMENTS}/{name}",
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "annotations": annotations},
                "spec": {"selector": {"matchLabels": labels}, "template": template},
            },
            manager="team",
        )

    def grant(self, role: str = "trellis-signing-proxy") -> None:
        group = "rbac.authorization.k8s.io"
        document = {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "trellis-signing-proxy"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": SIGNING_PROXIES}],
        }
        self.team.delete(BINDING)
        self.team.apply(BINDING, document, manager="team")

    def keep(self, intent: Intent = INTENT) -> list[dict[str, Any]]:
        return keep_signing_proxies(self.trellis, intent, CLUSTER)

    def pods(self, name: str = "web") -> dict[str, str]:
        """The annotations of the pods of a Deployment."""
        found = self.team.get(f"{DEPLOYMENTS}/{name}") or {}
        annotations: dict[str, str] = found["spec"]["template"]["metadata"].get("annotations") or {}
        return annotations

    def template(self) -> Any:
        return (self.team.get(f"{DEPLOYMENTS}/web") or {})["metadata"]["generation"]


@pytest.fixture
def place() -> Iterator[Place]:
    arn = "arn:aws:eks:us-west-2:111122223333:cluster/blue"
    spec = ClusterSpec("blue", arn, "111122223333", "us-west-2", "vpc-1", ("10.0.0.0/16",), USERS.get)
    running = KubernetesLauncher().launch(spec)
    yield Place(running)
    running.stop()


def test_without_the_namespace_s_role_binding_nothing_is_touched(place: Place) -> None:
    place.deploy(**{OWN: HOST})
    assert place.keep() == []
    assert place.pods() == {}


def test_a_deployment_that_asks_is_annotated_once_and_one_that_does_not_ask_never(place: Place) -> None:
    place.grant()
    place.deploy(**{OWN: HOST})
    place.deploy("other")
    (outcome,) = place.keep()
    assert [line["resource"] for line in outcome["done"]] == ["signing proxy of Deployment default/web"]
    assert place.pods()[f"{PREFIX}host"] == HOST
    assert place.pods("other") == {}
    before = place.template()
    assert place.keep() == []
    assert place.template() == before


def test_what_somebody_changes_is_put_back_and_the_rest_of_the_template_is_theirs(place: Place) -> None:
    place.grant()
    place.deploy(**{OWN: HOST})
    place.keep()
    changed = {f"{PREFIX}region": "mars", f"{PREFIX}host": None, f"{PREFIX}role-arn": "mine"}
    place.team.merge(f"{DEPLOYMENTS}/web", {"spec": {"template": {"metadata": {"annotations": changed}}}})
    assert [line["kind"] for line in place.keep()[0]["done"]] == ["AnnotateWorkload"]
    found = place.pods()
    assert (found[f"{PREFIX}region"], found[f"{PREFIX}host"]) == (CLUSTER.region, HOST)
    assert found[f"{PREFIX}role-arn"] == "mine"


def test_what_nobody_asks_for_any_more_goes_and_what_others_have_written_stays(place: Place) -> None:
    place.grant()
    place.deploy(**{OWN: HOST})
    place.keep()
    theirs = {f"{PREFIX}role-arn": "mine"}
    place.team.merge(f"{DEPLOYMENTS}/web", {"spec": {"template": {"metadata": {"annotations": theirs}}}})
    place.deploy()
    (outcome,) = place.keep()
    assert [line["deletes"] for line in outcome["done"]] == [True]
    assert place.pods() == theirs
    assert place.keep() == []


def test_a_cluster_that_leaves_keeps_none_of_them(place: Place) -> None:
    place.grant()
    place.deploy(**{OWN: HOST})
    place.keep()
    clear_signing_proxies(place.team)
    assert place.pods() == {}


def test_a_mistake_elsewhere_takes_nothing_from_pods_that_run(place: Place) -> None:
    place.grant()
    place.deploy(**{OWN: HOST})
    place.keep()
    before = place.pods()
    (outcome,) = place.keep(replace(INTENT, clients=()))
    assert [refusal["reason"] for refusal in outcome["refusals"]] == ["NotCalled"]
    assert place.pods() == before


def test_a_binding_to_another_role_is_told_and_does_not_end_the_run(place: Place) -> None:
    place.deploy(**{OWN: HOST})
    place.grant(role="trellis-canary-shifter")
    (outcome,) = place.keep()
    assert [(refusal["resource"], refusal["reason"]) for refusal in outcome["refusals"]] == [
        ("Namespace default", "NotPermitted")
    ]
    assert place.pods() == {}
