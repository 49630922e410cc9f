"""What a snapshot keeps of an object."""

from gateway_api_objects import Raw, endpoint_slice, gateway, namespace, route, service

from trellis.gateway_api import trim

OWN = "application-networking.k8s.aws/lattice-assigned-domain-name"
NOISE = {
    "resourceVersion": "7",
    "managedFields": [{}],
    "ownerReferences": [{}],
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", OWN: "x.on.aws"},
    "labels": {"app": "x", "kubernetes.io/service-name": "x"},
}


def noisy(raw: Raw) -> Raw:
    return {**raw, "metadata": {**raw["metadata"], **NOISE}, "status": {"conditions": []}}


def test_of_the_metadata_only_what_identifies_stays() -> None:
    assert trim(noisy(route()))["metadata"] == route()["metadata"]


def test_nothing_that_trellis_writes_stays() -> None:
    for raw in (route(), gateway(), service("x")):
        assert trim(noisy(raw)) == trim(raw)


def test_labels_stay_on_namespaces() -> None:
    assert trim(namespace("apps", team="apps"))["metadata"]["labels"] == {"team": "apps"}


def test_of_the_labels_of_endpoint_slices_the_services_name_stays() -> None:
    trimmed = trim(noisy(endpoint_slice("x", "10.0.0.1")))
    assert trimmed["metadata"]["labels"] == {"kubernetes.io/service-name": "x"}


def test_of_endpoints_addresses_and_conditions_stay() -> None:
    endpoint = {"addresses": ["10.0.0.1"], "conditions": {}, "targetRef": {}, "nodeName": "n", "zone": "z"}
    assert trim(endpoint_slice("x", endpoints=[endpoint]))["endpoints"] == [
        {"addresses": ["10.0.0.1"], "conditions": {}}
    ]


def test_trimming_twice_is_trimming_once() -> None:
    for raw in (route(), gateway(), service("x"), endpoint_slice("x", "10.0.0.1"), namespace("apps", a="b")):
        assert trim(trim(noisy(raw))) == trim(noisy(raw))
