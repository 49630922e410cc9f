"""What a call needs to be allowed: its own action on its resources, and the actions that depend on it.

Pure tables and templates; an operation that no table knows is checked against the resource `*`.
"""

from collections.abc import Sequence
from dataclasses import replace

from trellis_local.iam.action_names import NO_PERMISSION_NEEDED, action_name
from trellis_local.iam.context import request_context
from trellis_local.iam.dependents import Facts, dependent_requirements
from trellis_local.iam.leading_keys import leading_keys
from trellis_local.iam.request import ApiRequest, Requirement, arns
from trellis_local.iam.resources import BY_ACTION, BY_PARAMETERS
from trellis_local.iam.special_cases import SPECIAL_CASES


def requirements(request: ApiRequest, facts: Facts) -> list[Requirement]:
    """All that the caller must be allowed, its own action first; empty when the call needs no permission."""
    if (request.service, request.operation) in NO_PERMISSION_NEEDED:
        return []
    keys = leading_keys(request, facts.partition_key)
    own = [replace(found, context={**found.context, **keys}) for found in own_requirements(request)]
    return [*own, *dependent_requirements(request, facts, own)]


def own_requirements(request: ApiRequest) -> list[Requirement]:
    """The action (or actions) that the call itself is authorized as."""
    special = SPECIAL_CASES.get((request.service, request.operation))
    if special is not None:
        return special(request)
    action = action_name(request.service, request.operation)
    return [Requirement(action, _resources(request), request_context(request))]


def _resources(request: ApiRequest) -> tuple[str, ...]:
    templates = BY_ACTION.get(request.service, {}).get(request.operation)
    if templates is not None:
        return _all(request, templates)
    for template in BY_PARAMETERS.get(request.service, ()):
        found = arns(request, template)
        if found:
            return found
    return ("*",)


def _all(request: ApiRequest, templates: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arn for template in templates for arn in arns(request, template))) or ("*",)
