"""The errors that Trellis' functions raise, which are a contract with the state machines.

A class' name is the `ErrorEquals` of the state machines' retry and catch rules, so renaming one changes them too; a
test compares both sides. `retry` says what the machines do: busy errors are tried again with back-off, permanent ones
never.
"""

from typing import ClassVar


class TrellisError(Exception):
    """Base of all errors that Trellis raises on purpose."""

    retry: ClassVar[bool] = False


class PermanentError(TrellisError):
    """Trying again cannot help before somebody changes something."""


class BusyError(TrellisError):
    """Trying again later can help."""

    retry = True


class CanaryError(TrellisError):
    """Mark of the errors that only functions of the state machine `shift-canary` raise."""


class InvalidInputError(PermanentError):
    """The input of an execution is not what the state machine accepts; the message names each field."""


class InvalidEventError(PermanentError):
    """An event that cannot be parsed; it goes to the dead-letter queue with this message."""


class ClusterNotRegisteredError(PermanentError):
    """The cluster is not in the registry."""


class ClusterNotTaggedError(PermanentError):
    """The EKS cluster lacks the tag by which it joins a service network, or its value is not a network's name."""


class AccessDeniedError(PermanentError):
    """AWS or Kubernetes refused a call for want of a permission; the message names the call."""


class AwsCallError(PermanentError):
    """AWS refused a call for a reason that a retry cannot mend; the message carries AWS' code and text."""


class ClusterUnreadableError(BusyError):
    """The cluster's Kubernetes API could not be read. Nothing may be concluded from that, least of all deletions."""


class ClusterUpdatingError(BusyError):
    """Amazon EKS is at work on the cluster; what was asked for has to wait for that."""


class LeaseHeldError(BusyError):
    """Another run works on the same resource right now."""


class ThrottledError(BusyError):
    """AWS limits the rate of calls."""


class ServiceUnavailableError(BusyError):
    """AWS failed on its side, or the connection broke."""


class LeaseLostError(CanaryError, PermanentError):
    """Another writer has taken the canary over; whoever gets this must write nothing more."""


class CanaryFailedError(CanaryError, PermanentError):
    """The canary must not go on; the message begins with the reason's code. What follows is the rollback."""


class StepEndedError(CanaryError, PermanentError):
    """A step has nothing more to wait for; the lease says what comes next."""


class BaselineUnhealthyError(CanaryError, PermanentError):
    """There is nothing healthy to roll back to, so traffic stays where it is and a person is called."""


class NotYetAppliedError(CanaryError, BusyError):
    """VPC Lattice does not carry the route's weights on every rule of every listener yet."""


class RouteMovedError(CanaryError, BusyError):
    """The route changed between reading and patching it; what was decided must be decided again."""
