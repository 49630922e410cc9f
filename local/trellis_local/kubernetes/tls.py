"""A certificate authority of its own for each cluster, as EKS has."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class ServerIdentity:
    """The authority's certificate in PEM, and a TLS context that serves 127.0.0.1 and localhost."""

    ca_pem: str
    context: ssl.SSLContext


def create_identity(cluster: str) -> ServerIdentity:
    """A fresh authority and server certificate; valid by real time, since TLS clients know no other."""
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{cluster} authority"[:64])])
    authority = _builder(issuer, issuer, ca_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = authority.add_extension(_usage(signs_certificates=True), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    authority = authority.add_extension(identifier, critical=False)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    server = _builder(subject, issuer, server_key.public_key())
    server = server.add_extension(_alternative_names(), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    server = server.add_extension(issued_by, critical=False)
    ca_pem = authority.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    chain = server.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return ServerIdentity(ca_pem.decode(), _context(chain, server_key))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names() -> x509.SubjectAlternativeName:
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return x509.SubjectAlternativeName([loopback, x509.DNSName("localhost")])


def _context(chain: bytes, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # ssl loads certificates from files only
        path = Path(folder) / "server.pem"
        path.write_bytes(key_pem + chain)
        context.load_cert_chain(path)
    context.set_alpn_protocols(["http/1.1"])
    return context
