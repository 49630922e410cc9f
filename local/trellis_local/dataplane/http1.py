"""HTTP/1.1 for the server's side of a channel.

The standard library's handler cannot close a connection without an answer, nor answer 400 where VPC Lattice does, so
requests are read here.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from trellis_local.dataplane import http1_request
from trellis_local.dataplane.channels import Reader
from trellis_local.dataplane.http_messages import MalformedRequestError, Respond
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, Transport, text

Tunnel = Callable[[str], None]  # serves the rest of the connection for CONNECT name:port; raises NoAnswer before


def serve(reader: Reader, respond: Respond, *, request: Request, tunnel: Tunnel | None = None) -> None:
    """Answer the requests of one connection until it ends; `request` has the members that all of them share."""
    while _serve_one(reader, respond, request, tunnel):
        pass


def refuse(reader: Reader, status: int, reason: str) -> None:
    """Answer with an error and no more."""
    reader.send(encode(text(status, f"{reason}\n"), method="GET", keep_alive=False))


def _serve_one(reader: Reader, respond: Respond, shared: Request, tunnel: Tunnel | None) -> bool:
    """Serve one request; False when the connection is to be closed."""
    try:
        read = http1_request.read(reader)
    except MalformedRequestError as error:
        refuse(reader, error.status, str(error))
        return False
    if read is None:
        return False
    if read.method == "CONNECT":
        if tunnel is None:
            refuse(reader, HTTPStatus.METHOD_NOT_ALLOWED, "CONNECT is not possible here")
        else:
            tunnel(read.target)
        return False
    transport: Transport = replace(shared.transport, protocol=read.protocol)
    request = Request(read.method, read.target, read.headers, shared.client_ip, 0, read.body, transport)
    try:
        answer = respond(request)
    except NoAnswer:
        return False
    reader.send(encode(answer, method=request.method, keep_alive=read.keep_alive))
    return read.keep_alive


def encode(answer: Answer, *, method: str, keep_alive: bool) -> bytes:
    """The answer's bytes; trailers are left out."""
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    bodiless = answer.status in (204, 304)
    if not bodiless:
        lines.append(f"content-length: {len(answer.body)}")
    if not keep_alive:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if bodiless or method == "HEAD" else head + answer.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
