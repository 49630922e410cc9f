"""The structures under the backend: collections with indexes, the agenda, references, and remembered client tokens."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trellis_local.lattice.agenda import Agenda
from trellis_local.lattice.collection import Collection
from trellis_local.lattice.idempotency import ClientTokens
from trellis_local.lattice.paging import page
from trellis_local.lattice.references import References
from trellis_local.lattice.resources import VpcAssociation

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def association(sequence: int, *, vpc_id: str = "vpc-1") -> VpcAssociation:
    return VpcAssociation(
        id=f"snva-{sequence}",
        account="111122223333",
        region="us-west-2",
        partition="aws",
        sequence=sequence,
        created_at=NOW,
        last_updated_at=NOW,
        network_arn="arn:n",
        vpc_id=vpc_id,
        security_group_ids=[],
        private_dns_enabled=False,
    )


def collection_of(*associations: VpcAssociation) -> Collection[VpcAssociation]:
    collection: Collection[VpcAssociation] = Collection(vpc=lambda item: [item.vpc_id])
    for item in associations:
        collection[item.id] = item
    return collection


STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 9), st.sampled_from(["vpc-1", "vpc-2"])))


@given(STEPS)
def test_an_index_says_what_a_search_would_find(steps):
    collection, sequence = collection_of(), itertools.count(1)
    for step, number, vpc_id in steps:
        if step == "add":
            item = association(next(sequence), vpc_id=vpc_id)
            collection[item.id] = item
        else:
            collection.pop(f"snva-{number}", None)
    everything = sorted((collection[item_id] for item_id in collection), key=lambda item: item.sequence)
    assert list(collection.values()) == everything
    for vpc_id in ("vpc-1", "vpc-2"):
        assert list(collection.where("vpc", vpc_id)) == [item for item in everything if item.vpc_id == vpc_id]


def test_a_replaced_resource_leaves_its_places():
    collection = collection_of(association(1, vpc_id="vpc-1"), association(1, vpc_id="vpc-2"))
    assert (len(collection), len(collection.values())) == (1, 1)
    assert not collection.where("vpc", "vpc-1")


def test_values_know_what_is_in_them():
    collection = collection_of(association(1), association(3))
    assert association(3) in collection.values()
    assert association(2) not in collection.values()
    assert "snva-3" not in collection.values()


def test_an_index_that_was_not_declared_is_an_error():
    with pytest.raises(KeyError):
        collection_of().where("network", "sn-1")


@given(st.sets(st.integers(1, 40)), st.integers(1, 10))
def test_pages_of_a_collection_are_pages_of_a_sorted_list(sequences, size):
    collection = collection_of(*(association(number) for number in sequences))

    def listed(items):
        request, found = {"maxResults": size}, []
        while True:
            key, render = (lambda item: item.sequence), (lambda item: {"id": item.id})
            answer = page("associations", items, request, key=key, render=render)
            found.append(answer["items"])
            if "nextToken" not in answer:
                return found
            request = {"maxResults": size, "nextToken": answer["nextToken"]}

    assert listed(collection.values()) == listed(list(collection.values()))


@given(st.lists(st.floats(0, 100)), st.floats(0, 100))
def test_an_agenda_gives_what_is_due_in_its_order_and_once(times, now):
    agenda = Agenda()
    for due in times:
        agenda.add(due, due)
    assert list(agenda.take_due(now)) == sorted(due for due in times if due <= now)
    assert list(agenda.take_due(now)) == []


FOLLOWED = st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from(["g1", "g2", "g3"]))))


@given(FOLLOWED)
def test_references_are_the_inverse_of_what_services_forward_to(steps):
    references, forwarded = References(), {}
    for service, groups in steps:
        before = set(references.services)
        changed = references.follow(service, set(groups))
        forwarded[service] = groups
        assert changed == before ^ set(references.services)
    users = {g: {s for s in forwarded if g in forwarded[s]} for g in ("g1", "g2", "g3")}
    assert references.services == {group: services for group, services in users.items() if services}


def test_tokens_of_what_is_gone_do_not_pile_up():
    existing: set[str] = set()
    asked = []
    tokens = ClientTokens(lambda arn: asked.append(arn) or arn in existing)
    for number in range(10_000):
        tokens.remember("CreateService", {"clientToken": f"t{number}"}, {"arn": f"arn:{number}", "id": str(number)})
    assert len(tokens._answers) <= 1000
    assert len(asked) <= 10_000
