"""The input of a canary shift, strict: unknown members are refused, and everything has a bound.

`parse_request` tells all problems at once. `CanaryRequest.document()` is the input with every default written out; it
parses to the same request.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from trellis.canary.presets import with_preset
from trellis.canary.problems import Problem, RefusedRequestError, place_of
from trellis.canary.request_analysis import Alarms, Analysis
from trellis.canary.request_base import ClusterName, Flag, Part, Percent, SchemaVersion, Text, TopicArn
from trellis.canary.request_checks import concerned, request_problems
from trellis.canary.request_parts import Backend, Gates, Hooks, Route, RuleSelector, Safety, Strategy, Verify


class CanaryRequest(Part):
    """What an operator asks for."""

    schema_version: SchemaVersion = "1"
    cluster: ClusterName
    route: Route
    rule_selector: RuleSelector = RuleSelector()
    baseline: Backend
    canary: Backend
    strategy: Strategy = Strategy()
    verify: Verify = Verify()
    analysis: Analysis = Analysis()
    alarms: Alarms = Alarms()
    gates: Gates = Gates()
    hooks: Hooks = Hooks()
    safety: Safety = Safety()
    dry_run: Flag = False
    resume_from_percent: Percent | None = None
    requested_by: Text = ""
    reason: Text = ""
    notify: tuple[TopicArn, ...] = Field(default=(), max_length=10)

    def document(self) -> dict[str, Any]:
        """The input with all defaults, as JSON."""
        return self.model_dump(mode="json", by_alias=True)


def parse_request(document: object, presets: Mapping[str, Mapping[str, Any]] | None = None) -> CanaryRequest:
    """The request of an input; raises RefusedRequestError with every problem. `presets` add to the built-in ones."""
    if not isinstance(document, Mapping):
        raise RefusedRequestError([Problem("E_SCHEMA", "", "the input must be an object")])
    merged, problems = with_preset(document, presets or {})
    try:
        request = CanaryRequest.model_validate(merged)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        problems += [Problem("E_SCHEMA", place_of(detail["loc"]), detail["msg"]) for detail in details]
        bad = {str(detail["loc"][0]) for detail in details}
        raise RefusedRequestError([*problems, *_further_problems(merged, bad)]) from None
    problems += request_problems(request)
    if problems:
        raise RefusedRequestError(problems)
    return request


def _further_problems(merged: Mapping[str, Any], bad: set[str]) -> list[Problem]:
    """Problems of the members that are well formed, which would else come to light only when the others are mended.

    What concerns a malformed member too is left out: nobody knows what will stand there.
    """
    rest = {name: value for name, value in merged.items() if name not in bad}
    request = CanaryRequest.model_validate({**_PLACEHOLDERS, **rest})
    return [problem for problem in request_problems(request) if not bad & concerned(problem)]


_PLACEHOLDERS: Mapping[str, Any] = {
    "cluster": "cluster",
    "route": {"namespace": "namespace", "name": "route"},
    "baseline": {"name": "baseline"},
    "canary": {"name": "canary"},
}
