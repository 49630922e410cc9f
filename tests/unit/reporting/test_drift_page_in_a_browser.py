"""The page of three drifted clusters in a real browser. With TRELLIS_SCREENSHOT set, the picture is kept there."""

import os
import struct
import zlib
from pathlib import Path

import pytest
from chromium import browse, needs_chromium, screenshot
from drifted_fleet import three_clusters

from trellis.reporting.page import page

pytestmark = needs_chromium
WIDTH, HEIGHT = 1280, 3250


@pytest.fixture
def fleet_page(tmp_path: Path) -> Path:
    written = tmp_path / "page.html"
    written.write_text(page(three_clusters(), title="Drift of the fleet"), "utf-8")
    return written


def test_the_page_is_shown_whole(fleet_page: Path) -> None:
    picture = Path(os.environ.get("TRELLIS_SCREENSHOT") or fleet_page.with_suffix(".png"))
    image = screenshot(fleet_page, picture.absolute(), width=WIDTH, height=HEIGHT)
    assert struct.unpack(">II", image[16:24]) == (WIDTH, HEIGHT)
    assert len(_colours(image)) > 50, "an empty page has a colour or two"


def test_the_browser_has_all_texts(fleet_page: Path) -> None:
    found = browse(fleet_page, "--dump-dom")
    clusters = ("payments-blue", "catalogue-green", "search-violet", "quiet")
    for text in (*clusters, "eks-lattice-network", "90 → 7", "user/eve", "login.lattice-test.io", "9 days"):
        assert text in found


def test_the_browser_finds_nothing_to_repair(fleet_page: Path) -> None:
    """A browser mends what is not well-formed: what it has made of the page has the same elements."""
    written, found = fleet_page.read_text("utf-8"), browse(fleet_page, "--dump-dom")
    for element in ("<section>", "<tr>", "<td ", "<svg ", "<rect ", "<circle ", "<path ", "<text "):
        assert found.count(element) == written.count(element), element


def test_a_phone_does_not_scroll_the_page_sideways(fleet_page: Path) -> None:
    probe = '<div id="probe"></div><script>probe.textContent=`wide ${document.documentElement.scrollWidth}`</script>'
    text = fleet_page.read_text("utf-8")
    allowed = text.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';")
    fleet_page.write_text(allowed.replace("</body>", f"{probe}</body>"), "utf-8")
    assert '"probe">wide 500<' in browse(fleet_page, "--window-size=500,900", "--dump-dom")


def _colours(image: bytes) -> set[bytes]:
    """The colours of the pixels in one of eight lines, unfiltered where a line needs no other."""
    data, place = b"", 8
    while place < len(image):
        (length,), kind = struct.unpack(">I", image[place : place + 4]), image[place + 4 : place + 8]
        data += image[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    raw = zlib.decompress(data)
    stride = len(raw) // HEIGHT
    size = (stride - 1) // WIDTH
    lines = (raw[row * stride + 1 : (row + 1) * stride] for row in range(0, HEIGHT, 8))
    return {line[start : start + size] for line in lines for start in range(0, len(line), size)}
