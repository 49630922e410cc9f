"""The AWS endpoint: one HTTP port on loopback for every AWS API of the local stack."""

import logging
import threading
from collections.abc import Callable

from werkzeug.serving import BaseWSGIServer, make_server

from trellis_local.aws import bucket_policies, cloudwatch, dynamodb, ec2, eks_auth, route53
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.call_faults import CallFaults
from trellis_local.aws.call_log import ApiCall, CallLog
from trellis_local.aws.gateway import CompletedListener, Gateway, LocalHandler, LocalRequest
from trellis_local.aws.identity import Identity, caller_identity

__all__ = ["AwsEndpoint", "LocalRequest"]

_HOST = "127.0.0.1"
_BACKLOG = 1024  # werkzeug's 128 let hundreds of clients that connect at once wait for a second


class _QuietHandler(moto.MotoRequestHandler):  # type: ignore[misc]
    """Keep-alive connections, and no line on the terminal for each request."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name is werkzeug's
        logging.getLogger("trellis_local.aws.http").debug(message, *args)


class AwsEndpoint:
    """moto behind IAM enforcement, a call log and listeners; `port` 0 takes a free one, known once it is started."""

    def __init__(self, *, port: int = 0) -> None:
        self.calls = CallLog()
        self._gateway = Gateway(moto.DomainDispatcherApplication(moto.create_backend_app), self.calls)
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._identity: Identity | None = None
        self._thread: threading.Thread | None = None
        self._undo: list[Callable[[], None]] = []
        self._gateway.operations[eks_auth.SERVICE, eks_auth.OPERATION] = eks_auth.assume_role_for_pod_identity
        self.add_local_route("/_local/calls", self._calls_after)

    @property
    def faults(self) -> CallFaults:
        """Where calls are slowed down, throttled or failed on order."""
        return self._gateway.faults

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        if self._server is None:
            raise RuntimeError("the AWS endpoint is not started")
        return f"http://{_HOST}:{self._server.server_port}"

    @property
    def identity(self) -> Identity:
        """Credentials and clients on this endpoint."""
        if self._identity is None:
            self._identity = Identity(self.url)
        return self._identity

    def start(self) -> None:
        """Listen; returns when requests are answered. Raises OSError or SystemExit when the port is taken."""
        self._undo = [
            moto.install_accounts(),
            moto.install_caller_identity(caller_identity),
            moto.install_session_restrictions(),
            bucket_policies.install(),
            cloudwatch.install(),
            dynamodb.install(),
            ec2.install(),
            route53.install(),
        ]
        self._server = make_server(_HOST, self._port, self._gateway, threaded=True, request_handler=_QuietHandler)
        self._server.daemon_threads = True
        self._server.socket.listen(_BACKLOG)
        self._thread = threading.Thread(target=self._server.serve_forever, name="aws-endpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and take the seams out of moto again."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._identity = None
        while self._undo:
            self._undo.pop()()

    def add_local_route(self, path: str, handler: LocalHandler) -> None:
        """Answer `path`, which starts with `/_local/`, by `handler(request) -> (status, JSON value)`."""
        if not path.startswith("/_local/"):
            raise ValueError(f"a local route starts with /_local/, not {path}")
        self._gateway.routes[path] = handler

    def on_call(self, listener: Callable[[ApiCall], None]) -> None:
        """Call `listener` after every API call, in order, before the client has its answer: it must be quick."""
        self._gateway.listeners.append(lambda completed: listener(completed.call))

    def on_completed(self, listener: CompletedListener) -> None:
        """Like `on_call`, with the request and its answer."""
        self._gateway.listeners.append(listener)

    def _calls_after(self, request: LocalRequest) -> tuple[int, object]:
        after = request.query.get("after", "0")
        if request.method != "GET" or not after.isdigit():
            return 400, {"message": "GET /_local/calls?after=NUMBER"}
        return 200, self.calls.as_json(int(after))
