"""One permission taken away in earnest: the walk-through fails, and the report says which one is missing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACTION = "vpc-lattice:CreateRule"

# A process of its own, because a process runs one stack at a time.
_WALK = """
import sys
from pathlib import Path
from observing import reports
from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough import CheckFailedError, Walkthrough, World

template, manifests, home = map(Path, sys.argv[1:])
stack = Stack(StackOptions(template=template, home=home, speed=20.0)).start()
world = World(stack.endpoint.url, speed=20.0)
walkthrough = Walkthrough(world, manifests)
try:
    walkthrough.onboard()
    try:
        walkthrough.route()
    except CheckFailedError as error:
        print("failed:", error)
    print(*reports(world, "EKS-CLUSTER-B"), sep="\\n")
finally:
    stack.stop()
"""


def test_without_one_action_the_walk_through_fails_with_its_name(tmp_path: Path) -> None:
    for folder in ("functions", "layers", "statemachines"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    lines = (ROOT / "template.yaml").read_text().splitlines(keepends=True)
    reduced = [line for line in lines if line.strip() != f"- {ACTION}"]
    assert len(reduced) == len(lines) - 1
    template = tmp_path / "template.yaml"
    template.write_text("".join(reduced))
    manifests, home = ROOT / "examples" / "walkthrough", tmp_path / "home"
    command = [sys.executable, "-c", _WALK, str(template), str(manifests), str(home)]
    run = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=200, check=False)
    assert "failed: reconcile-cluster" in run.stdout, run.stdout + run.stderr
    assert f"not authorized to perform: {ACTION}" in run.stdout
