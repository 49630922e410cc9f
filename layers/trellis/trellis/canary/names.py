"""The names under which canaries are told of. People's rules and alarms use them, and docs/canary.md lists them all."""

from enum import StrEnum


class Event(StrEnum):
    """Types of events on the bus, each with the prefix `Canary.`."""

    STARTED = "Started"
    STEP_SHIFTED = "StepShifted"
    STEP_VERIFIED = "StepVerified"
    STEP_PASSED = "StepPassed"
    EXTENDED = "Extended"
    HOOK_ANSWERED = "HookAnswered"
    GATE_OPENED = "GateOpened"
    GATE_DECIDED = "GateDecided"
    PAUSED = "Paused"
    RESUMED = "Resumed"
    COMMAND_FOLLOWED = "CommandFollowed"
    EXTERNAL_EDIT = "ExternalEdit"
    REASSERTED = "Reasserted"
    LATTICE_DRIFTED = "LatticeDrifted"
    ROLLBACK_STARTED = "RollbackStarted"
    ROLLED_BACK = "RolledBack"
    ROLLBACK_FAILED = "RollbackFailed"
    PROMOTED = "Promoted"
    OVERRIDE_CLEARED = "OverrideCleared"
    OVERRIDE_OVERDUE = "OverrideOverdue"
    LEASE_REAPED = "LeaseReaped"
    EXPOSURE_COUNTED = "ExposureCounted"
    SILENT = "Silent"
    HELD = "Held"


class Metric(StrEnum):
    """Metrics with the dimensions Cluster and Route."""

    CANARY_WEIGHT = "CanaryWeight"
    MEASURED_SHARE = "MeasuredShare"
    VERIFY_SECONDS = "VerifySeconds"
    VERDICT_PASS = "VerdictPass"
    VERDICT_FAIL = "VerdictFail"
    VERDICT_INCONCLUSIVE = "VerdictInconclusive"
    PROMOTIONS = "Promotions"
    ROLLBACKS = "Rollbacks"
    ROLLBACK_SECONDS = "RollbackSeconds"
    ROLLBACKS_FAILED = "RollbacksFailed"
    LATTICE_DRIFTS = "LatticeDrifts"
    LEASE_AGE_SECONDS = "LeaseAgeSeconds"
    LEASE_OVERDUE_SECONDS = "LeaseOverdueSeconds"
    REAPED_LEASES = "ReapedLeases"
    OVERRIDE_AGE_SECONDS = "OverrideAgeSeconds"


FLEET_WIDE = frozenset({Metric.ROLLBACKS_FAILED, Metric.LATTICE_DRIFTS, Metric.LEASE_OVERDUE_SECONDS})
"""Metrics that are counted without dimensions too: an alarm of the template knows no cluster and no route."""
