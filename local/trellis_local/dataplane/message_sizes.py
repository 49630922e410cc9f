"""How many bytes a request and its answer are on the wire of HTTP/1.1, start line, headers and body.

HTTP/2 compresses headers, so that its real sizes depend on what a connection carried before; the same sum stands for
it. A connection that is passed through has no start line, only its bytes.
"""

from http.client import responses

from trellis_local.dataplane.messages import Answer, Headers, Request

_LINE_END = 2
_SEPARATOR = 2  # ": " between a header's name and its value
_HTTP_VERSION = len("HTTP/1.1 ")


def request_bytes(request: Request) -> int:
    """The size of a request, 0 for a connection that sent nothing."""
    if not request.method:
        return len(request.body)
    start_line = len(request.method) + 1 + len(request.target.encode()) + _HTTP_VERSION + _LINE_END
    return start_line + _headers(request.headers) + _LINE_END + len(request.body)


def answer_bytes(answer: Answer, *, method: str) -> int:
    """The size of an answer with its trailers to a request of this method, 0 for a connection that got nothing back."""
    if not answer.status:
        return len(answer.body)
    body = 0 if method == "HEAD" else len(answer.body)
    start_line = _HTTP_VERSION + len(f"{answer.status} {responses.get(answer.status, '')}") + _LINE_END
    return start_line + _headers(answer.headers) + _LINE_END + body + _headers(answer.trailers)


def _headers(headers: Headers) -> int:
    return sum(len(name.encode()) + _SEPARATOR + len(value.encode()) + _LINE_END for name, value in headers)
