"""A client of VPC Lattice that is cheap enough to run two hundred of: botocore's serializer and signer, one connection.

It knows from the API model which errors an operation has, and notes every answer that AWS would not give.
"""

import http.client
import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer

MODEL = botocore.session.get_session().get_service_model("vpc-lattice")
SERIALIZER = create_serializer("rest-json")
SIGNER = SigV4Auth(Credentials("test", "test"), "vpc-lattice", "us-west-2")
TIMEOUT_SECONDS = 60
EXPECTED_ERRORS = (402, 404, 409, 429)  # our requests are all valid, and their sender may do everything


class LoadClient:
    """`answers` counts (operation, status); `surprises` are answers and breaks that AWS would not give."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.surprises: list[str] = []

    def call(self, operation: str, **members: Any) -> dict[str, Any] | None:
        """The answer of a call; None when it was refused."""
        try:
            status, code, body = self._exchange(operation, members)
        except (OSError, http.client.HTTPException, ValueError) as failure:
            self.surprises.append(f"{operation}: {type(failure).__name__}: {failure}")
            self._connection.close()
            return None
        self.answers[operation, status] += 1
        if status < 300:
            return body
        if not is_modelled(operation, status=status, code=code, body=body) or status not in EXPECTED_ERRORS:
            self.surprises.append(f"{operation}: {status} {code} {body}")
        return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _exchange(self, operation: str, members: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
        request = SERIALIZER.serialize_to_request(members, MODEL.operation_model(operation))
        query = urlencode(request["query_string"])
        path = request["url_path"] + (f"?{query}" if query else "")
        signed = AWSRequest(request["method"], self._url + path, headers=request["headers"], data=request["body"])
        SIGNER.add_auth(signed)
        self._connection.request(request["method"], path, body=request["body"] or None, headers=dict(signed.headers))
        answer = self._connection.getresponse()
        body = json.loads(answer.read() or b"{}")
        return answer.status, answer.headers.get("x-amzn-errortype", ""), body


def is_modelled(operation: str, *, status: int, code: str, body: dict[str, Any]) -> bool:
    """Whether the operation has this error in the API model, with this status and the members that it requires."""
    for shape in MODEL.operation_model(operation).error_shapes:
        if shape.name == code:
            required = [name for name in shape.required_members if "location" not in shape.members[name].serialization]
            return shape.metadata["error"]["httpStatusCode"] == status and set(required) <= set(body)
    return False
