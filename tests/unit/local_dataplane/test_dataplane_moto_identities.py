"""Users, roles, sessions and organizations in moto, as signatures and policies need them."""

import time
from collections.abc import Iterator

import pytest
from dataplane_callers import client, session_of
from moto import mock_aws
from moto.organizations.models import organizations_backends

from trellis_local.aws import moto_seam
from trellis_local.aws.identity import ADMIN_KEY
from trellis_local.dataplane.moto_identities import MotoIdentities


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_the_organization_of_the_caller_is_known(aws):
    organizations = client("organizations")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    signer = MotoIdentities().signer(ADMIN_KEY)
    assert (signer.organization_id, signer.organization_path) == (organization, f"{organization}/{root}/")


def test_looking_for_an_organization_makes_none(aws):
    assert MotoIdentities().signer(ADMIN_KEY).organization_id == ""
    assert "111122223333" not in list(organizations_backends)


def test_an_inactive_access_key_is_none(aws):
    iam = client("iam")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    assert MotoIdentities().key(key) is not None
    iam.update_access_key(UserName="bob", AccessKeyId=key, Status="Inactive")
    assert MotoIdentities().key(key) is None


def test_a_session_expires_in_real_time(aws):
    role = "arn:aws:iam::111122223333:role/short"
    key = MotoIdentities().key(session_of(role, DurationSeconds=900).access_key)
    assert key is not None
    assert key.expires_at == pytest.approx(time.time() + 900, abs=60)


def test_a_session_outlives_its_role_without_any_permission(aws):
    signer = MotoIdentities().signer(session_of("arn:aws:iam::111122223333:role/gone").access_key)
    assert (list(signer.statements), dict(signer.tags)) == ([], {})


def test_sessions_remember_their_tags_only_while_the_seam_is_installed(aws):
    uninstall = moto_seam.install_session_restrictions()
    role, tags = "arn:aws:iam::111122223333:role/any", [{"Key": "a", "Value": "b"}]
    assert MotoIdentities().signer(session_of(role, Tags=tags).access_key).tags == {"a": "b"}
    uninstall()
    assert MotoIdentities().signer(session_of(role, Tags=tags).access_key).tags == {}
