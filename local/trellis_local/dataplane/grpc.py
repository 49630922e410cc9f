"""gRPC over HTTP/2, as far as a load balancer and an echoing server have to know it.

Format: github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
"""

from trellis_local.dataplane.messages import Answer, Request, values

CONTENT_TYPE = "application/grpc"
_PREFIX = 5  # one byte of flags and four of length come before each message
_INTERNAL = 13


def is_grpc(request: Request) -> bool:
    """Whether a request is gRPC: HTTP/2 with its content type, whatever the encoding of the messages.

    gRPC-Web (`application/grpc-web`) is another protocol, which ends its messages with trailers in the body.
    """
    kinds = values(request.headers, "content-type")
    kind = kinds[0].split(";")[0].strip().lower() if kinds else ""
    return request.transport.protocol == "HTTP/2" and (kind == CONTENT_TYPE or kind.startswith(f"{CONTENT_TYPE}+"))


def echo(request: Request, *, status: int, waited: float) -> Answer:
    """The client's own messages and grpc-status 0, or another status and nothing else."""
    if not _is_well_formed(request.body):
        return _answer(request, b"", (("grpc-status", str(_INTERNAL)), ("grpc-message", "malformed frame")), waited)
    if status:
        message = f"grpc-status {status} was asked for by an annotation"
        return _answer(request, b"", (("grpc-status", str(status)), ("grpc-message", message)), waited)
    return _answer(request, request.body, (("grpc-status", "0"),), waited)


def _answer(request: Request, body: bytes, trailers: tuple[tuple[str, str], ...], waited: float) -> Answer:
    echoed = ("content-type", "grpc-encoding")
    headers = tuple((name, value) for name in echoed for value in values(request.headers, name)[:1])
    return Answer(200, headers, body, waited, trailers)


def _is_well_formed(body: bytes) -> bool:
    start = 0
    while start < len(body):
        start += _PREFIX + int.from_bytes(body[start + 1 : start + _PREFIX], "big")
    return start == len(body)
