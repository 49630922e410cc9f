"""A running cluster for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from embedded_kubernetes import Api, install_gateway_api, spec

from trellis_local.kubernetes import KubernetesLauncher
from trellis_local.kubernetes.contract import ClusterSpec, UserInfo
from trellis_local.kubernetes.launcher import RunningApi


@pytest.fixture
def launcher() -> KubernetesLauncher:
    return KubernetesLauncher(event_log_length=200)


@pytest.fixture
def launch(launcher: KubernetesLauncher) -> Iterator[Callable[[ClusterSpec], RunningApi]]:
    running: list[RunningApi] = []

    def start(wanted: ClusterSpec) -> RunningApi:
        running.append(launcher.launch(wanted))
        return running[-1]

    yield start
    for cluster in running:
        cluster.stop()


@pytest.fixture
def cluster(launch: Callable[[ClusterSpec], RunningApi]) -> RunningApi:
    users = {"bob": UserInfo("bob", ("readers",)), "nobody": UserInfo("nobody")}
    return launch(spec(users=users))


@pytest.fixture
def api(cluster: RunningApi) -> Api:
    return Api(cluster)


@pytest.fixture
def gateway_api(api: Api) -> Api:
    """The API of a cluster with the Gateway API's definitions and a namespace `shop`."""
    return install_gateway_api(api)


@pytest.fixture(scope="module")
def refusing_api() -> Iterator[Api]:
    """The same for tests whose requests store nothing."""
    running = KubernetesLauncher().launch(spec())
    yield install_gateway_api(Api(running))
    running.stop()
