"""ACM's managed renewal of the certificates that it issued itself.

A certificate that is in use, or was exported since it was issued, is renewed under its ARN as soon as its names are
validated, from 45 days before it ends, and from 60 days if it is valid for longer than 198:
https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html. How often ACM looks again at names that
it could not validate is not documented; here that is at once, which is inferred.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.acm.models import CertBundle

from trellis_local import clock
from trellis_local.aws import acm_validation
from trellis_local.aws.acm_bundles import VALIDITY, not_after, put, validity

STEPS = (30, 15, 7, 3, 1)
"""Days before the end at which ACM tells that somebody has to act. Another page of the User Guide, supported-events,
leaves out the seven."""

_DUE, _DUE_OF_LONG = timedelta(days=45), timedelta(days=60)


@dataclass(frozen=True)
class Renewal:
    """How the renewal of a certificate stands; `problems` by name."""

    status: str
    updated: datetime
    problems: dict[str, str]

    @property
    def reason(self) -> str:
        """Why it does not get on; empty when it does."""
        return acm_validation.reason(self.problems)


def is_due(bundle: Any) -> bool:
    """Whether ACM would renew the certificate now, if it is in use or was exported."""
    begins = _DUE_OF_LONG if validity(bundle) > VALIDITY else _DUE
    is_own = bundle.type == "AMAZON_ISSUED" and bundle.status == "ISSUED"
    return is_own and not_after(bundle) - clock.current().now() <= begins


def attempt(bundle: Any, region: str) -> Any:
    """A new certificate under the ARN of the old one; the old one, with a note, where names are not validated."""
    found = acm_validation.problems(bundle)
    if found:
        before = of(bundle)
        if before is None or before.problems != found:
            bundle.renewal = Renewal("PENDING_VALIDATION", clock.current().now(), found)
        return bundle
    fresh = CertBundle.generate_cert(bundle.common_name, bundle.arn.split(":")[4], region, sans=bundle.sans)
    fresh.arn, fresh.tags, fresh.status = bundle.arn, bundle.tags, "ISSUED"
    fresh.cert_options, fresh.issued_at = bundle.cert_options, clock.current().now()
    fresh.renewal = Renewal("SUCCESS", clock.current().now(), {})
    put(fresh, region)
    return fresh


def of(bundle: Any) -> Renewal | None:
    """How the renewal stands; None before ACM has begun."""
    found: Renewal | None = getattr(bundle, "renewal", None)
    return found


def step(bundle: Any) -> int | None:
    """Which of the steps the certificate has come to; None when its renewal is not held up, or it is early."""
    found = of(bundle)
    if found is None or not found.problems:
        return None
    left = not_after(bundle) - clock.current().now()
    return min((days for days in STEPS if left <= timedelta(days=days)), default=None)


def summary(bundle: Any, options: list[dict[str, Any]]) -> dict[str, Any]:
    """The RenewalSummary of DescribeCertificate, or nothing; `options` are those of the first validation."""
    found = of(bundle)
    if found is None:
        return {}
    failed = bool(found.problems) and bundle.status == "EXPIRED"
    pending = "FAILED" if failed else "PENDING_VALIDATION"
    told = {
        "RenewalStatus": "FAILED" if failed else found.status,
        "DomainValidationOptions": [
            {**option, "ValidationStatus": pending if option["DomainName"] in found.problems else "SUCCESS"}
            for option in options
        ],
        "UpdatedAt": found.updated.timestamp(),
    }
    # What a missing record is called in events is none of the API's reasons.
    api_reason = {} if found.reason in ("", acm_validation.PENDING) else {"RenewalStatusReason": found.reason}
    return {"RenewalSummary": {**told, **api_reason}}
