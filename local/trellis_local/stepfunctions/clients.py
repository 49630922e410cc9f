"""AWS clients for the Tasks of an execution: a session of the machine's role on the local endpoint."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from trellis_local.workers.contract import Credentials, Identity

# A Task may run for a year; the state's own TimeoutSeconds ends it.
READ_TIMEOUT_SECONDS = 366 * 24 * 3600
KEPT_SESSIONS = 256


@dataclass(frozen=True)
class ExecutionCredentials:
    """Who a Task acts as; `role_arn` is named as the interpreter names it."""

    role_arn: str
    execution_name: str


class RoleClients:
    """Makes clients; thread-safe."""

    def __init__(self, *, endpoint_url: str, identity: Identity) -> None:
        """`identity` gives role sessions and refuses roles that Step Functions may not assume."""
        self._endpoint_url = endpoint_url
        self._identity = identity
        self._session = boto3.session.Session()
        self._sessions: OrderedDict[ExecutionCredentials, Credentials] = OrderedDict()
        self._lock = threading.Lock()

    def client(self, service: str, *, region: str, credentials: ExecutionCredentials) -> Any:
        """A boto3 client that does not retry: the state's Retry does."""
        keys = self.assume(credentials)
        with self._lock:  # a boto3 session must not make clients concurrently
            return self._session.client(  # type: ignore[call-overload]  # the service's name is data here
                service,
                region_name=region,
                endpoint_url=self._endpoint_url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=Config(
                    retries={"total_max_attempts": 1},
                    read_timeout=READ_TIMEOUT_SECONDS,
                    s3={"addressing_style": "path"},
                ),
            )

    def assume(self, credentials: ExecutionCredentials) -> Credentials:
        """The session of one execution; raises what `identity` raises for a role that cannot be assumed."""
        with self._lock:
            keys = self._sessions.get(credentials)
            if keys is not None:
                self._sessions.move_to_end(credentials)
                return keys
        keys = self._identity.role_session(
            credentials.role_arn, session_name=credentials.execution_name[:64], service_principal="states.amazonaws.com"
        )
        with self._lock:
            self._sessions[credentials] = keys
            if len(self._sessions) > KEPT_SESSIONS:
                self._sessions.popitem(last=False)
        return keys
