"""The certificates of the data plane: VPC Lattice's own, those of ACM, and what pods sign for themselves.

VPC Lattice has a certificate for the names that it generates; a custom domain needs one of ACM that covers it
(VPC Lattice User Guide, "Bring your own certificate"). One local authority, a new one for each stack, stands for
Amazon's: it signs the certificates of generated names, and those that ACM issued itself. Validity is in real time,
since TLS clients know no other.
"""

import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# VPC Lattice User Guide, HTTPS listeners, Security policy. TLS 1.3 is that of OpenSSL: the same three suites, of which
# OpenSSL likes AES-256 best; Python cannot reorder them.
CIPHERS = (
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES128-SHA:AES256-GCM-SHA384:AES256-SHA"
)
RSA_BITS = 2048
_LONGEST_COMMON_NAME = 64
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain and its private key, in PEM; `by_amazon` when ACM issued it itself."""

    chain: bytes
    key: bytes
    by_amazon: bool = False

    def covers(self, name: str) -> bool:
        """Whether it is an RSA-2048 certificate for the name: alternative names, without any the common name."""
        leaf = x509.load_pem_x509_certificate(self.chain)
        key = leaf.public_key()
        is_usable = isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_BITS
        return is_usable and any(_matches(pattern.lower(), name) for pattern in _names(leaf))


class CertificateStore(Protocol):
    """ACM, as VPC Lattice sees it."""

    def __call__(self, arn: str) -> Certificate | None:
        """The certificate as it is now; None when it was deleted, is not issued or has expired."""


def no_certificates(arn: str) -> Certificate | None:
    """An ACM without certificates (CertificateStore)."""
    return None


class Authority:
    """Signs certificates; `pem` is what clients have to trust."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self.pem = _pem(builder.add_extension(identifier, critical=False).sign(self._key, hashes.SHA256()))
        self._issued: dict[str, Certificate] = {}

    def certificate(self, name: str) -> Certificate:
        """The certificate of a generated name; one RSA key serves all of them."""
        if name not in self._issued:
            self._issued[name] = Certificate(self._sign(_subject(name), [name], self._leaf_key.public_key()), self._pem)
        return self._issued[name]

    def countersigned(self, certificate: Certificate) -> Certificate:
        """The same names and key, signed by this authority instead of by nobody that a client could trust."""
        leaf = x509.load_pem_x509_certificate(certificate.chain)
        key = leaf.public_key()
        assert isinstance(key, rsa.RSAPublicKey), "Certificate.covers"
        return Certificate(self._sign(leaf.subject, _names(leaf), key), certificate.key)

    @cached_property
    def _leaf_key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)

    @cached_property
    def _pem(self) -> bytes:
        return _key_pem(self._leaf_key)

    def _sign(self, subject: x509.Name, names: Iterable[str], key: rsa.RSAPublicKey) -> bytes:
        builder = _for_server(_builder(subject, self._name, key), names)
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return _pem(builder.add_extension(issued_by, critical=False).sign(self._key, hashes.SHA256()))


@lru_cache(maxsize=256)
def self_signed(name: str, organization: str) -> Certificate:
    """A certificate that nobody vouches for, as a workload makes it for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]), *_subject(name)])
    certificate = _for_server(_builder(subject, subject, key.public_key()), [name]).sign(key, hashes.SHA256())
    return Certificate(_pem(certificate), _key_pem(key))


@lru_cache(maxsize=256)
def lattice_context(certificate: Certificate) -> ssl.SSLContext:
    """TLS as VPC Lattice's HTTPS listeners speak it, with this certificate; ssl.SSLError when the key does not fit."""
    context = server_context(certificate, protocols=("h2", "http/1.1"))
    context.set_ciphers(CIPHERS)
    return context


def server_context(certificate: Certificate, *, protocols: Iterable[str]) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 with this certificate and these protocols, the preferred one first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(list(protocols))
    with tempfile.TemporaryDirectory() as folder:  # ssl loads certificates from files only
        path = Path(folder) / "server.pem"
        path.write_bytes(certificate.key.strip() + b"\n" + certificate.chain)
        context.load_cert_chain(path)
    return context


def _matches(pattern: str, name: str) -> bool:
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return [str(attribute.value) for attribute in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return extension.value.get_values_for_type(x509.DNSName)


def _subject(name: str) -> x509.Name:
    # A common name has at most 64 characters, and clients look at the alternative names anyway.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if 0 < len(name) <= _LONGEST_COMMON_NAME else [])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
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


def _for_server(builder: x509.CertificateBuilder, names: Iterable[str]) -> x509.CertificateBuilder:
    alternatives = [x509.DNSName(name) for name in names if name]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,  # the RSA suites without ECDHE encrypt with the certificate's key
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
