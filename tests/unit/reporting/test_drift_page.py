"""The page: complete, in order, marked, and safe whatever the names are."""

from html.parser import HTMLParser
from typing import Any

from drifted_fleet import Drifting, cluster, group, rule, service, three_clusters, with_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from trellis.reporting.escaping import safe, words
from trellis.reporting.page import page
from trellis.reporting.picture import SHOWN

_VOID = {"meta", "br"}


class Elements(HTMLParser):
    """All elements with their attributes, and whether each that was opened was closed in its turn."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, style: str) -> int:
        """How many elements have a class."""
        return sum(style in (attributes.get("class") or "").split() for _, attributes in self.found)


def fleet(**more: Any) -> Elements:
    """The page of three drifted clusters and a quiet one."""
    return Elements(page(three_clusters(), title="Drift of the fleet", **more))


def hostile(name: str) -> Elements:
    """The page of a cluster in which everything bears one name."""
    parts = service(name, [rule(name, name, (name, 90), ("b", 10))], [group(name, name), group("b", "10.0.0.1")])
    found = Drifting(cluster("blue", name), (parts,))
    found.change(name, with_weights(0, 7, 7))
    found.blame(f"apply_service/{name}", name, name, name)
    found.health = {f"k8s-{name}": {name: 2}}
    report = found.report()
    return Elements(page([{**report, "cluster": name, "run": name, "guard": name, "lane": name}], title=name))


def test_every_element_is_closed_and_nothing_is_loaded_or_run() -> None:
    found = fleet()
    assert found.open == []
    assert {"script", "link", "img", "iframe", "image", "use"}.isdisjoint(tag for tag, _ in found.found)
    assert not [name for _, attributes in found.found for name in attributes if name in ("src", "href", "style")]


def test_clusters_are_in_the_order_of_their_names_and_quiet_ones_last() -> None:
    text = fleet().text
    sections = text[text.index("red unhealthy") :]
    places = [sections.index(name) for name in ("catalogue-green", "payments-blue", "search-violet", "Without drift")]
    assert places == sorted(places)
    assert "quiet" in sections[places[-1] :]


def test_a_line_says_who_did_it_and_what_was_done() -> None:
    text = fleet().text
    for told in ("user/eve", "vpc-lattice:UpdateRule", "2026-11-02 09:14:58", "repaired", "after 11 s", "refused"):
        assert told in text


def test_drift_is_marked_in_the_picture_and_nothing_else_is() -> None:
    assert fleet().of("mark") == 6
    calm = Drifting(cluster("blue"), (service("store", [rule("all", "/", ("a", 1))], [group("a", "10.0.0.1")]),))
    assert Elements(page([calm.report()], title="x")).of("mark") == 0


def test_weights_are_there_with_what_was_found_instead() -> None:
    text = fleet().text
    assert ("90 → 7" in text, "10 → 7" in text) == (True, True)


def test_health_is_a_dot_for_each_target() -> None:
    found = fleet()
    assert (found.of("healthy"), found.of("unhealthy"), found.of("waiting")) == (6, 2, 1)


def test_drifted_services_of_a_large_cluster_come_first() -> None:
    many = tuple(
        service(f"s{n:02}", [rule("all", "/", ("a", 1), ("b", 1))], [group("a", "1.1.1.1")]) for n in range(30)
    )
    large = Drifting(cluster("large"), many)
    large.change("s29", with_weights(0, 3, 3))
    report = large.report()
    assert [shown["name"] for shown in report["picture"]["services"]][:2] == ["s29", "s00"]
    assert f"and {30 - SHOWN} more services without drift" in Elements(page([report], title="x")).text


def test_a_failed_run_says_why_among_the_clusters_without_drift() -> None:
    refused = [{"resource": "ReadCluster", "reason": "ClusterUnreadableError", "message": "connection <refused>"}]
    failed = {"cluster": "red", "status": "FAILED", "drifts": [], "refused": refused}
    assert "ClusterUnreadableError: connection <refused>" in Elements(page([failed], title="x")).text


def test_names_that_look_like_html_stay_text() -> None:
    name = """</title><script>alert(1)</script>"'><svg onload=alert(1)>$title"""
    found = hostile(name)
    assert "script" not in {tag for tag, _ in found.found}
    assert not [key for _, attributes in found.found for key in attributes if key.startswith("on")]
    assert name in found.text


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_no_name_changes_the_page_s_structure(name: str) -> None:
    found, plain = hostile(name), hostile("x" * len(name))
    assert found.open == []
    assert {tag for tag, _ in found.found} <= {tag for tag, _ in plain.found} | {"title"}
    assert not [key for _, attributes in found.found for key in attributes if key.startswith("on")]


@given(st.text(st.characters()))
def test_what_cannot_be_seen_is_shown_and_can_be_written(text: str) -> None:
    shown = safe(text)
    assert shown.encode().decode() == shown
    assert not {"\u202e", "\x00", "\x1b", "<", ">", '"'} & set(shown)


def test_values_read_like_words() -> None:
    assert words({"forward": {"a": 90, "b": 10}}) == "forward to a: 90, b: 10"
    assert (
        words({"method": None, "path": {"prefix": "/"}, "headers": [["x", "yes"]]})
        == "path: prefix: /, headers: x, yes"
    )
    assert [words(nothing) for nothing in (None, [], {})] == ["-", "-", "-"]
    assert words(0) == "0"
