"""Events about certificates start the runs of the services that have them, or could have them, and only those."""

from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import MemoryHints, MemoryInventory, toolbox
from test_run_noticing import Checks, StepFunctions, sample

from trellis.certificate_events import parse_certificate_event
from trellis.errors import InvalidEventError
from trellis.fleet.requests import Requested
from trellis.runs.rotating import rotate

ARN = "arn:aws:acm:us-west-2:111122223333:certificate/5f2d1c9e-8a47-4c0b-9d1e-3b6a7f0c2d48"
STORE, SHOP = "apply_service/store", "apply_service/shop"
NEWS = (
    "certificate_approaching_expiration",
    "certificate_available",
    "certificate_expired",
    "certificate_renewal_action_required",
    "certificate_revoked",
    "certificate_rotated",
)


class Acm:
    class exceptions:  # noqa: N801 - as boto3 has it
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, *names: str) -> None:
        self.names = names

    def describe_certificate(self, **_: str) -> dict[str, Any]:
        if not self.names:
            raise self.exceptions.ResourceNotFoundException
        return {"Certificate": {"SubjectAlternativeNames": list(self.names)}}


def rotated(event: dict[str, Any], owned: dict[str, str], *names: str) -> tuple[Checks, MemoryHints]:
    checks, hints = Checks(Requested(starts=True)), MemoryHints()
    tools: Any = toolbox(
        inventory=MemoryInventory({"blue": owned}),
        hints=hints,
        checks=checks,
        clients=SimpleNamespace(stepfunctions=StepFunctions(), acm=Acm(*names)),
        reconcile_machine="machine",
    )
    rotate(tools, event)
    return checks, hints


@pytest.mark.parametrize("name", NEWS)
def test_what_acm_tells_concerns_the_services_that_have_the_certificate(name: str) -> None:
    checks, hints = rotated(sample(f"acm/{name}"), {ARN: STORE, "svc-1": SHOP}, "elsewhere.example.com")
    assert [(cluster, items) for cluster, items, _ in checks.asked] == [("blue", {STORE})]
    assert [hint.actor for hint in hints.kept] == ["acm.amazonaws.com"]


def test_a_certificate_that_a_hostname_finds_concerns_its_service() -> None:
    owned = {"tls:datastore.lattice-test.io": STORE, "tls:*.lattice-test.io": f"{SHOP} {STORE}"}
    checks, _ = rotated(sample("acm/certificate_available"), owned, "datastore.lattice-test.io")
    assert [items for _, items, _ in checks.asked] == [{STORE}]
    checks, _ = rotated(sample("acm/certificate_available"), owned, "*.Lattice-Test.io")
    assert [items for _, items, _ in checks.asked] == [{STORE, SHOP}]


@pytest.mark.parametrize("name", ["delete_certificate", "import_certificate_again"])
def test_calls_are_told_with_who_made_them(name: str) -> None:
    checks, hints = rotated(sample(f"acm/{name}"), {ARN: STORE})
    assert [items for _, items, _ in checks.asked] == [{STORE}]
    assert [hint.actor for hint in hints.kept] == ["arn:aws:iam::111122223333:user/eve"]


def test_a_tag_says_nothing_of_who_set_it() -> None:
    checks, hints = rotated(sample("tag/managed_of_a_certificate"), {ARN: STORE})
    assert (len(checks.asked), hints.kept) == (1, [])


def test_a_certificate_of_nobody_starts_nothing() -> None:
    checks, hints = rotated(sample("acm/certificate_available"), {"svc-1": STORE}, "shop.example.com")
    assert (checks.asked, hints.kept) == ([], [])


def test_an_event_without_its_parts_is_refused_with_each_of_them() -> None:
    with pytest.raises(InvalidEventError, match=r"id.*time"):
        parse_certificate_event({"detail-type": "ACM Certificate Available"})
