"""HTTPS listeners: what they ask for, and what their conditions say."""

from typing import Any

import pytest
from gateway_api_objects import CLUSTER, Raw, desired_of, gateway, intent_of, listener, route

from trellis.gateway_api import CertificateResult, Results, ServiceResult, build_desired, build_status

ARN = "arn:aws:acm:us-west-2:111122223333:certificate/5f2d1c9e-8a47-4c0b-9d1e-3b6a7f0c2d48"
OTHER = ARN.replace("5f2d1c9e", "00000000")
HOST = "datastore.lattice-test.io"
AWS_OPTION, OWN_OPTION = "application-networking.k8s.aws/certificate-arn", "trellis.dev/certificate-arn"


def https(name: str = "https", port: int = 443, *, mode: str = "Terminate", **options: str) -> Raw:
    tls = {"mode": mode, "certificateRefs": [{"name": "unused"}], "options": options}
    return {"name": name, "protocol": "HTTPS", "port": port, "tls": tls}


def objects(*listeners: Raw, hostnames: list[str] | None = None, **spec: Any) -> dict[str, list[Raw]]:
    wanted = [HOST] if hostnames is None else hostnames
    return {"Gateway": [gateway(*listeners, **spec)], "HTTPRoute": [route(hostnames=wanted)]}


def certificates(*listeners: Raw, **more: Any) -> tuple[str, ...] | None:
    (service,) = intent_of(**objects(*listeners, **more)).services
    return service.certificates


def test_http_and_https_are_two_listeners_with_the_same_rules() -> None:
    (service,) = desired_of(**objects(listener(), https())).services
    assert [(found.name, found.protocol, found.port) for found in service.listeners] == [
        ("http-80", "HTTP", 80),
        ("https-443", "HTTPS", 443),
    ]
    assert service.listeners[0].rules == service.listeners[1].rules


def test_a_hostname_at_an_https_listener_needs_a_certificate() -> None:
    assert certificates(https()) == ()
    assert certificates(listener()) is None
    assert certificates(https(), hostnames=[]) is None, "VPC Lattice has one for the names that it generates"


def test_options_name_the_certificate_and_trellis_own_goes_first() -> None:
    assert certificates(https(**{AWS_OPTION: ARN})) == (ARN,)
    assert certificates(https(**{AWS_OPTION: OTHER, OWN_OPTION: ARN})) == (ARN,)


def test_of_several_listeners_the_first_one_counts() -> None:
    assert certificates(https(**{AWS_OPTION: ARN}), https("more", 8443, **{AWS_OPTION: OTHER})) == (ARN, OTHER)


def test_options_of_http_listeners_mean_nothing() -> None:
    assert certificates(https(), {**https("http", 80, **{AWS_OPTION: ARN}), "protocol": "HTTP"}) == ()


def test_what_was_chosen_is_desired_and_without_a_choice_nothing_is_touched() -> None:
    intent = intent_of(**objects(https()))
    name = intent.services[0].name
    assert build_desired(intent, CLUSTER, {name: ARN}).services[0].certificate_arn == ARN
    assert build_desired(intent, CLUSTER, {name: None}).services[0].certificate_arn is None
    assert build_desired(intent, CLUSTER).services[0].certificate_arn is None


def test_a_service_that_needs_none_has_none() -> None:
    assert desired_of(**objects(listener())).services[0].certificate_arn == ""


def acceptance(found: dict[str, list[Raw]]) -> tuple[str, str]:
    condition = intent_of(**found).gateways[0].listeners[0].conditions[0]
    return condition.status, condition.reason


def test_passing_tls_through_is_refused() -> None:
    assert acceptance(objects(https(mode="Passthrough"))) == ("False", "UnsupportedValue")


def test_asking_clients_for_certificates_is_refused() -> None:
    frontend = {"frontend": {"default": {"validation": {"caCertificateRefs": [{"name": "ca"}]}}}}
    assert acceptance(objects(https(), tls=frontend)) == ("False", "UnsupportedValue")
    assert acceptance(objects(https())) == ("True", "Accepted")


def test_a_reference_that_is_no_arn_is_a_condition_and_the_listener_serves() -> None:
    intent = intent_of(**objects(https(**{OWN_OPTION: "my certificate"})))
    (found,) = intent.gateways[0].listeners
    assert ("ResolvedRefs", "False", "InvalidCertificateRef") in {
        (one.type, one.status, one.reason) for one in found.conditions
    }
    assert found.usable
    assert intent.services


@pytest.mark.parametrize("is_named", [True, False])
def test_a_certificate_that_is_missing_is_told_by_the_route_and_by_the_listener_that_names_it(is_named: bool) -> None:
    found = objects(https(**({OWN_OPTION: ARN} if is_named else {})))
    name = desired_of(**found).services[0].name
    bad = CertificateResult(name, is_ready=False, reason="CertificateNotFound", message="m", named=(ARN,) * is_named)
    results = Results(services=(ServiceResult(name, "PROGRAMMED", "d"),), certificates=(bad,))
    status = {one.kind: one.status for one in build_status(intent_of(**found), results)}
    of_route = _conditions(status["HTTPRoute"]["parents"][0])
    of_listener = _conditions(status["Gateway"]["listeners"][0])
    assert of_route["trellis.dev/CertificateReady"] == ("False", "CertificateNotFound")
    assert of_route["Programmed"][0] == "True"
    assert of_listener["ResolvedRefs"] == (("False", "InvalidCertificateRef") if is_named else ("True", "ResolvedRefs"))


def _conditions(holder: Raw) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in holder["conditions"]}
