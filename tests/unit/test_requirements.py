"""The layer's versions are those that everything here is tested with."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", file.read_text(), re.MULTILINE))


def test_the_layer_has_the_tested_versions() -> None:
    tested = pins(ROOT / "constraints.txt")
    layer = pins(ROOT / "layers" / "dependencies" / "requirements.txt")
    assert layer
    assert layer == {name: tested[name] for name in layer}


def test_the_layer_has_the_zones_that_blackouts_are_in() -> None:
    """AWS promises no zone database for the runtime; without the system's, zoneinfo takes that of this package."""
    assert "tzdata" in pins(ROOT / "layers" / "dependencies" / "requirements.txt")
