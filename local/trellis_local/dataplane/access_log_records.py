"""The record that VPC Lattice logs for a request: a JSON object with the fields of the User Guide, "Access logs".

A field without a value is "-". Three fields of real records that the guide does not list are here too: listenerId and
listenerType, which are "-" in them, and callerPrincipalOrgID. IAM Roles Anywhere is not emulated, so there is no X.509
certificate of a caller.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trellis_local.dataplane.exchanges import Exchange
from trellis_local.dataplane.message_sizes import answer_bytes, request_bytes
from trellis_local.dataplane.messages import Answer, Request, values

ABSENT = "-"
UNKNOWN_FIELDS = (
    "listenerId",
    "listenerType",
    "callerX509SubjectCN",
    "callerX509IssuerOU",
    "callerX509SANNameCN",
    "callerX509SANDNS",
    "callerX509SANURI",
)

Record = dict[str, Any]


def record_of(exchange: Exchange) -> Record:
    """The record of a request to a service, or to a host that the network of the client does not know."""
    return {
        **dict.fromkeys(UNKNOWN_FIELDS, ABSENT),
        **_request(exchange.request),
        **_answer(exchange),
        **_resources(exchange),
        **_caller(exchange),
        **_tls(exchange.request),
        **_durations(exchange),
    }


def _request(request: Request) -> Record:
    return {
        "requestMethod": request.method or ABSENT,
        "requestPath": request.target or ABSENT,  # as HTTP/2's :path, with the query string
        "protocol": request.transport.protocol or ABSENT,
        "hostHeader": _header(request, "host"),
        "userAgent": _header(request, "user-agent"),
        "sourceIpPort": _address(request.client_ip, request.transport.client_port),
    }


def _answer(exchange: Exchange) -> Record:
    answer = exchange.routed.answer
    return {
        "responseCode": answer.status or ABSENT,
        "grpcResponseCode": _grpc_code(answer),
        "failureReason": exchange.routed.failure or ABSENT,
        "bytesReceived": exchange.bytes_received or request_bytes(exchange.request),
        "bytesSent": exchange.bytes_sent or answer_bytes(answer, method=exchange.request.method),
        "requestId": exchange.routed.request_id or ABSENT,
    }


def _resources(exchange: Exchange) -> Record:
    routed = exchange.routed
    target = routed.target
    return {
        "serviceNetworkArn": routed.network.arn if routed.network else ABSENT,
        "serviceArn": routed.service.arn if routed.service else ABSENT,
        "targetGroupArn": routed.target_group.arn if routed.target_group else ABSENT,
        "targetIpPort": _address(target.id, target.port) if target else ABSENT,
        "destinationVpcId": (routed.target_group.vpc_id if routed.target_group else "") or ABSENT,
        "sourceVpcId": exchange.vpc_id,
        "sourceVpcArn": exchange.vpc_arn,
    }


def _caller(exchange: Exchange) -> Record:
    authorization = exchange.routed.authorization
    caller = authorization.caller
    tags: Mapping[str, str] = caller.tags
    return {
        "resolvedUser": caller.resolved_user or ABSENT,
        "authDeniedReason": authorization.denied_by or ABSENT,
        "callerPrincipal": caller.principal or ABSENT,
        "callerPrincipalOrgID": caller.principal_org_id or ABSENT,
        "callerPrincipalTags": dict(tags) or ABSENT,
    }


def _tls(request: Request) -> Record:
    session = request.transport.tls
    return {
        "serverNameIndication": (session.server_name if session else "") or ABSENT,
        "sslCipher": (session.cipher if session else "") or ABSENT,
        "tlsVersion": (session.version if session else "") or ABSENT,
    }


def _durations(exchange: Exchange) -> Record:
    # The answer of a target is read whole, so that there is no time between its first byte and its last.
    to_target = exchange.milliseconds - exchange.target_milliseconds if exchange.routed.connection == "made" else 0
    return {
        "startTime": timestamp(exchange.started_at),
        "duration": round(exchange.milliseconds),
        "requestToTargetDuration": max(0, round(to_target)),
        "responseFromTargetDuration": 0,
    }


def timestamp(moment: datetime) -> str:
    """The form of startTime: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _header(request: Request, name: str) -> str:
    return next(iter(values(request.headers, name)), "") or ABSENT


def _address(host: str, port: int) -> str:
    """ip:port; targets that are no addresses, as functions, have neither."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return ABSENT
    return f"[{host}]:{port}" if version == 6 else f"{host}:{port}"


def _grpc_code(answer: Answer) -> int | str:
    """The code of an answer that says to be gRPC; it is in the trailers, or in the headers when there is no body."""
    if not any(value.startswith("application/grpc") for value in values(answer.headers, "content-type")):
        return ABSENT
    codes = (*values(answer.trailers, "grpc-status"), *values(answer.headers, "grpc-status"))
    return int(codes[0]) if codes and codes[0].isdecimal() else ABSENT
