"""What a handler sees and what its caller gets."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trellis_local.workers.contract import LogLine
from trellis_local.workers.function import InvocationRefusedError
from trellis_local.workers.pool import WorkerPool


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


OWN_VARIABLES = {"HOME", "LANG", "PATH", "TMPDIR", "TZ"}


def answer(pool: WorkerPool, name: str, event: Any = None) -> Any:
    result = pool.invoke(name, json.dumps(event or {}).encode())
    assert result.function_error is None, result.payload
    return json.loads(result.payload)


def failure(pool: WorkerPool, name: str, event: Any = None) -> Any:
    result = pool.invoke(name, json.dumps(event or {}).encode())
    assert result.function_error == "Unhandled"
    return json.loads(result.payload)


def test_a_handler_gets_the_event_and_its_result_comes_back(pool, function):
    name = function("def handler(event, context): return {'twice': event['n'] * 2}")
    assert answer(pool, name, {"n": 21}) == {"twice": 42}


def test_the_environment_is_lambdas_and_the_templates_and_nothing_of_the_machine(pool, function, monkeypatch):
    monkeypatch.setenv("LEAKED", "yes")
    name = function(
        "import os\ndef handler(event, context): return dict(os.environ)", environment=(("TABLE", "fleet"),)
    )
    seen = answer(pool, name)
    assert seen["TABLE"] == "fleet"
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIA-worker"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "LEAKED" not in seen
    assert {key for key in seen if not key.startswith(("AWS_", "LAMBDA_", "_"))} == OWN_VARIABLES | {"TABLE"}


def test_a_process_asks_for_a_session_of_its_own_role(pool, function, worker_identity):
    name = function("def handler(event, context): return 1")
    answer(pool, name)
    assert worker_identity.asked[-1] == ("arn:aws:iam::111122223333:role/worker", name, "lambda.amazonaws.com")


def test_a_role_that_lambda_may_not_assume_refuses_the_invocation(pool, function):
    name = function("def handler(event, context): return 1", role_arn="arn:aws:iam::111122223333:role/untrusting")
    with pytest.raises(InvocationRefusedError, match="cannot be assumed") as refusal:
        pool.invoke(name, b"{}")
    assert refusal.value.code == "AccessDeniedException"


def test_module_globals_stay_warm(pool, function):
    name = function("n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n")
    assert [answer(pool, name) for _ in range(3)] == [1, 2, 3]


def test_layers_are_importable_and_the_developers_checkout_is_not(pool, function, tmp_path):
    (tmp_path / "layer" / "python").mkdir(parents=True)
    (tmp_path / "layer" / "python" / "shared.py").write_text("VALUE = 7")
    name = function(
        """
        import importlib.util, shared
        def handler(event, context): return [shared.VALUE, importlib.util.find_spec("trellis_local") is None]
        """,
        layer_dirs=(tmp_path / "layer",),
    )
    assert answer(pool, name) == [7, True]


def test_the_context_is_lambdas(pool, function):
    name = function(
        """
        def handler(event, context):
            return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()]
        """,
        timeout=5,
    )
    seen_name, arn, remaining = answer(pool, name)
    assert (seen_name, arn) == (name, pool.function_arn(name))
    assert 0 < remaining <= 5000


def test_an_exception_becomes_an_error_document(pool, function):
    name = function("def handler(event, context): raise KeyError('lease')")
    document = failure(pool, name)
    assert document["errorType"] == "KeyError"
    assert document["errorMessage"] == "'lease'"
    assert len(document["stackTrace"]) == 1


def test_a_missing_module_is_reported_as_lambda_does(pool, function):
    name = function("import not_in_any_layer")
    assert failure(pool, name)["errorType"] == "Runtime.ImportModuleError"


def test_a_result_that_is_no_json_is_a_marshal_error(pool, function):
    name = function("def handler(event, context): return {1, 2}")
    assert failure(pool, name)["errorType"] == "Runtime.MarshalError"


def test_a_process_that_exits_is_an_exit_error_and_the_next_one_works(pool, function):
    name = function("import os\ndef handler(event, context): return os._exit(3) if event.get('exit') else 'alive'")
    assert failure(pool, name, {"exit": True})["errorMessage"].endswith("exit status 3")
    assert answer(pool, name) == "alive"


def test_a_timeout_kills_the_process(pool, function):
    name = function("import time\ndef handler(event, context): time.sleep(30)", timeout=0.2)
    document = failure(pool, name)
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith("Task timed out after 0.20 seconds")


def test_kill_ends_a_running_invocation(pool, function):
    name = function("import time\ndef handler(event, context): time.sleep(30)", timeout=30)
    documents: list[Any] = []
    caller = threading.Thread(target=lambda: documents.append(failure(pool, name)))
    caller.start()
    wait_until(lambda: pool.kill(name) == 1)
    caller.join()
    assert documents[0]["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in documents[0]["errorMessage"]


def test_simultaneous_invocations_run_in_different_processes(pool, function):
    name = function("import os, time\ndef handler(event, context): time.sleep(0.3); return os.getpid()")
    pids: list[int] = []
    callers = [threading.Thread(target=lambda: pids.append(answer(pool, name))) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(set(pids)) == 3


def test_reserved_concurrency_throttles(pool, function):
    name = function("def handler(event, context): return 1", reserved_concurrency=0)
    with pytest.raises(InvocationRefusedError) as refusal:
        pool.invoke(name, b"{}")
    assert (refusal.value.code, refusal.value.status) == ("TooManyRequestsException", 429)


def test_a_changed_function_gets_new_processes(pool, function):
    function("import os\ndef handler(event, context): return os.environ.get('MODE')", environment=(("MODE", "plan"),))
    name = function(
        "import os\ndef handler(event, context): return os.environ.get('MODE')", environment=(("MODE", "remediate"),)
    )
    assert answer(pool, name) == "remediate"


def test_time_follows_the_stacks_clock_inside_a_function(pool, function):
    name = function("import time\ndef handler(event, context): return time.time()")
    assert answer(pool, name) > time.time() + 3600


def test_output_reaches_the_log_listener_and_the_tail(pool, function, log_lines: list[LogLine]):
    name = function("def handler(event, context): print('a line'); return 1")
    result = pool.invoke(name, b"{}", tail=True)
    assert result.log_tail
    texts = [line.text for line in log_lines if line.function_name == name]
    assert texts[1] == "a line"


def test_output_reaches_cloudwatch_logs(pool, function):
    from moto.logs.models import logs_backends

    name = function("def handler(event, context): print('for the log group'); return 1")
    answer(pool, name)
    groups = logs_backends["111122223333"]["us-west-2"].groups

    def messages() -> list[str]:
        group = groups.get(f"/aws/lambda/{name}")
        streams = group.streams.values() if group else ()
        return [event.message for stream in streams for event in stream.events]

    wait_until(lambda: "for the log group" in messages())


def test_a_payload_that_is_no_json_is_refused(pool, function):
    name = function("def handler(event, context): return 1")
    with pytest.raises(InvocationRefusedError) as refusal:
        pool.invoke(name, b"{")
    assert refusal.value.code == "InvalidRequestContentException"


def test_a_payload_beyond_the_limit_is_refused(pool, function):
    name = function("def handler(event, context): return 1")
    with pytest.raises(InvocationRefusedError) as refusal:
        pool.invoke(name, b'"' + b"x" * (1024 * 1024) + b'"', "Event")
    assert refusal.value.status == 413


ORPHAN = """
import os, signal, sys, threading, time
sys.path.insert(0, {here!r})
from conftest import FakeIdentity, ROLE
from pathlib import Path
from trellis_local.clock import Clock
from trellis_local.workers.function import FunctionSource
from trellis_local.workers.pool import WorkerPool
pool = WorkerPool(endpoint_url="http://127.0.0.1:1", region="us-west-2", account="111122223333",
                  clock=Clock(start=time.time()), identity=FakeIdentity())
pool.register(FunctionSource("f", Path({code!r}), "app.handler", ROLE, timeout=60))
print(pool.invoke("f", b'{{}}').payload.decode(), flush=True)
threading.Thread(target=pool.invoke, args=("f", b'{{"sleep": 60}}'), daemon=True).start()
time.sleep(0.2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_function_process_survives_the_death_of_the_stack(tmp_path: Path):
    (tmp_path / "app.py").write_text(
        textwrap.dedent(
            """
            import os, time
            def handler(event, context):
                time.sleep(event.get("sleep", 0))
                return os.getpid()
            """
        )
    )
    script = ORPHAN.format(here=str(Path(__file__).parent), code=str(tmp_path))
    stack = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert stack.returncode == -signal.SIGKILL
    worker = int(stack.stdout)

    def gone() -> bool:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(gone)
