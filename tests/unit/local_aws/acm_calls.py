"""ACM on the local stack, what it says and sends, and a clock that stands still."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from trellis_local import clock
from trellis_local.aws.acm_events import CertificateEvents
from trellis_local.dataplane.certificates import Authority

REGION, NAME, SERVICE = "us-west-2", "datastore.lattice-test.io", "arn:aws:vpc-lattice:us-west-2:1:service/svc-1"


class Acm:
    """A client, the events, and what uses certificates."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("acm", REGION, aws_access_key_id="test", aws_secret_access_key="test")
        self.used: set[str] = set()
        self.events = CertificateEvents(lambda event: None, users=self.users, region=REGION)

    def users(self, arn: str) -> list[str]:
        return [SERVICE] if arn in self.used else []

    def imported(self, name: str = NAME, **more: str) -> str:
        authority = Authority("A company's own")
        found = authority.certificate(name)
        return str(
            self.client.import_certificate(Certificate=found.chain, PrivateKey=found.key, **more)["CertificateArn"]
        )

    def requested(self, name: str = NAME, **more: Any) -> str:
        return str(self.client.request_certificate(DomainName=name, ValidationMethod="DNS", **more)["CertificateArn"])

    def described(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_certificate(CertificateArn=arn)["Certificate"]
        return found

    def export(self, arn: str) -> None:
        self.client.export_certificate(CertificateArn=arn, Passphrase=b"a passphrase")

    def revoke(self, arn: str) -> None:
        self.client.revoke_certificate(CertificateArn=arn, RevocationReason="SUPERSEDED")

    def seen(self) -> list[tuple[str, str]]:
        """What has happened since the last look: the type of each event and its `Action`."""
        return [
            (event["detail-type"].removeprefix("ACM Certificate "), event["detail"].get("Action", ""))
            for event in self.events.look()
        ]


def at(monkeypatch: pytest.MonkeyPatch, since: timedelta) -> None:
    """Let the stack's clock show a time so far from now, standing still."""
    begun = datetime.now(UTC).timestamp()

    class Still(clock.Clock):
        def time(self) -> float:
            return begun + since.total_seconds()

    monkeypatch.setattr(clock, "_current", Still(start=begun))
