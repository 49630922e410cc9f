"""The demonstration, as a newcomer runs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demonstration_holds_and_says_so() -> None:
    command = [sys.executable, "-c", "from trellis_cli.main import main; main()", "local", "demo"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=480, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "all checks held" in run.stdout
    for step in ("Onboard", "Route", "Name", "Traffic", "Canary", "Encrypt", "Authorise", "Drift", "Leave"):
        assert f"│ {step}" in run.stdout
