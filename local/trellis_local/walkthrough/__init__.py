"""The walk-through: what Trellis must always do, acted and checked from outside.

It uses what any user has - AWS APIs through boto3, the clusters' Kubernetes APIs, HTTP from inside a VPC - and nothing
of the stack's insides, so the same steps would hold against AWS.
"""

from trellis_local.walkthrough.scenario import PARAMETERS, Walkthrough
from trellis_local.walkthrough.world import Check, CheckFailedError, World

__all__ = ["PARAMETERS", "Check", "CheckFailedError", "Walkthrough", "World"]
