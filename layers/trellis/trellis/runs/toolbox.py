"""What the parts of a run work with; each is made when first used."""

import time
from functools import cached_property

from trellis.config import Settings, settings
from trellis.fleet.budget import Budget
from trellis.fleet.canaries import Canaries
from trellis.fleet.documents import Documents
from trellis.fleet.elevations import Elevations
from trellis.fleet.fingerprints import Fingerprints, Rhythm
from trellis.fleet.hints import Hints
from trellis.fleet.inventory import Inventory
from trellis.fleet.leases import Leases
from trellis.fleet.network_policies import NetworkPolicies
from trellis.fleet.notices import Notices
from trellis.fleet.registry import Registry
from trellis.fleet.repairs import Repairs
from trellis.fleet.requests import CheckRequests
from trellis.resources.clients import Clients
from trellis.runs.pacing import Pacer, Rate


class Toolbox:
    """The AWS clients, settings and stores of one function; it lives as long as the function's process."""

    @cached_property
    def clients(self) -> Clients:
        """AWS clients."""
        return Clients(connections=self.settings.read_concurrency, pace=self._pacer)

    def _pacer(self, api: str) -> Pacer:
        settings = self.settings
        per_second = {
            "vpc-lattice": settings.lattice_calls_per_second,
            "ec2": settings.ec2_calls_per_second,
            "route53": settings.route53_calls_per_second,
            "tagging": settings.tagging_calls_per_second,
        }
        budget = Budget(self.clients.dynamodb, settings.table, clock=_now)
        rate = Rate(api, per_second[api], settings.budget_wait_seconds)
        return Pacer(budget, rate, clock=_now, sleep=time.sleep)

    @cached_property
    def settings(self) -> Settings:
        """Settings from the environment."""
        return settings()

    @cached_property
    def registry(self) -> Registry:
        """The registry of clusters."""
        return Registry(self.clients.dynamodb, self.settings.table)

    @cached_property
    def documents(self) -> Documents:
        """Snapshots, plans and reports."""
        return Documents(self.clients.s3, self.settings.bucket)

    @cached_property
    def network_policies(self) -> NetworkPolicies:
        """What clusters ask of the auth policies of their networks."""
        return NetworkPolicies(self.clients.dynamodb, self.settings.table)

    @cached_property
    def leases(self) -> Leases:
        """Leases on what several runs may want to change."""
        return Leases(
            self.clients.dynamodb,
            self.settings.table,
            seconds=self.settings.lease_seconds,
            clock=_now,
        )

    @cached_property
    def elevations(self) -> Elevations:
        """Where the bootstrap role may be an administrator just now."""
        return Elevations(self.clients.dynamodb, self.settings.table, clock=_now)

    @cached_property
    def canaries(self) -> Canaries:
        """Leases of canaries."""
        return Canaries(self.clients.dynamodb, self.settings.table)

    @cached_property
    def inventory(self) -> Inventory:
        """Which cluster a resource belongs to."""
        return Inventory(self.clients.dynamodb, self.settings.table, clock=_now)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What earlier runs have read of VPC Lattice."""
        rhythm = Rhythm(self.settings.fingerprint_settle_seconds, self.settings.full_read_hours * 3600)
        return Fingerprints(self.clients.dynamodb, self.settings.table, clock=_now, rhythm=rhythm)

    @cached_property
    def hints(self) -> Hints:
        """What is known of other people's changes."""
        return Hints(self.clients.dynamodb, self.settings.table, clock=_now)

    @cached_property
    def repairs(self) -> Repairs:
        """What earlier runs have changed."""
        return Repairs(self.clients.dynamodb, self.settings.table, clock=_now)

    @cached_property
    def notices(self) -> Notices:
        """What has been said once."""
        return Notices(self.clients.dynamodb, self.settings.table, clock=_now)

    def now(self) -> float:
        """Unix time in seconds."""
        return _now()

    @cached_property
    def checks(self) -> CheckRequests:
        """Checks that events have asked for."""
        return CheckRequests(
            self.clients.dynamodb, self.settings.table, spacing=self.settings.event_spacing_seconds, clock=_now
        )


def _now() -> float:
    return time.time()
