"""Which certificates a service may have (User Guide, "Bring Your Own Certificate (BYOC) for VPC Lattice")."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

RSA_2048 = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key, *, common_name, names):
    """A self-signed certificate and its key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    if names:
        extension = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"Certificate": certificate, "PrivateKey": private}


@pytest.fixture
def import_certificate(client):
    def run(*names, key=RSA_2048, common_name="anything.example.org", region="us-west-2"):
        parts = pem(key, common_name=common_name, names=names)
        return boto3.client("acm", region).import_certificate(**parts)["CertificateArn"]

    return run


NAMES = [
    pytest.param(["shop.example.com"], {}, True, id="the name itself"),
    pytest.param(["other.example.com", "shop.example.com"], {}, True, id="one of several names"),
    pytest.param(["*.example.com"], {}, True, id="a wildcard for one label"),
    pytest.param(["other.example.com"], {}, False, id="another name"),
    pytest.param(["*.com"], {}, False, id="a wildcard for two labels"),
    pytest.param(["other.example.com"], {"common_name": "shop.example.com"}, False, id="a SAN hides the CN"),
    pytest.param([], {"common_name": "shop.example.com"}, True, id="the CN when there is no SAN"),
]


@pytest.mark.parametrize(("names", "options", "is_accepted"), NAMES)
def test_the_certificate_must_be_for_the_custom_domain_name(
    client, import_certificate, error_of, names, options, is_accepted
):
    members = {"name": "shop", "customDomainName": "shop.example.com"}
    arn = import_certificate(*names, **options)
    if is_accepted:
        assert client.create_service(**members, certificateArn=arn)["certificateArn"] == arn
    else:
        error = error_of(client.create_service, **members, certificateArn=arn)
        assert (error["status"], error["fieldList"][0]["name"]) == (400, "certificateArn")


KEYS = [
    pytest.param(rsa.generate_private_key(public_exponent=65537, key_size=3072), id="3072 bits"),
    pytest.param(ec.generate_private_key(ec.SECP256R1()), id="an elliptic curve"),
]


@pytest.mark.parametrize("key", KEYS)
def test_only_2048_bit_rsa_keys_are_supported(client, import_certificate, error_of, key):
    arn = import_certificate("shop.example.com", key=key)
    error = error_of(client.create_service, name="shop", customDomainName="shop.example.com", certificateArn=arn)
    assert "RSA_2048" in error["message"]


def test_the_certificate_must_be_in_the_region_of_the_service(client, import_certificate, error_of):
    arn = import_certificate("shop.example.com", region="eu-west-1")
    error = error_of(client.create_service, name="shop", customDomainName="shop.example.com", certificateArn=arn)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "certificateArn")


def test_the_certificate_must_be_issued(client, error_of):
    acm = boto3.client("acm", "us-west-2")
    arn = acm.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")["CertificateArn"]
    error = error_of(client.create_service, name="shop", customDomainName="shop.example.com", certificateArn=arn)
    assert "PENDING_VALIDATION" in error["message"]


def test_a_certificate_without_a_custom_domain_name_is_refused(client, import_certificate, error_of):
    error = error_of(client.create_service, name="shop", certificateArn=import_certificate("shop.example.com"))
    assert error["fieldList"][0]["name"] == "certificateArn"


def test_a_certificate_is_replaced_checked_and_taken_away(client, make_service, import_certificate, error_of):
    """API model, UpdateService: certificateArn may be empty."""
    first, second, wrong = (import_certificate(f"{name}.example.com") for name in ("shop", "*", "other"))
    service_id = make_service("shop", customDomainName="shop.example.com", certificateArn=first)
    assert client.update_service(serviceIdentifier=service_id, certificateArn=second)["certificateArn"] == second
    assert error_of(client.update_service, serviceIdentifier=service_id, certificateArn=wrong)["status"] == 400
    assert client.get_service(serviceIdentifier=service_id)["certificateArn"] == second
    client.update_service(serviceIdentifier=service_id, certificateArn="")
    assert "certificateArn" not in client.get_service(serviceIdentifier=service_id)
