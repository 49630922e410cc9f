"""What a run remembers of the network's policy, and what it decides for it."""

from dataclasses import replace

from run_tools import CLUSTER, MemoryNetworkPolicies, toolbox

from trellis.model import AuthPolicy, Cluster, ClusterState, Desired, Mode
from trellis.planning.network_policies import Claim
from trellis.runs.auth_planning import with_network_policy
from trellis.runs.request import Run

RUN = Run(cluster="blue", scope="cluster", mode=Mode.REMEDIATE, lane="manual", run="r-1", snapshotKey="s")
HOLDER = f"network/{CLUSTER.service_network}"
POLICY = AuthPolicy(HOLDER, "IAMAuthPolicy apps/who", '{"Statement":[]}')
CLAIM = Claim(POLICY.source, POLICY.document)
ASKING = Desired(auth_policies=(POLICY,))


def decided(
    store: MemoryNetworkPolicies, desired: Desired, *, run: Run = RUN, cluster: Cluster = CLUSTER, keep: bool = False
) -> tuple[AuthPolicy, ...]:
    tools = toolbox(network_policies=store)
    return with_network_policy(tools, run, cluster, desired, keep=keep).auth_policies


def test_what_a_cluster_asks_for_is_remembered_and_decided() -> None:
    store = MemoryNetworkPolicies()
    (policy,) = decided(store, ASKING)
    assert (policy.document, policy.source) == (POLICY.document, "IAMAuthPolicy apps/who of blue")
    assert store.claims == {"blue": CLAIM}


def test_what_is_known_is_not_written_again() -> None:
    store = MemoryNetworkPolicies({"blue": CLAIM})
    decided(store, ASKING)
    assert store.writes == 0


def test_a_run_that_only_reports_remembers_nothing_and_shows_what_would_be() -> None:
    store = MemoryNetworkPolicies()
    (policy,) = decided(store, ASKING, run=RUN.model_copy(update={"mode": Mode.PLAN}))
    assert (policy.document, store.claims) == (POLICY.document, {})


def test_what_is_not_asked_for_any_more_is_forgotten() -> None:
    store = MemoryNetworkPolicies({"blue": CLAIM})
    assert (decided(store, Desired()), store.claims) == ((), {})


def test_what_cannot_be_read_is_not_forgotten() -> None:
    store = MemoryNetworkPolicies({"blue": CLAIM})
    (policy,) = decided(store, Desired(), keep=True)
    assert (policy.document, store.claims) == (POLICY.document, {"blue": CLAIM})


def test_a_policy_that_is_not_sound_leaves_the_one_before_in_force() -> None:
    store = MemoryNetworkPolicies({"blue": CLAIM})
    (policy,) = decided(store, Desired(auth_policies=(AuthPolicy(HOLDER, "x", problem="no JSON"),)))
    assert (policy.document, store.claims) == (POLICY.document, {"blue": CLAIM})


def test_another_cluster_that_asks_for_something_else_is_a_conflict() -> None:
    store = MemoryNetworkPolicies({"green": Claim("IAMAuthPolicy apps/who", '{"Statement":{}}')})
    (policy,) = decided(store, ASKING)
    assert (policy.document, policy.reason) == ("", "Conflicted")


def test_a_cluster_that_leaves_asks_for_nothing() -> None:
    store = MemoryNetworkPolicies({"blue": CLAIM})
    leaving = replace(CLUSTER, state=ClusterState.LEAVING)
    assert (decided(store, Desired(), cluster=leaving, keep=False), store.claims) == ((), {})
