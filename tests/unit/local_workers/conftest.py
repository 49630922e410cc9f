"""One worker pool for the whole area: its fork server takes most of a second to start."""

import os

os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")  # before moto is imported

import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from trellis_local.clock import Clock
from trellis_local.workers.contract import LogLine
from trellis_local.workers.function import FunctionSource
from trellis_local.workers.pool import WorkerPool

ROLE = "arn:aws:iam::111122223333:role/worker"


@dataclass(frozen=True)
class SessionKeys:
    access_key_id: str
    secret_access_key: str = "secret"
    session_token: str = "token"


@dataclass
class FakeIdentity:
    """Gives every role but one a session."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> SessionKeys:
        self.asked.append((role_arn, session_name, service_principal))
        if role_arn.endswith("/untrusting"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no trust"}}, "AssumeRole")
        return SessionKeys(f"ASIA-{role_arn.rpartition('/')[2]}")


@pytest.fixture(scope="session")
def log_lines() -> list[LogLine]:
    return []


@pytest.fixture(scope="session")
def worker_identity() -> FakeIdentity:
    return FakeIdentity()


@pytest.fixture(scope="session")
def pool(worker_identity: FakeIdentity, log_lines: list[LogLine]) -> Iterator[WorkerPool]:
    workers = WorkerPool(
        endpoint_url="http://127.0.0.1:1",
        region="us-west-2",
        account="111122223333",
        clock=Clock(start=time.time() - 60, speed=3000),
        identity=worker_identity,
        on_log=log_lines.append,
    )
    yield workers
    workers.stop()


FunctionMaker = Callable[..., str]


@pytest.fixture
def function(pool: WorkerPool, tmp_path: Path, request: pytest.FixtureRequest) -> FunctionMaker:
    """Registers a function of the given source; its name is the test's."""

    def make(code: str, **settings: object) -> str:
        (tmp_path / "app.py").write_text(textwrap.dedent(code))
        name = str(request.node.name)
        values = {"role_arn": ROLE, "handler": "app.handler", **settings}
        pool.register(FunctionSource(name=name, code_dir=tmp_path, **values))  # type: ignore[arg-type]
        return name

    return make
