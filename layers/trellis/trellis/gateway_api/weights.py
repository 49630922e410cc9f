"""Weights of the Gateway API (0 to 1,000,000) as weights of VPC Lattice (0 to 999)."""

import math
from collections.abc import Sequence

from trellis.gateway_api.limits import MAX_WEIGHT


def scaled(weights: Sequence[int]) -> tuple[int, ...]:
    """The weights as they are if all fit, else the nearest ones with the same ratios; none but 0 becomes 0."""
    if max(weights, default=0) <= MAX_WEIGHT:
        return tuple(weights)
    divisor = math.gcd(*weights)
    reduced = [weight // divisor for weight in weights]
    largest = max(reduced)
    if largest <= MAX_WEIGHT:
        return tuple(reduced)
    return tuple(max(1, (2 * weight * MAX_WEIGHT + largest) // (2 * largest)) if weight else 0 for weight in reduced)
