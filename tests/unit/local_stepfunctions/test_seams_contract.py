"""The private parts of moto that the seams rely on: these fail first when moto is upgraded."""

import importlib.metadata
from types import SimpleNamespace

import pytest
from moto.awslambda.models import LambdaBackend
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds

from trellis_local.stepfunctions import interpreter, sdk_names, virtual_time
from trellis_local.stepfunctions.clients import RoleClients
from trellis_local.stepfunctions.lifecycle import Lifecycle
from trellis_local.stepfunctions.seams import Seams
from trellis_local.workers.contract import Credentials


def test_moto_is_the_version_that_the_seams_were_written_for():
    assert importlib.metadata.version("moto") == "5.2.5"


def test_every_module_still_uses_the_names_that_get_a_virtual_clock():
    assert len(virtual_time.replacements()) == len(virtual_time.REPLACED)


class NoRoles:
    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> Credentials:
        raise AssertionError("no test here assumes a role")


def unused_seams() -> Seams:
    clients = RoleClients(endpoint_url="http://127.0.0.1:1", identity=NoRoles())
    return Seams(clients=clients, lifecycle=Lifecycle(account="1", region="us-west-2", clients=clients, publish=print))


def test_installing_and_removing_leaves_moto_as_it_was():
    before = StringJSONata._eval_body
    seams = unused_seams()
    seams.install()
    changed = StringJSONata._eval_body
    seams.remove()
    assert (changed is interpreter.evaluate_jsonata, StringJSONata._eval_body is before) == (True, True)


@pytest.mark.parametrize(("running", "seconds"), [(True, 7), (False, 0)])
def test_a_time_out_that_is_read_after_the_end_is_no_other_value(running: bool, seconds: int):
    env = SimpleNamespace(stack=[{"some": "output"}], is_running=lambda: running)
    seams = unused_seams()
    seams.install()
    try:
        TimeoutSeconds(7).eval(env)
    finally:
        seams.remove()
    assert env.stack.pop() == seconds


def test_a_name_that_is_gone_is_an_error():
    with pytest.raises(RuntimeError, match="no longer has gone"):
        unused_seams()._put(LambdaBackend, "gone", None)


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("eks", "Eks"),
        ("vpclattice", "VpcLattice"),
        ("dynamodb", "DynamoDb"),
        ("sfn", "Sfn"),
        ("ec2", "Ec2"),
        ("route53", "Route53"),
    ],
)
def test_error_prefixes_are_the_java_sdks(service: str, prefix: str):
    assert sdk_names.error_prefix(service) == prefix
