"""Trellis as a person at a terminal meets it: `trellis local`, the AWS CLI, kubectl and an HTTP client.

The stack is a process of its own, and nothing here knows more of it than its documentation says.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "examples" / "walkthrough" / "cluster-b"
HOSTNAME = "datastore.lattice-test.io"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}

pytestmark = [
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]


@dataclass(frozen=True)
class Terminal:
    """A shell with the environment that `trellis local up` tells to set."""

    home: Path
    url: str = ""

    def trellis(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([*TRELLIS, *arguments, "--home", str(self.home)])

    def aws(self, *arguments: str) -> Any:
        """The JSON that a command prints, or None."""
        found = _run(["aws", "--output", "json", *arguments], env=self.environment)
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout) if found.stdout.strip() else None

    def kubectl(self, *arguments: str) -> str:
        where = ["--kubeconfig", str(self.home / "kubeconfig"), "--context", "blue"]
        found = _run(["kubectl", *where, *arguments], env=self.environment)
        assert found.returncode == 0, found.stderr
        return found.stdout

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_local/status", timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
        return document

    def execute(self, machine: str, document: dict[str, Any]) -> dict[str, Any]:
        """Start an execution, wait for its end and return what it says."""
        arn = self.status()["stateMachines"][machine]
        where = ("--state-machine-arn", arn, "--input", json.dumps(document))
        execution = self.aws("stepfunctions", "start-execution", *where)["executionArn"]
        return self.ended(execution)

    def ended(self, execution: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            known: dict[str, Any] = self.aws("stepfunctions", "describe-execution", "--execution-arn", execution)
            return None if known["status"] == "RUNNING" else known

        ended: dict[str, Any] = wait(found)
        return ended

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_PAGER": "",
        }
        return {**os.environ, **settings}


TRELLIS = [sys.executable, "-c", "from trellis_cli.main import main; main()", "local"]


def _run(command: list[str], *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def wait(condition: Callable[[], Any], *, seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.2)


def processes_of_session(session: int) -> list[str]:
    """What `ps` shows of a session's processes, zombies included."""
    listing = _run(["ps", "-A", "-o", "sess=,pid=,stat=,args="]).stdout
    return [line for line in listing.splitlines() if line.split()[0] == str(session)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    home = tmp_path_factory.mktemp("home")
    (home / "stack.json").write_text('{"url": "http://127.0.0.1:9", "pid": 999999}')  # of a stack that was killed
    command = [*TRELLIS, "up", "--port", "0", "--speed", "20", "--home", str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            yield process, home
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def terminal(server: tuple[subprocess.Popen[str], Path]) -> Terminal:
    process, home = server

    def ready() -> str | None:
        assert process.poll() is None
        found = json.loads((home / "stack.json").read_text())
        return str(found["url"]) if found["pid"] == process.pid else None

    return Terminal(home, wait(ready))


@pytest.fixture(scope="module")
def vpc(terminal: Terminal) -> str:
    """The VPC of the cluster blue, which is onboarded."""
    aws = terminal.aws
    vpc_id: str = aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws("ec2", "create-subnet", "--vpc-id", vpc_id, "--cidr-block", cidr, "--availability-zone", zone)["Subnet"]
        for cidr, zone in (("10.0.0.0/20", "us-west-2a"), ("10.0.16.0/20", "us-west-2b"))
    ]
    trust = ("--assume-role-policy-document", json.dumps(TRUST))
    role = aws("iam", "create-role", "--role-name", "eks-cluster", *trust)["Role"]["Arn"]
    where = ("--vpc", f"VPCRegion=us-west-2,VPCId={vpc_id}", "--caller-reference", "one")
    zone = aws("route53", "create-hosted-zone", "--name", "lattice-test.io", *where)["HostedZone"]["Id"]
    marked = ("--resource-id", zone.removeprefix("/hostedzone/"), "--add-tags", "Key=trellis:managed,Value=true")
    aws("route53", "change-tags-for-resource", "--resource-type", "hostedzone", *marked)
    network = ("--resources-vpc-config", "subnetIds=" + ",".join(subnet["SubnetId"] for subnet in subnets))
    tagged = ("--tags", "trellis:service-network=eks-lattice-network")
    aws("eks", "create-cluster", "--name", "blue", "--role-arn", role, *network, *tagged)
    machine = terminal.status()["stateMachines"]["onboard-cluster"]
    listed = wait(lambda: aws("stepfunctions", "list-executions", "--state-machine-arn", machine)["executions"])
    assert terminal.ended(listed[0]["executionArn"])["status"] == "SUCCEEDED"
    return vpc_id


@pytest.fixture(scope="module")
def run(terminal: Terminal, vpc: str) -> dict[str, Any]:
    """The output of the first run with the example's manifests."""
    assert "created" in terminal.kubectl("apply", "-f", str(MANIFESTS))
    ended = terminal.execute("reconcile-cluster", {"cluster": "blue"})
    assert ended["status"] == "SUCCEEDED"
    output: dict[str, Any] = json.loads(ended["output"])
    return output


def test_the_status_says_where_everything_is(terminal: Terminal, vpc: str) -> None:
    status = json.loads(terminal.trellis("status").stdout)
    assert sorted(status) == [
        *("account", "clock", "clusters", "dataplane", "kubeconfig", "ready", "region", "stateMachines"),
        "vpcLatticeCertificateAuthority",
    ]
    assert (status["ready"], status["kubeconfig"]) == (True, str(terminal.home / "kubeconfig"))
    assert (list(status["clusters"]), vpc in status["dataplane"]) == (["blue"], True)


def test_a_second_stack_in_the_same_folder_is_refused(terminal: Terminal) -> None:
    second = terminal.trellis("up", "--port", "0")
    assert second.returncode == 1
    assert f"runs already at {terminal.url}" in second.stderr


def test_a_port_that_is_taken_is_an_error_that_says_so(terminal: Terminal, tmp_path: Path) -> None:
    port = terminal.url.rsplit(":", 1)[-1]
    second = Terminal(tmp_path).trellis("up", "--port", port)
    assert second.returncode == 1
    assert f"Port {port} is in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_kubectl_shows_the_route_programmed_with_its_name(terminal: Terminal, run: dict[str, Any]) -> None:
    route = json.loads(terminal.kubectl("-n", "apps", "get", "httproute", "datastore", "-o", "json"))
    conditions = {found["type"]: found["status"] for found in route["status"]["parents"][0]["conditions"]}
    assert conditions == dict.fromkeys(("Accepted", "ResolvedRefs", "Programmed", "trellis.dev/DNSReady"), "True")
    domain = route["metadata"]["annotations"]["application-networking.k8s.aws/lattice-assigned-domain-name"]
    gateway = terminal.kubectl("-n", "apps", "get", "gateway")
    assert [word in gateway for word in (domain, "True")] == [True, True]


def test_the_aws_cli_shows_the_service_its_rules_and_targets(terminal: Terminal, run: dict[str, Any]) -> None:
    services = terminal.aws("vpc-lattice", "list-services")["items"]
    assert [service["customDomainName"] for service in services] == [HOSTNAME]
    of_service = ("--service-identifier", services[0]["id"])
    listener = terminal.aws("vpc-lattice", "list-listeners", *of_service)["items"][0]["id"]
    rules = terminal.aws("vpc-lattice", "list-rules", *of_service, "--listener-identifier", listener)["items"]
    assert sorted(rule["isDefault"] for rule in rules) == [False, False, True]
    group = terminal.aws("vpc-lattice", "list-target-groups")["items"][0]["id"]

    def healthy() -> bool:
        targets = terminal.aws("vpc-lattice", "list-targets", "--target-group-identifier", group)["items"]
        return [target["status"] for target in targets] == ["HEALTHY", "HEALTHY"]

    assert wait(healthy)


def test_the_report_of_a_run_is_in_the_bucket(terminal: Terminal, run: dict[str, Any], tmp_path: Path) -> None:
    bucket = terminal.aws("s3api", "list-buckets")["Buckets"][0]["Name"]
    copied = _run(["aws", "s3", "cp", f"s3://{bucket}/{run['report']}", "-"], env=terminal.environment)
    report = json.loads(copied.stdout)
    assert (report["status"], report["refused"]) == ("APPLIED", [])


def test_requests_reach_pods_and_are_counted_in_cloudwatch(terminal: Terminal, vpc: str, run: dict[str, Any]) -> None:
    url = terminal.status()["dataplane"][vpc]
    request = urllib.request.Request(f"{url}/popular", headers={"Host": HOSTNAME})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["version"] == "v1"
    service = terminal.aws("vpc-lattice", "list-services")["items"][0]["id"]
    which = ("--metric-name", "TotalRequestCount", "--dimensions", f"Name=Service,Value={service}")
    when = ("--start-time", "2020-01-01T00:00:00Z", "--end-time", "2100-01-01T00:00:00Z", "--period", "3600")
    where = ("--namespace", "AWS/VpcLattice", "--statistics", "Sum")

    def counted() -> list[Any]:
        points: list[Any] = terminal.aws("cloudwatch", "get-metric-statistics", *where, *which, *when)["Datapoints"]
        return points

    assert sum(point["Sum"] for point in wait(counted)) == 1


def test_the_users_own_kubeconfig_signs_in_with_a_token_of_eks(terminal: Terminal, vpc: str, tmp_path: Path) -> None:
    config = str(tmp_path / "config")
    updated = _run(
        ["aws", "eks", "update-kubeconfig", "--name", "blue", "--kubeconfig", config], env=terminal.environment
    )
    assert updated.returncode == 0, updated.stderr
    found = _run(["kubectl", "--kubeconfig", config, "get", "namespaces"], env=terminal.environment)
    assert "kube-system" in found.stdout, found.stderr


def test_a_deleted_route_takes_its_service_along(terminal: Terminal, run: dict[str, Any]) -> None:
    terminal.kubectl("-n", "apps", "delete", "httproute", "datastore")
    assert terminal.execute("reconcile-cluster", {"cluster": "blue"})["status"] == "SUCCEEDED"
    assert terminal.aws("vpc-lattice", "list-services")["items"] == []


def test_the_stack_ends_without_leaving_processes(
    server: tuple[subprocess.Popen[str], Path], terminal: Terminal, run: dict[str, Any]
) -> None:
    process, home = server
    assert len(processes_of_session(process.pid)) > 2
    assert terminal.trellis("down").stdout == "stopped\n"
    assert process.wait(timeout=20) == 0
    assert processes_of_session(process.pid) == []
    assert not (home / "stack.json").exists()
    assert terminal.trellis("down").stdout == "no local stack is running\n"
    assert terminal.trellis("status").returncode == 1
