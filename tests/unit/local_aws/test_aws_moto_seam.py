"""Each test names a private part of moto that the endpoint relies on: look there first after an upgrade."""

import inspect

from moto.core.base_backend import BackendDict
from moto.ec2.responses.security_groups import SecurityGroups
from moto.eks.models import EKSBackend, eks_backends
from moto.iam import models as iam_models
from moto.moto_server import werkzeug_app
from moto.route53.models import FakeZone, RecordSet, Route53Backend
from moto.route53.responses import Route53
from moto.sts.models import AssumedRole, STSBackend
from moto.sts.responses import TokenResponse

from trellis_local.aws import moto_seam


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_the_server_is_a_wsgi_application_that_makes_one_app_for_each_service() -> None:
    assert parameters(werkzeug_app.DomainDispatcherApplication.__call__) == ["self", "environ", "start_response"]
    assert parameters(werkzeug_app.create_backend_app) == ["service"]


def test_sts_keeps_its_sessions_in_a_list() -> None:
    assert "access_key_id" in inspect.getsource(AssumedRole.__init__)
    assert STSBackend("aws", "111122223333").assumed_roles == []
    assert parameters(STSBackend.get_caller_identity) == ["self", "access_key_id", "region"]


def test_roles_and_users_hold_inline_and_managed_policies() -> None:
    source = inspect.getsource(iam_models.Role.__init__)
    for name in ("policies", "managed_policies", "permissions_boundary_arn", "assume_role_policy_document"):
        assert f"self.{name}" in source
    assert isinstance(iam_models.SERVICE_NAME_CONVERSION, dict)


def test_assume_role_answers_with_the_session_itself() -> None:
    source = inspect.getsource(TokenResponse.assume_role)
    assert '"Credentials": role' in source
    assert parameters(TokenResponse.assume_role) == ["self"]


def test_roles_hold_their_tags_and_those_of_users_are_kept_apart() -> None:
    assert "self.tags = tags" in inspect.getsource(iam_models.Role.__init__)
    assert "tags" not in inspect.getsource(iam_models.User.__init__)
    assert "self.tagger" in inspect.getsource(iam_models.IAMBackend.__init__)


def test_the_backend_class_of_eks_can_be_replaced() -> None:
    assert isinstance(eks_backends, BackendDict)
    assert isinstance(inspect.getattr_static(EKSBackend, "_url_module"), property)


def test_route53_changes_record_sets_in_one_backend_method() -> None:
    assert parameters(Route53Backend.change_resource_record_sets) == ["self", "zoneid", "change_list"]
    assert parameters(Route53Backend.associate_vpc_with_hosted_zone) == ["self", "zone_id", "vpcid", "vpcregion"]
    assert parameters(Route53Backend.disassociate_vpc_from_hosted_zone) == ["self", "zone_id", "vpcid"]
    assert parameters(Route53.create_hosted_zone) == ["self"]
    assert RecordSet({"Name": "a.", "ResourceRecords": ["x"]}).records == ["x"]
    assert FakeZone("a.", "Z1", True, "r").rrsets == []


def test_ec2_changes_the_rules_of_a_group_in_four_methods() -> None:
    for name in ("authorize_security_group_ingress", "revoke_security_group_egress"):
        assert parameters(getattr(SecurityGroups, name)) == ["self"]


def test_what_is_replaced_must_exist_and_can_be_put_back() -> None:
    before = STSBackend.get_caller_identity
    undo = moto_seam.install_caller_identity(lambda key: ("id", "arn", "account"))
    assert STSBackend("aws", "1").get_caller_identity("k", "r") == ("id", "arn", "account")
    undo()
    assert STSBackend.get_caller_identity is before


def test_sessions_are_found_by_key_also_after_a_reset() -> None:
    role = "arn:aws:iam::111122223333:role/hub"
    first, second = (moto_seam.new_session(role, session_name=name) for name in ("first", "second"))
    assert moto_seam.assumed_role(first.access_key_id) is first
    assert moto_seam.assumed_role(second.access_key_id) is second
    moto_seam.sts_backends["111122223333"]["aws"].reset()
    assert moto_seam.assumed_role(first.access_key_id) is None
    third = moto_seam.new_session(role, session_name="third")
    assert moto_seam.assumed_role(third.access_key_id) is third
