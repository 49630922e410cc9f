"""The fields of a record: VPC Lattice User Guide, "Access log contents"."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from dataplane_fakes import ACCOUNT, HOST, NETWORK, service, target_group

from trellis_local.dataplane.access_log_records import record_of
from trellis_local.dataplane.authorization import Authorization, Caller
from trellis_local.dataplane.exchanges import Exchange, Routed
from trellis_local.dataplane.messages import Answer, Request, TlsSession, Transport, text
from trellis_local.lattice.view import TargetView

SERVICE = service()
VPC_ARN = f"arn:aws:ec2:us-west-2:{ACCOUNT}:vpc/vpc-a"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/frontend/session"
REQUEST = Request(
    "POST",
    "/popular?page=1",
    (("Host", HOST), ("User-Agent", "curl/8.5.0")),
    client_ip="10.0.183.56",
    body=b"12345",
    transport=Transport("HTTP/2", 57086, TlsSession("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", HOST)),
)
ROUTED = Routed(
    Answer(200, (("Content-Type", "application/grpc"),), b"1234567", trailers=(("grpc-status", "5"),)),
    network=NETWORK,
    service=SERVICE,
    listener=SERVICE.listeners[0],
    target_group=target_group("v1"),
    target=TargetView("172.31.9.231", 80, "HEALTHY"),
    authorization=Authorization(
        Caller(CALLER, CALLER, "o-1", session_name="session", type="AWS_IAM", tags={"team": "shop"})
    ),
    connection="made",
    request_id="0d15bd3f-8e29-4f6d-a1bb-a4a3b9e0b7a1",
)
FULL = Exchange("vpc-a", VPC_ARN, REQUEST, ROUTED, datetime(2024, 8, 4, 11, 28, 40, 987654, UTC), 23.4, 2.1)
UNKNOWN_HOST = replace(FULL, request=Request("GET", "/", ()), routed=Routed(text(404, "no"), network=NETWORK))

RECEIVED = len(f"POST /popular?page=1 HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: curl/8.5.0\r\n\r\n12345")
SENT = len("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n\r\n1234567grpc-status: 5\r\n")
VALUES = {
    "serviceNetworkArn": NETWORK.arn,
    "resolvedUser": CALLER,
    "authDeniedReason": "-",
    "requestMethod": "POST",
    "targetGroupArn": f"arn:aws:vpc-lattice:us-west-2:{ACCOUNT}:targetgroup/tg-v1",
    "requestPath": "/popular?page=1",
    "startTime": "2024-08-04T11:28:40Z",
    "protocol": "HTTP/2",
    "responseCode": 200,
    "bytesReceived": RECEIVED,
    "bytesSent": SENT,
    "duration": 23,
    "requestToTargetDuration": 21,
    "responseFromTargetDuration": 0,
    "grpcResponseCode": 5,
    "hostHeader": HOST,
    "serverNameIndication": HOST,
    "sslCipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "tlsVersion": "TLSv1.2",
    "userAgent": "curl/8.5.0",
    "sourceIpPort": "10.0.183.56:57086",
    "targetIpPort": "172.31.9.231:80",
    "serviceArn": SERVICE.arn,
    "sourceVpcId": "vpc-a",
    "sourceVpcArn": VPC_ARN,
    "destinationVpcId": "vpc-b",
    "requestId": "0d15bd3f-8e29-4f6d-a1bb-a4a3b9e0b7a1",
    "callerPrincipal": CALLER,
    "callerPrincipalOrgID": "o-1",
    "callerPrincipalTags": {"team": "shop"},
    "callerX509SubjectCN": "-",
    "callerX509IssuerOU": "-",
    "callerX509SANNameCN": "-",
    "callerX509SANDNS": "-",
    "callerX509SANURI": "-",
    "failureReason": "-",
    "listenerId": "-",
    "listenerType": "-",
}
NEVER_ABSENT = {
    "bytesReceived",
    "bytesSent",
    "duration",
    "protocol",
    "requestMethod",
    "requestPath",
    "requestToTargetDuration",
    "responseCode",
    "responseFromTargetDuration",
    "serviceNetworkArn",
    "sourceIpPort",
    "sourceVpcArn",
    "sourceVpcId",
    "startTime",
}


@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_each_field_tells_what_happened(name, value):
    assert record_of(FULL)[name] == value


def test_a_record_has_these_fields_and_no_other():
    assert set(record_of(FULL)) == set(VALUES)
    assert json.loads(json.dumps(record_of(FULL))) == VALUES


@pytest.mark.parametrize("name", sorted(set(VALUES) - NEVER_ABSENT))
def test_a_field_without_a_value_is_a_dash(name):
    assert record_of(UNKNOWN_HOST)[name] == "-"


def test_a_request_to_an_unknown_host_names_the_network_and_no_service():
    record = record_of(UNKNOWN_HOST)
    assert (record["serviceNetworkArn"], record["serviceArn"], record["responseCode"]) == (NETWORK.arn, "-", 404)


def test_a_denied_request_tells_who_was_denied_by_what_and_never_met_a_target():
    denied = Authorization(Caller("Anonymous"), "Service", "AccessDeniedException: no")
    routed = Routed(text(403, "no"), NETWORK, SERVICE, authorization=denied, failure="ClientAccessDenied")
    record = record_of(replace(FULL, routed=routed, target_milliseconds=0.0))
    told = {name: record[name] for name in ("resolvedUser", "authDeniedReason", "failureReason", "callerPrincipal")}
    assert told == {
        "resolvedUser": "Anonymous",
        "authDeniedReason": "Service",
        "failureReason": "ClientAccessDenied",
        "callerPrincipal": "-",
    }
    assert (record["targetIpPort"], record["requestToTargetDuration"]) == ("-", 0)


def test_a_target_that_cannot_be_reached_is_named_with_the_failure():
    routed = replace(ROUTED, answer=text(500, "no"), connection="refused", failure="TargetConnectionError")
    record = record_of(replace(FULL, routed=routed))
    assert (record["targetIpPort"], record["failureReason"]) == ("172.31.9.231:80", "TargetConnectionError")
    assert (record["responseCode"], record["requestToTargetDuration"]) == (500, 0)


def test_a_connection_that_is_passed_through_has_no_request_in_it():
    request = replace(REQUEST, method="", target="", headers=(), body=b"\x16\x03\x01")
    record = record_of(replace(FULL, request=request, routed=replace(ROUTED, answer=Answer(0, (), b"\x16\x03"))))
    assert {record[name] for name in ("requestMethod", "requestPath", "hostHeader", "userAgent", "responseCode")} == {
        "-"
    }
    assert (record["serverNameIndication"], record["bytesReceived"], record["bytesSent"]) == (HOST, 3, 2)


def test_a_function_has_no_address():
    function = TargetView(f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:orders", 0, "UNAVAILABLE")
    group = replace(target_group("v1"), type="LAMBDA", vpc_id="")
    record = record_of(replace(FULL, routed=replace(ROUTED, target=function, target_group=group)))
    assert (record["targetIpPort"], record["destinationVpcId"]) == ("-", "-")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ((("content-type", "application/grpc+proto"), ("grpc-status", "12")), 12),
        ((("content-type", "application/json"), ("grpc-status", "12")), "-"),
        ((("content-type", "application/grpc"),), "-"),
    ],
)
def test_only_grpc_answers_have_a_grpc_code(headers, code):
    assert (
        record_of(replace(FULL, routed=replace(ROUTED, answer=Answer(200, headers, b""))))["grpcResponseCode"] == code
    )


def test_the_body_of_an_answer_to_head_is_not_sent():
    head = replace(FULL, request=replace(REQUEST, method="HEAD"))
    assert record_of(head)["bytesSent"] == SENT - len("1234567")


def test_an_ipv6_address_is_in_brackets():
    routed = replace(ROUTED, target=TargetView("2001:db8::1", 80, "HEALTHY"))
    assert record_of(replace(FULL, routed=routed))["targetIpPort"] == "[2001:db8::1]:80"
