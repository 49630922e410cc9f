"""TLS as a client in a VPC sees it, and certificates as a company's own authority signs them."""

import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from trellis_local.dataplane.certificates import Authority
from trellis_local.walkthrough.world import World

_SECONDS = 30


@dataclass(frozen=True)
class Secured:
    """What a client got: the status (0 for no answer), and the serial number of the certificate that it was shown."""

    status: int
    serial: int | None = None


class Certificates:
    """Certificates that a company imports into ACM; `trusted` is what its clients trust."""

    def __init__(self, world: World) -> None:
        self._acm = world.aws("acm")
        self._arns: set[str] = set()
        self.trusted = ""

    def bring(self, name: str, *, arn: str = "") -> tuple[str, int]:
        """Import a new certificate for a name, under an ARN that exists or a new one; returns ARN and serial number."""
        authority = Authority("The company's authority")
        certificate = authority.certificate(name)
        self.trusted = authority.pem.decode()
        place = {"CertificateArn": arn} if arn else {}
        parts = {"Certificate": certificate.chain, "PrivateKey": certificate.key, "CertificateChain": authority.pem}
        found = str(self._acm.import_certificate(**parts, **place)["CertificateArn"])
        self._arns.add(found)
        return found, x509.load_pem_x509_certificate(certificate.chain).serial_number

    def remove(self) -> None:
        """Delete what was imported."""
        for arn in self._arns:
            self._acm.delete_certificate(CertificateArn=arn)


def lattice_authority(world: World) -> str:
    """What clients have to trust for the names that VPC Lattice generates."""
    return Path(world.status()["vpcLatticeCertificateAuthority"]).read_text()


def get(world: World, vpc_id: str, url: str, *, trusted: str) -> Secured:
    """An HTTPS GET of a client in a VPC that verifies the certificate for the URL's host."""
    asked, place = urlsplit(url), urlsplit(world.dataplane(vpc_id))
    context = ssl.create_default_context(cadata=trusted)
    try:
        with (
            socket.create_connection((place.hostname or "", place.port or 0), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=asked.hostname) as channel,
        ):
            request = f"GET {asked.path} HTTP/1.1\r\nHost: {asked.hostname}\r\nConnection: close\r\n\r\n"
            channel.sendall(request.encode())
            answer = HTTPResponse(channel)
            answer.begin()
            shown = x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")
            return Secured(answer.status, shown.serial_number)
    except (OSError, HTTPException):
        return Secured(0)
