"""Certificates of ACM for the end-to-end tests, the Gateway that asks for them, and handshakes that show them."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from drifting import SECONDS
from observing import CLUSTER_B, GATEWAY_API, delivered, events_kept_away, reports

from trellis_local import clock
from trellis_local.aws import acm_bundles
from trellis_local.walkthrough import World

READY = "trellis.dev/CertificateReady"
HOSTNAME = "datastore.lattice-test.io"
GATEWAY = f"{GATEWAY_API}/namespaces/apps/gateways/eks-lattice-network"
ROUTE = f"{GATEWAY_API}/namespaces/apps/httproutes/datastore"

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def material(*names: str, until: datetime | None = None, serial_number: int = 0) -> dict[str, bytes]:
    """A self-signed certificate and its key, as ImportCertificate takes them."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(_KEY.public_key())
    builder = builder.serial_number(serial_number or x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(until or now + timedelta(days=300))
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    signed = builder.add_extension(alternatives, critical=False).sign(_KEY, hashes.SHA256())
    key = _KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"Certificate": signed.public_bytes(serialization.Encoding.PEM), "PrivateKey": key}


def serial(certificate: dict[str, bytes]) -> int:
    """The serial number of a certificate as `material` makes it."""
    return x509.load_pem_x509_certificate(certificate["Certificate"]).serial_number


def presented(world: World, vpc_id: str, name: str) -> int | None:
    """The serial number of the certificate that a client in the VPC is shown; None when the handshake fails."""
    place = urlsplit(world.dataplane(vpc_id))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((place.hostname, place.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            found = secured.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(found).serial_number if found else None


@contextmanager
def noticed_or_checked(world: World, noticed: bool) -> Iterator[Callable[[], None]]:
    """Either events bring what happens, or they are kept away and calling the result lets the schedule find it."""
    if noticed:
        yield lambda: None
        return
    with events_kept_away(world, "RotateCertificate"):
        yield lambda: check_drift(world)


def check_drift(world: World) -> None:
    """What the schedule starts."""
    world.run("check-drift", {})


class PublicZone:
    """The public hosted zone of the hostname's domain, in which ACM looks for the records that it asks for."""

    def __init__(self, world: World) -> None:
        self._route53 = world.aws("route53")

    def __enter__(self) -> "PublicZone":
        made = self._route53.create_hosted_zone(Name="lattice-test.io", CallerReference=uuid4().hex)
        self._id = made["HostedZone"]["Id"]
        return self

    def __exit__(self, *_: object) -> None:
        records = self._route53.list_resource_record_sets(HostedZoneId=self._id)["ResourceRecordSets"]
        for record in (found for found in records if found["Type"] == "CNAME"):
            self._change("DELETE", record)
        self._route53.delete_hosted_zone(Id=self._id)

    def answer(self, described: dict[str, Any], *, action: str = "UPSERT") -> None:
        """Set the records that ACM asks for, or take them away with the action DELETE."""
        for option in described["DomainValidationOptions"]:
            name, value = option["ResourceRecord"]["Name"], option["ResourceRecord"]["Value"]
            self._change(action, {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": value}]})

    def _change(self, action: str, records: dict[str, Any]) -> None:
        changes = [{"Action": action, "ResourceRecordSet": records}]
        self._route53.change_resource_record_sets(HostedZoneId=self._id, ChangeBatch={"Changes": changes})


class Secured:
    """The walk-through's route with an HTTPS listener beside the one that it has."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acm, self.lattice = world.aws("acm"), world.aws("vpc-lattice")
        self._kubernetes = world.kubernetes(CLUSTER_B)

    def listen(self, **tls: Any) -> None:
        """Give the Gateway an HTTPS listener with these options, and let the route use all listeners."""
        secure = {"name": "https", "protocol": "HTTPS", "port": 443, "tls": {"mode": "Terminate", **tls}}
        http = {"name": "http", "protocol": "HTTP", "port": 80}
        self._kubernetes.merge(GATEWAY, {"spec": {"listeners": [http, secure]}})
        self._kubernetes.merge(ROUTE, {"spec": {"parentRefs": [{"name": "eks-lattice-network"}]}})

    def reconcile(self) -> dict[str, Any]:
        """One run, which must end well; its outline."""
        outline = self.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        assert outline["status"] in {"APPLIED", "CONVERGED"}, outline
        return outline

    def service(self) -> dict[str, Any]:
        """The Lattice service of the hostname."""
        items = self.lattice.list_services()["items"]
        found = next(item["id"] for item in items if item.get("customDomainName") == HOSTNAME)
        service: dict[str, Any] = self.lattice.get_service(serviceIdentifier=found)
        return service

    def attached(self) -> str:
        """The ARN of the service's certificate; empty without one."""
        return str(self.service().get("certificateArn", ""))

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition of the route."""
        found = next((found for found in self._conditions() if found["type"] == kind), {"status": "", "reason": ""})
        return found["status"], found["reason"]

    def _conditions(self) -> list[dict[str, Any]]:
        route = self._kubernetes.get(ROUTE) or {}
        (parent,) = route["status"]["parents"]
        conditions: list[dict[str, Any]] = parent["conditions"]
        return conditions

    def listener_condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition of the Gateway's HTTPS listener."""
        gateway = self._kubernetes.get(GATEWAY) or {}
        listener = next(found for found in gateway["status"]["listeners"] if found["name"] == "https")
        return next((found["status"], found["reason"]) for found in listener["conditions"] if found["type"] == kind)

    def detach(self) -> None:
        """Somebody takes the certificate from the service, so that it can be deleted."""
        self.lattice.update_service(serviceIdentifier=self.service()["id"], certificateArn="")

    def clean(self) -> None:
        """Delete all certificates, after the service has let go of them."""
        for arn in self.arns():
            self.acm.delete_certificate(CertificateArn=arn)

    def arns(self) -> Sequence[str]:
        """The ARNs of all certificates."""
        return [item["CertificateArn"] for item in self.acm.list_certificates()["CertificateSummaryList"]]

    def imported(self, *names: str, until: datetime | None = None) -> str:
        """The ARN of a new certificate for the names."""
        return str(self.acm.import_certificate(**material(*names, until=until))["CertificateArn"])

    def issued(self, name: str, **more: Any) -> str:
        """The ARN of a certificate that ACM has issued."""
        arn = self.requested(name, **more)
        self.wait_until_issued(arn)
        return arn

    def requested(self, name: str, **more: Any) -> str:
        """The ARN of a certificate that ACM is asked for."""
        asked = self.acm.request_certificate(DomainName=name, ValidationMethod="DNS", **more)
        return str(asked["CertificateArn"])

    def wait_until_issued(self, arn: str) -> None:
        """Wait until ACM has issued a certificate."""
        self.world.wait("the certificate to be issued", lambda: self.described(arn)["Status"] == "ISSUED")

    def wait_for_renewal(self, arn: str, status: str) -> None:
        """Wait until ACM's renewal of a certificate has come to this status."""

        def found() -> bool:
            return self.described(arn).get("RenewalSummary", {}).get("RenewalStatus") == status

        self.world.wait(f"renewal {status}", found, seconds=SECONDS)

    def revoke(self, arn: str) -> None:
        """Revoke an exported certificate for good."""
        self.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")

    def told_of(self, kind: str) -> int:
        """How many of ACM's events of a kind have come to the function so far."""
        return delivered(self.world, f"ACM Certificate {kind}", "RotateCertificate")

    def wait_for_warning(self, arn: str, state: str) -> None:
        """Wait until a report warns of a certificate in this state."""
        self.world.wait(f"a report of {state}", lambda: state in self.warnings(arn), seconds=SECONDS)

    def described(self, arn: str) -> dict[str, Any]:
        """What ACM says of a certificate."""
        found: dict[str, Any] = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return found

    def age(self, arn: str, left: timedelta) -> None:
        """Bring the end of a certificate near, by the stack's clock; all else stays as it is."""
        (bundle,) = (found for found in acm_bundles.bundles("us-west-2") if found.arn == arn)
        until = clock.current().now() + left
        shown = material(HOSTNAME, until=until, serial_number=bundle._cert.serial_number)
        bundle._cert = x509.load_pem_x509_certificate(shown["Certificate"])

    def message(self) -> str:
        """What the route's condition says of the certificate."""
        return next((found["message"] for found in self._conditions() if found["type"] == READY), "")

    def wait_for_condition(self, status: str, reason: str) -> None:
        """Wait until the route says this of its certificate."""
        self.world.wait(
            f"{READY}={status}, {reason}", lambda: self.condition(READY) == (status, reason), seconds=SECONDS
        )

    def warnings(self, arn: str) -> list[str]:
        """The states of a certificate that reports tell of."""
        lines = [line for report in reports(self.world, CLUSTER_B) for line in report.get("certificates", ())]
        return [line["state"] for line in lines if line["certificate"] == arn]

    def days_left(self, arn: str) -> list[float]:
        """The metric's values for a certificate."""
        names = {"Cluster": CLUSTER_B, "Certificate": arn.rpartition("/")[2]}
        now = datetime.now(UTC)
        points = self.world.aws("cloudwatch").get_metric_statistics(
            Namespace="Trellis",
            MetricName="CertificateDaysLeft",
            Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(days=30),
            Period=60,
            Statistics=["Minimum"],
        )["Datapoints"]
        return [point["Minimum"] for point in points]
