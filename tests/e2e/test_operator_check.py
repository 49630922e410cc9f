"""`trellis check` as an operator uses it: over the endpoint of AWS, with its exit status for scripts."""

from collections.abc import Iterator

import pytest
from observing import CLUSTER_A, CLUSTER_B
from typer.testing import CliRunner, Result

from trellis_cli.main import app
from trellis_local.walkthrough import Walkthrough, World


@pytest.fixture
def terminal(world: World, onboarded: Walkthrough, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    settings = {
        "AWS_ENDPOINT_URL": world.url,
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for cluster in (CLUSTER_A, CLUSTER_B):
        world.run("reconcile-cluster", {"cluster": cluster})
    return CliRunner()


def check(terminal: CliRunner, *arguments: str) -> Result:
    return terminal.invoke(app, ["check", *arguments])


@pytest.fixture
def revoked(world: World, terminal: CliRunner, unnoticed: None) -> Iterator[str]:
    """A rule of cluster B's security group that somebody has revoked without anybody noticing."""
    ec2 = world.aws("ec2")
    owner = {"Name": "tag:trellis:owner", "Values": [f"111122223333/{CLUSTER_B}"]}
    rule = ec2.describe_security_group_rules(Filters=[owner])["SecurityGroupRules"][0]
    ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    yield rule["PrefixListId"]
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})


def test_a_converged_cluster_is_told_with_status_0_and_the_call_to_make(terminal: CliRunner) -> None:
    result = check(terminal, "--cluster", CLUSTER_B)
    assert result.exit_code == 0, result.output
    call, outline, *_ = result.output.splitlines()
    assert call.startswith(
        "aws stepfunctions start-execution --state-machine-arn arn:aws:states:us-west-2:111122223333:"
    )
    assert call.endswith(f"""--input '{{"mode": "plan", "cluster": "{CLUSTER_B}"}}'""")
    assert outline.startswith(f"{CLUSTER_B}: CONVERGED, 0 differences")


def test_drift_is_shown_with_status_2_and_is_still_there(terminal: CliRunner, revoked: str) -> None:
    for _ in range(2):
        result = check(terminal, "--cluster", CLUSTER_B)
        assert result.exit_code == 2, result.output
        assert f"{CLUSTER_B}: REPORT_ONLY, 1 difference, 0 refused" in result.output
        assert "  + AuthorizeIngress: " in result.output
        assert f"      value: nothing → {revoked}" in result.output


def test_in_mode_remediate_it_is_repaired_and_told_once(terminal: CliRunner, revoked: str) -> None:
    first = check(terminal, "--cluster", CLUSTER_B, "--mode", "remediate")
    assert (first.exit_code, "APPLIED, 1 difference" in first.output) == (2, True), first.output
    assert check(terminal, "--cluster", CLUSTER_B).exit_code == 0


def test_without_a_cluster_the_whole_fleet_is_shown(terminal: CliRunner) -> None:
    result = check(terminal)
    assert result.exit_code == 0, result.output
    assert [f"{cluster}: CONVERGED" in result.output for cluster in (CLUSTER_A, CLUSTER_B)] == [True, True]


def test_a_cluster_that_is_not_registered_is_an_error_with_status_1(terminal: CliRunner) -> None:
    result = check(terminal, "--cluster", "nowhere")
    assert result.exit_code == 1
    assert "cluster nowhere is not registered" in result.output


@pytest.mark.parametrize("arguments", [("--mode", "repair"), ("--cluster", "-x y")])
def test_what_is_no_mode_or_name_is_an_error_before_anything_is_called(
    terminal: CliRunner, arguments: tuple[str, str]
) -> None:
    result = check(terminal, *arguments)
    assert result.exit_code == 1
    assert result.output.startswith(arguments[0])
