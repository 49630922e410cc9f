"""docs/iam.md: what each role may do and why, written from the templates. `python -m trellis_local.iam.rights_page`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from trellis_local.iam.template_rights import Right, Role, roles_of

TEMPLATES = ("template.yaml", "template-us-east-1.yaml")

_INTRODUCTION = """\
# What Trellis may do

Written by `make iam` from the templates, where each reason stands beside its statement. One role for each function and
state machine, all under the path `/trellis/`. Every action is used by an end-to-end test or named with a reason in
`tests/e2e/test_permissions.py`; no policy has a wildcard in an action.

AWS SAM adds what does not stand in the templates: each function's role may write its own logs
(`AWSLambdaBasicExecutionRole`), those of the functions that speak to clusters may attach network interfaces
(`AWSLambdaVPCAccessExecutionRole`), functions with `OnFailure` may send to that queue, and the schedule may start its
state machine.

Rights to change something are limited to what Trellis owns (`tests/unit/test_reach_of_roles.py`), except where IAM
cannot tell:

- `vpc-lattice:TagResource`, `eks:TagResource`: no key of these services tells a tag set at creation from one set later,
  so that the functions that create could mark somebody else's resource of the same kind as Trellis' own.
- Listeners, rules and associations below services: somebody may add them to a service of Trellis without any tag.
- Route 53: hosted zones have no tags in policies. Only CNAME and TXT records are created and deleted, in any zone.
- `sns:Publish`, in canaries: the topics are named by whoever starts one.
- `states:SendTaskSuccess` and `states:SendTaskFailure`: a task token is no resource.
- The functions' own table and bucket are shared; keys are limited where one function keeps a kind of item to itself.
"""


def page(root: Path) -> str:
    """The page for the templates in a directory, as Markdown."""
    roles = [role for template in TEMPLATES for role in roles_of(root / template)]
    return "\n".join([_INTRODUCTION, *(_section(role) for role in roles)])


def _section(role: Role) -> str:
    lines = [f"## {role.name}", "", f"{role.description}." if role.description else f"{role.kind}.", ""]
    return "\n".join([*lines, *_table(role.rights), ""])


def _table(rights: Iterable[Right]) -> Iterator[str]:
    """Neighbours that differ in the action only share a row."""
    yield "| actions | on | only if | why |"
    yield "|---|---|---|---|"
    for (resources, condition, why), same in groupby(rights, key=_rest):
        actions = "<br>".join(f"`{right.action}`" for right in same)
        yield f"| {actions} | {resources} | {condition} | {why} |"


def _rest(right: Right) -> tuple[str, str, str]:
    resources = "<br>".join(f"`{resource}`" for resource in right.resources)
    wildcard = f" *Wildcard: {right.wildcard_reason}*" if right.has_wildcard else ""
    condition = f"`{right.condition}`" if right.condition else ""
    return resources, condition, f"{right.reason}{wildcard}"


if __name__ == "__main__":
    Path("docs/iam.md").write_text(page(Path()), "utf-8")
    sys.stdout.write("docs/iam.md\n")
