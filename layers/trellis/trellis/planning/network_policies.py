"""Which auth policy a service network has: it is shared by clusters, so none of them alone decides against another."""

from collections.abc import Mapping
from dataclasses import dataclass

from trellis.auth_policies import check_policy, means_the_same
from trellis.auth_policies.placeholders import NETWORK_ARN
from trellis.model import AuthPolicy, network_holder

BASELINE = "NetworkBaselinePolicy"
"""The template parameter that stands for what no Gateway has a policy for."""


@dataclass(frozen=True)
class Claim:
    """What a cluster asks for: the document, and the object that asks."""

    source: str
    document: str


def decide(network: str, claims: Mapping[str, Claim], baseline: str) -> AuthPolicy | None:
    """The policy of a network: what all clusters that ask for one agree on, else the baseline, if there is one."""
    holder = network_holder(network)
    if claims:
        return _agreed(holder, claims)
    if not baseline.strip():
        return None
    checked = check_policy(baseline, arn=NETWORK_ARN)
    problem = "; ".join(f"{BASELINE}: {fault}" for fault in checked.faults)
    return AuthPolicy(holder, BASELINE, checked.document, problem)


def _agreed(holder: str, claims: Mapping[str, Claim]) -> AuthPolicy:
    (first, claim), *others = sorted(claims.items())
    for cluster, other in others:
        if not means_the_same(claim.document, other.document):
            message = f"{claim.source} of {first} and {other.source} of {cluster} ask for different policies"
            return AuthPolicy(holder, claim.source, problem=message, reason="Conflicted")
    return AuthPolicy(holder, f"{claim.source} of {first}"[:256], claim.document)
