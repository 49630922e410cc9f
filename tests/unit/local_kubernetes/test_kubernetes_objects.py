"""Reads and writes of objects over HTTPS."""

from __future__ import annotations

from typing import Any

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str = "one", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_created_object_gets_uid_version_and_time(api: Any) -> None:
    code, created = api("POST", MAPS, config_map(a="1"))
    assert code == 201
    assert {"uid", "resourceVersion", "creationTimestamp"} <= created["metadata"].keys()
    assert api("GET", f"{MAPS}/one") == (200, created)


def test_a_second_object_of_the_same_name_is_already_exists(api: Any) -> None:
    api("POST", MAPS, config_map())
    code, status = api("POST", MAPS, config_map())
    assert (code, status["reason"], status["kind"]) == (409, "AlreadyExists", "Status")


def test_a_missing_object_is_not_found(api: Any) -> None:
    code, status = api("GET", f"{MAPS}/none")
    assert (code, status["reason"]) == (404, "NotFound")


def test_a_stale_resource_version_is_a_conflict(api: Any) -> None:
    _, old = api("POST", MAPS, config_map(a="1"))
    api("PUT", f"{MAPS}/one", config_map(a="2"))
    code, status = api("PUT", f"{MAPS}/one", old)
    assert (code, status["reason"]) == (409, "Conflict")


def test_a_write_that_changes_nothing_keeps_the_resource_version(api: Any) -> None:
    _, created = api("POST", MAPS, config_map(a="1"))
    _, updated = api("PUT", f"{MAPS}/one", created)
    _, patched = api("PATCH", f"{MAPS}/one", {"data": {"a": "1"}}, content_type="application/merge-patch+json")
    versions = {obj["metadata"]["resourceVersion"] for obj in (created, updated, patched)}
    assert len(versions) == 1


def test_an_object_in_a_missing_namespace_is_not_found(api: Any) -> None:
    code, status = api("POST", "/api/v1/namespaces/none/configmaps", config_map())
    assert (code, status["details"]["kind"]) == (404, "namespaces")


def test_a_dry_run_stores_nothing(api: Any) -> None:
    code, _ = api("POST", f"{MAPS}?dryRun=All", config_map())
    assert code == 201
    assert api("GET", f"{MAPS}/one")[0] == 404


def test_a_generated_name_starts_with_its_prefix(api: Any) -> None:
    body = config_map() | {"metadata": {"generateName": "job-"}}
    names = {api("POST", MAPS, body)[1]["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("job-") and len(name) == 9 for name in names)


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 254, "with space"])
def test_a_name_that_is_no_rfc_1123_subdomain_is_invalid(api: Any, name: str) -> None:
    code, status = api("POST", MAPS, config_map(name))
    assert (code, status["reason"]) == (422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "metadata.name"


def test_annotations_above_256_kib_are_invalid(api: Any) -> None:
    body = config_map()
    body["metadata"]["annotations"] = {"big": "x" * (256 * 1024)}
    code, status = api("POST", MAPS, body)
    assert (code, status["details"]["causes"][0]["reason"]) == (422, "FieldValueTooLong")


def test_json_patch_changes_what_it_names(api: Any) -> None:
    api("POST", MAPS, config_map(a="1"))
    patch = [{"op": "replace", "path": "/data/a", "value": "2"}]
    code, patched = api("PATCH", f"{MAPS}/one", patch, content_type="application/json-patch+json")
    assert (code, patched["data"]) == (200, {"a": "2"})


def test_strategic_merge_merges_service_ports_by_port(api: Any) -> None:
    path = "/api/v1/namespaces/default/services"
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    api("POST", path, {"metadata": {"name": "web"}, "spec": {"ports": ports}})
    patch = {"spec": {"ports": [{"port": 81, "targetPort": 8081}]}}
    _, patched = api("PATCH", f"{path}/web", patch, content_type="application/strategic-merge-patch+json")
    assert [(p["port"], p["targetPort"]) for p in patched["spec"]["ports"]] == [(80, 80), (81, 8081)]


def test_finalizers_hold_an_object_until_they_are_removed(api: Any) -> None:
    body = config_map()
    body["metadata"]["finalizers"] = ["example.com/wait"]
    api("POST", MAPS, body)
    api("DELETE", f"{MAPS}/one")
    _, held = api("GET", f"{MAPS}/one")
    assert "deletionTimestamp" in held["metadata"]
    patch = {"metadata": {"finalizers": None}}
    api("PATCH", f"{MAPS}/one", patch, content_type="application/merge-patch+json")
    assert api("GET", f"{MAPS}/one")[0] == 404


def test_deleting_an_owner_deletes_its_dependents(api: Any) -> None:
    _, owner = api("POST", MAPS, config_map("owner"))
    child = config_map("child")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    child["metadata"]["ownerReferences"] = [reference]
    api("POST", MAPS, child)
    api("DELETE", f"{MAPS}/owner")
    assert api("GET", f"{MAPS}/child")[0] == 404


def test_orphaned_dependents_stay(api: Any) -> None:
    _, owner = api("POST", MAPS, config_map("owner"))
    child = config_map("child")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    child["metadata"]["ownerReferences"] = [reference]
    api("POST", MAPS, child)
    api("DELETE", f"{MAPS}/owner?propagationPolicy=Orphan")
    _, kept = api("GET", f"{MAPS}/child")
    assert kept["metadata"]["ownerReferences"] == []


def test_deleting_a_namespace_deletes_its_content(api: Any) -> None:
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    api("POST", "/api/v1/namespaces/shop/configmaps", config_map())
    assert api("DELETE", "/api/v1/namespaces/shop")[0] == 200
    assert api("GET", "/api/v1/namespaces/shop")[0] == 404
    assert api("GET", "/api/v1/configmaps")[1]["items"] == []


def test_a_terminating_namespace_takes_no_new_objects(api: Any) -> None:
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    held = config_map()
    held["metadata"]["finalizers"] = ["example.com/wait"]
    api("POST", "/api/v1/namespaces/shop/configmaps", held)
    api("DELETE", "/api/v1/namespaces/shop")
    code, status = api("POST", "/api/v1/namespaces/shop/configmaps", config_map("two"))
    assert (code, status["reason"]) == (403, "Forbidden")


def test_delete_collection_deletes_what_the_selector_picks(api: Any) -> None:
    for name, tier in (("a", "x"), ("b", "x"), ("c", "y")):
        body = config_map(name)
        body["metadata"]["labels"] = {"tier": tier}
        api("POST", MAPS, body)
    api("DELETE", f"{MAPS}?labelSelector=tier%3Dx")
    assert [item["metadata"]["name"] for item in api("GET", MAPS)[1]["items"]] == ["c"]


def test_a_service_port_that_is_no_number_is_a_bad_request(api: Any) -> None:
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": "eighty"}]}}
    code, status = api("POST", "/api/v1/namespaces/default/services", body)
    assert (code, status["reason"]) == (400, "BadRequest")


def test_a_service_port_out_of_range_is_invalid(api: Any) -> None:
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 70000}]}}
    code, status = api("POST", "/api/v1/namespaces/default/services", body)
    assert (code, status["details"]["causes"][0]["field"]) == (422, "spec.ports[0].port")


def test_services_get_distinct_cluster_addresses(api: Any) -> None:
    path = "/api/v1/namespaces/default/services"
    made = [api("POST", path, {"metadata": {"name": n}, "spec": {"ports": [{"port": 80}]}})[1] for n in ("a", "b")]
    addresses = {service["spec"]["clusterIP"] for service in made}
    assert len(addresses) == 2
    assert all(address.startswith("10.100.") for address in addresses)


def test_strict_validation_names_unknown_fields(api: Any) -> None:
    body = config_map() | {"datum": {}}
    code, status = api("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert (code, 'unknown field "datum"' in status["message"]) == (400, True)


def test_a_body_that_is_no_object_is_a_bad_request(api: Any) -> None:
    assert api("POST", MAPS, ["not", "an", "object"])[0] == 400
    assert api("POST", MAPS, b"{broken: [")[0] == 400


@pytest.mark.parametrize("metadata", ["text", {"labels": "text"}, {"name": 5}, {"annotations": {"a": 1}}])
def test_malformed_metadata_is_a_bad_request(api: Any, metadata: Any) -> None:
    assert api("POST", MAPS, {"metadata": metadata})[0] == 400


def test_protobuf_is_an_unsupported_media_type(api: Any) -> None:
    code, status = api("POST", MAPS, b"k8s", content_type="application/vnd.kubernetes.protobuf")
    assert (code, status["reason"]) == (415, "UnsupportedMediaType")
