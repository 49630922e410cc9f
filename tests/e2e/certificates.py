"""Certificates of ACM for the end-to-end tests, the Gateway that asks for them, and handshakes that show them."""

import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from drifting import SECONDS
from observing import CLUSTER_B, GATEWAY_API, reports

from trellis_local import clock
from trellis_local.aws import acm
from trellis_local.walkthrough import World

READY = "trellis.dev/CertificateReady"
HOSTNAME = "datastore.lattice-test.io"
GATEWAY = f"{GATEWAY_API}/namespaces/apps/gateways/eks-lattice-network"
ROUTE = f"{GATEWAY_API}/namespaces/apps/httproutes/datastore"

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def material(*names: str, until: datetime | None = None) -> dict[str, bytes]:
    """A self-signed certificate and its key, as ImportCertificate takes them."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(_KEY.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
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

    def issued(self, name: str) -> str:
        """The ARN of a certificate that ACM has issued."""
        arn = str(self.acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"])
        self.world.wait("the certificate to be issued", lambda: self.described(arn)["Status"] == "ISSUED")
        return arn

    def described(self, arn: str) -> dict[str, Any]:
        """What ACM says of a certificate."""
        found: dict[str, Any] = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return found

    def age(self, arn: str, left: timedelta) -> str:
        """Bring the end of a certificate near, by the stack's clock; returns its new serial number."""
        shown = material(HOSTNAME, until=clock.current().now() + left)
        (bundle,) = (found for found in acm.bundles("us-west-2") if found.arn == arn)
        bundle._cert = x509.load_pem_x509_certificate(shown["Certificate"])
        return str(serial(shown))

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
