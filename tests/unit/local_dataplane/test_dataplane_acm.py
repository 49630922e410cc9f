"""Certificates of custom domains, as moto's ACM keeps them."""

from collections.abc import Iterator
from functools import cache

import boto3
import pytest
from cryptography import x509
from moto import mock_aws, settings

from trellis_local.dataplane.certificates import Authority, Certificate
from trellis_local.dataplane.on_moto import AcmCertificates
from trellis_local.dataplane.termination import Termination
from trellis_local.lattice.view import ServiceView

REGION, NAME = "us-west-2", "datastore.lattice-test.io"


@cache
def acm():
    return boto3.client("acm", REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(autouse=True)
def aws(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", -1)
    with mock_aws():
        yield


@pytest.fixture(scope="module")
def corporate() -> Authority:
    return Authority("A company's own authority")


def imported(authority: Authority, name: str = NAME, **more) -> str:
    certificate = authority.certificate(name)
    return acm().import_certificate(
        Certificate=certificate.chain, PrivateKey=certificate.key, CertificateChain=authority.pem, **more
    )["CertificateArn"]


def leaf(certificate: Certificate | None) -> x509.Certificate:
    assert certificate is not None
    return x509.load_pem_x509_certificate(certificate.chain)


def service(arn: str) -> ServiceView:
    names = {"custom_domain_name": NAME, "generated_domain_name": "d-0abc.vpc-lattice-svcs.us-west-2.on.aws"}
    return ServiceView("arn", "svc-1", "d", "", "123456789012", "NONE", (), certificate_arn=arn, **names)


def test_an_imported_certificate_comes_with_its_chain_and_key(corporate):
    found = AcmCertificates(REGION)(imported(corporate))
    assert found is not None
    assert not found.by_amazon
    assert leaf(found) == leaf(corporate.certificate(NAME))
    assert x509.load_pem_x509_certificate(corporate.pem) in x509.load_pem_x509_certificates(found.chain)
    assert Termination(AcmCertificates(REGION))(service(imported(corporate)), NAME) is not None


def test_a_certificate_that_is_imported_again_replaces_the_first(corporate):
    arn, other = imported(corporate), Authority("Another one")
    imported(other, CertificateArn=arn)
    assert leaf(AcmCertificates(REGION)(arn)).issuer != leaf(corporate.certificate(NAME)).issuer


def test_a_deleted_certificate_is_gone(corporate):
    arn = imported(corporate)
    acm().delete_certificate(CertificateArn=arn)
    assert AcmCertificates(REGION)(arn) is None
    assert Termination(AcmCertificates(REGION))(service(arn), NAME) is None


def test_a_certificate_that_waits_for_its_validation_is_not_used(monkeypatch):
    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", 60)
    arn = acm().request_certificate(DomainName=NAME)["CertificateArn"]
    assert AcmCertificates(REGION)(arn) is None


def test_a_certificate_that_acm_issued_can_be_verified_with_the_local_authority():
    arn = acm().request_certificate(DomainName=NAME, SubjectAlternativeNames=["*.lattice-test.io"])["CertificateArn"]
    kept = AcmCertificates(REGION)(arn)
    assert kept is not None
    assert kept.by_amazon
    termination = Termination(AcmCertificates(REGION))
    signed = leaf(termination.authority.countersigned(kept))
    signed.verify_directly_issued_by(x509.load_pem_x509_certificate(termination.authority.pem))
    assert signed.public_key() == leaf(kept).public_key()
    assert termination(service(arn), NAME) is not None


def test_there_is_no_other_certificate_for_the_custom_domain(corporate):
    termination = Termination(AcmCertificates(REGION))
    assert termination(service(""), NAME) is None
    assert termination(service(imported(corporate, "other.lattice-test.io")), NAME) is None
