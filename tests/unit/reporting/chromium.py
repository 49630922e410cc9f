"""The browser in which pages are looked at: Debian's chromium, without a window and without a network."""

import shutil
import subprocess
from pathlib import Path

import pytest

PATH = shutil.which("chromium")

needs_chromium = pytest.mark.skipif(PATH is None, reason="chromium is not installed (apt-get install chromium)")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def browse(page: Path, *flags: str) -> str:
    """Open a page in a fresh profile; what the browser writes."""
    assert PATH is not None
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [PATH, *_FLAGS, profile, *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def screenshot(page: Path, picture: Path, *, width: int, height: int) -> bytes:
    """What a person sees, as PNG."""
    browse(page, f"--window-size={width},{height}", f"--screenshot={picture}")
    return picture.read_bytes()
