"""Auth types and auth policies of services and networks: what must change, in an order that never opens too early.

A policy is put before the auth type makes it count, and the auth type is taken back before its policy is: with AWS_IAM
and no policy everything is denied, which neither the old nor the new state says. A tag that marks them as Trellis' is
put first and removed last, so that a run that ends in between is continued by the next.
https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trellis.auth_policies import Resolved, means_the_same, resolve, shown, size_fault
from trellis.model import AuthPolicy
from trellis.planning.work import Description, Refusal, described

IAM, NONE = "AWS_IAM", "NONE"


@dataclass(frozen=True)
class ObservedAuth:
    """The auth of one service or network; `claim` is the tag that says for what Trellis keeps it."""

    id: str
    arn: str
    auth_type: str = NONE
    policy: str = ""
    claim: str = ""
    owned: bool = True


@dataclass(frozen=True)
class _AuthChange:
    holder: str

    @property
    def expected(self) -> dict[str, Any]:
        """The field as it must be."""
        return {}

    @property
    def found(self) -> dict[str, Any]:
        """The field as it is."""
        return {}

    def describe(self) -> Description:
        """Describe the change for reports; secrets that a policy compares with are not shown."""
        expected, found = self.expected, self.found
        deletes = isinstance(self, DeleteAuthPolicy)
        words = described(
            type(self).__name__,
            resource_of(self.holder),
            expected=expected,
            found=found,
            deletes=deletes,
        )
        return {**words, "fields": sorted({*expected, *found})}


@dataclass(frozen=True)
class ClaimAuth(_AuthChange):
    """Set the tag that marks auth type and policy as kept by Trellis for `source`, or remove it without one."""

    source: str
    old: str

    @property
    def expected(self) -> dict[str, Any]:
        return {"source": self.source} if self.source else {}

    @property
    def found(self) -> dict[str, Any]:
        return {"source": self.old} if self.old else {}


@dataclass(frozen=True)
class PutAuthPolicy(_AuthChange):
    """Set the policy."""

    document: str
    old: str

    @property
    def expected(self) -> dict[str, Any]:
        return {"policy": shown(self.document)}

    @property
    def found(self) -> dict[str, Any]:
        return {"policy": shown(self.old)} if self.old else {}


@dataclass(frozen=True)
class SetAuthType(_AuthChange):
    """Set the auth type."""

    auth_type: str
    old: str

    @property
    def expected(self) -> dict[str, Any]:
        return {"auth_type": self.auth_type}

    @property
    def found(self) -> dict[str, Any]:
        return {"auth_type": self.old}


@dataclass(frozen=True)
class DeleteAuthPolicy(_AuthChange):
    """Delete the policy."""

    old: str

    @property
    def found(self) -> dict[str, Any]:
        return {"policy": shown(self.old)}


AuthChange = ClaimAuth | PutAuthPolicy | SetAuthType | DeleteAuthPolicy


@dataclass(frozen=True)
class AuthDiff:
    """The changes in their order, or why there must be none."""

    changes: tuple[AuthChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def resource_of(holder: str) -> str:
    """How reports call the auth policy of a holder."""
    return f"auth policy of {holder.replace('/', ' ', 1)}"


def diff_auth(
    holder: str, wanted: AuthPolicy | None, observed: ObservedAuth | None, values: Mapping[str, str]
) -> AuthDiff:
    """Compare what is wanted at a holder with what is there, None when it is still to be made.

    `values` are what placeholders stand for.
    """
    if wanted is None:
        return _without_policy(holder, observed)
    if observed is not None and not observed.owned:
        return _refused(holder, "NotOwned", f"{holder} is not Trellis' own; its auth policy is left as it is")
    resolved = resolve(wanted.document, values)
    reason, problem = _problem(wanted, resolved, is_there=observed is not None)
    if problem:
        return _refused(holder, reason, f"{problem}; what is there stays as it is")
    if observed is None:
        # It is made closed, so that only the policy is missing.
        return AuthDiff((PutAuthPolicy(holder, resolved.text, ""),))
    return AuthDiff(tuple(_towards(holder, wanted.source, resolved.text, observed)))


def _problem(wanted: AuthPolicy, resolved: Resolved, *, is_there: bool) -> tuple[str, str]:
    """Why a document must not be put, with the reason's name; before the holder is there it has no ARN."""
    if wanted.problem:
        return wanted.reason, wanted.problem
    missing = [name for name in resolved.missing if is_there or not name.endswith("-arn")]
    if missing:
        names = ", ".join(f"${{trellis:{name}}}" for name in missing)
        return "UnresolvedPlaceholder", f"{wanted.source}: {names} stands for nothing that Trellis knows"
    faults = size_fault(resolved.text)
    return ("Invalid", f"{wanted.source}: {faults[0]}") if faults else ("", "")


def _towards(holder: str, source: str, document: str, observed: ObservedAuth) -> list[AuthChange]:
    changes: list[AuthChange] = []
    if observed.claim != source:
        changes.append(ClaimAuth(holder, source, observed.claim))
    if not observed.policy or not means_the_same(observed.policy, document):
        changes.append(PutAuthPolicy(holder, document, observed.policy))
    if observed.auth_type != IAM:
        changes.append(SetAuthType(holder, IAM, observed.auth_type))
    return changes


def _without_policy(holder: str, observed: ObservedAuth | None) -> AuthDiff:
    """Only what carries the tag is taken back: others may have closed a service for a reason."""
    if observed is None or not observed.owned:
        return AuthDiff()
    if not observed.claim:
        if observed.auth_type == NONE:
            return AuthDiff()
        message = (
            f"{holder} has the auth type {observed.auth_type}, which no IAMAuthPolicy asks for; it is left as it is"
        )
        return _refused(holder, "NotOwned", message)
    changes: list[AuthChange] = []
    if observed.auth_type != NONE:
        changes.append(SetAuthType(holder, NONE, observed.auth_type))
    if observed.policy:
        changes.append(DeleteAuthPolicy(holder, observed.policy))
    return AuthDiff((*changes, ClaimAuth(holder, "", observed.claim)))


def _refused(holder: str, reason: str, message: str) -> AuthDiff:
    return AuthDiff(refusals=(Refusal(resource_of(holder), reason, message),))
