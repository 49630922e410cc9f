"""The simulated pod: answers any HTTP request with JSON that says who it is and what it was asked.

Annotations on the pod change it at once: `local.trellis.dev/response-status` (200-599),
`local.trellis.dev/latency-ms`, `local.trellis.dev/upstream` (`http://host[:port]`, called with the same method, path
and body through the pod's own VPC), `local.trellis.dev/tls-ports` (ports, separated by commas, that speak TLS and
nothing else) and `local.trellis.dev/grpc-status` (0-16, of answers to gRPC). It runs no container.

`body` in the answer holds `length` and `sha256` of the request's body, and its `text` when that is short UTF-8.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trellis_local.dataplane import grpc
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, split_host, values
from trellis_local.kubernetes.contract import PodInfo

STATUS = "local.trellis.dev/response-status"
LATENCY = "local.trellis.dev/latency-ms"
UPSTREAM = "local.trellis.dev/upstream"
TLS_PORTS = "local.trellis.dev/tls-ports"
GRPC_STATUS = "local.trellis.dev/grpc-status"
LONGEST_TEXT = 4096
LONGEST_LATENCY_MS = 600_000
MOST_HOPS = 8

Call = Callable[[str, Request], Answer]  # VPC id and request; raises NoAnswer


@dataclass(frozen=True)
class Behaviour:
    """What the annotations ask for; `latency` in virtual seconds, `status` None where the pod decides itself."""

    status: int | None
    latency: float
    upstream: str
    grpc_status: int
    tls_ports: frozenset[int]

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> "Behaviour":
        """Raise ValueError, naming the annotation, for a value that means nothing."""
        status = annotations.get(STATUS)
        return cls(
            status=None if status is None else _whole_number(STATUS, status, low=200, high=599),
            latency=_whole_number(LATENCY, annotations.get(LATENCY, "0"), low=0, high=LONGEST_LATENCY_MS) / 1000,
            upstream=_upstream_host(annotations.get(UPSTREAM, "")),
            grpc_status=_whole_number(GRPC_STATUS, annotations.get(GRPC_STATUS, "0"), low=0, high=16),
            tls_ports=frozenset(
                _whole_number(TLS_PORTS, port.strip(), low=1, high=65535)
                for port in annotations.get(TLS_PORTS, "").split(",")
                if port
            ),
        )


def speaks_tls(pod: PodInfo, port: int) -> bool:
    """Whether the port of the pod speaks TLS; with annotations that mean nothing it does not."""
    try:
        return port in Behaviour.of(pod.annotations).tls_ports
    except ValueError:
        return False  # respond() says why


def respond(pod: PodInfo, request: Request, *, call: Call) -> Answer:
    """The pod's answer; its `waited` is the latency that the caller has to let pass."""
    document = _identity(pod) | _echo(request)
    try:
        behaviour = Behaviour.of(pod.annotations)
    except ValueError as error:
        return _json(500, document | {"error": str(error)}, waited=0.0)
    if grpc.is_grpc(request) and behaviour.status in (None, 200):
        return grpc.echo(request, status=behaviour.grpc_status, waited=behaviour.latency)
    if not behaviour.upstream:
        return _json(behaviour.status or 200, document, waited=behaviour.latency)
    upstream, waited = _ask(pod, behaviour.upstream, request, call=call)
    failed = upstream["status"] is None or upstream["status"] >= 500
    status = behaviour.status or (502 if failed else 200)
    return _json(status, document | {"upstream": upstream}, waited=behaviour.latency + waited)


def _ask(pod: PodInfo, host: str, request: Request, *, call: Call) -> tuple[dict[str, Any], float]:
    """The upstream's status and document, and its latency."""
    if request.hops >= MOST_HOPS:
        return {"status": None, "error": f"the request already passed {request.hops} pods: upstreams form a loop"}, 0.0
    kinds = tuple(("content-type", kind) for kind in values(request.headers, "content-type"))
    headers = (("host", host), *kinds)
    onward = Request(request.method, request.target, headers, pod.ip, request.hops + 1, request.body)
    try:
        answer = call(pod.vpc_id, onward)
    except NoAnswer as error:
        return {"status": None, "error": error.reason}, 0.0
    return {"status": answer.status, "body": _decoded(answer)}, answer.waited


def _decoded(answer: Answer) -> Any:
    body = answer.body.decode()
    return json.loads(body) if values(answer.headers, "content-type") == ("application/json",) else body


def _identity(pod: PodInfo) -> dict[str, Any]:
    return {
        "cluster": pod.cluster,
        "namespace": pod.namespace,
        "service": min(pod.services, default=""),
        "pod": pod.name,
        "version": pod.labels.get("version", ""),
    }


def _echo(request: Request) -> dict[str, Any]:
    names = {name.lower() for name, _ in request.headers}
    return {
        "method": request.method,
        "path": request.target,
        "host": ", ".join(values(request.headers, "host")),
        "protocol": request.transport.protocol,
        "body": _described(request.body),
        "headers": {name: ", ".join(values(request.headers, name)) for name in sorted(names)},
    }


def _described(body: bytes) -> dict[str, Any]:
    try:
        words = body.decode() if len(body) <= LONGEST_TEXT else None
    except UnicodeDecodeError:
        words = None
    return {"length": len(body), "sha256": hashlib.sha256(body).hexdigest(), "text": words}


def _json(status: int, document: dict[str, Any], *, waited: float) -> Answer:
    headers = (("content-type", "application/json"),)
    return Answer(status, headers, (json.dumps(document) + "\n").encode(), waited=waited)


def _whole_number(annotation: str, value: str, *, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise ValueError(f"annotation {annotation} must be a whole number from {low} to {high}, not {value!r}")
    return int(value)


def _upstream_host(value: str) -> str:
    if not value:
        return ""
    try:
        url = urlsplit(value)
        split_host(url.netloc)
    except ValueError as error:
        raise ValueError(f"annotation {UPSTREAM}: {error}") from error
    if url.scheme != "http" or url.path not in ("", "/") or url.query or url.fragment or "@" in url.netloc:
        raise ValueError(f"annotation {UPSTREAM} must be http://host[:port], not {value!r}")
    return url.netloc
