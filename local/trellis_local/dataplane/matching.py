"""Which listener rule a request matches.

VPC Lattice matches method, path and headers and nothing else; a match that asks for more raises UnknownMatchError
instead of being ignored: a rule that silently matches everything would send traffic where nobody wants it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trellis_local.dataplane.messages import Request, values
from trellis_local.lattice.view import ListenerView


class UnknownMatchError(ValueError):
    """A rule has a match that VPC Lattice does not have."""


def select_action(listener: ListenerView, request: Request) -> Mapping[str, Any]:
    """The action of the first matching rule, lowest priority number first, else the listener's default action."""
    for rule in sorted(listener.rules, key=lambda rule: rule.priority):
        if matches(rule.match, request):
            return rule.action
    return listener.default_action


def matches(match: Mapping[str, Any], request: Request) -> bool:
    """True when all conditions of a RuleMatch hold for the request."""
    _only(match, {"httpMatch"})
    http = match["httpMatch"]
    _only(http, {"method", "pathMatch", "headerMatches"})
    if http.get("method", "") not in ("", request.method):  # Terraform sends an empty method for "any"
        return False
    if "pathMatch" in http and not _path_matches(http["pathMatch"], request.path):
        return False
    return all(_header_matches(condition, request) for condition in http.get("headerMatches", ()))


def path_has_prefix(path: str, prefix: str) -> bool:
    """Whether a path prefix matches. AWS documents no path elements for it, so `/pop` matches `/popular`."""
    return path.startswith(prefix)


def _path_matches(condition: Mapping[str, Any], path: str) -> bool:
    # The API reference says that caseSensitive defaults to true here; for headers it defaults to false.
    _only(condition, {"match", "caseSensitive"})
    kind, wanted = _single(condition["match"], {"exact", "prefix"})
    if not condition.get("caseSensitive", True):
        path, wanted = path.lower(), wanted.lower()
    return path == wanted if kind == "exact" else path_has_prefix(path, wanted)


def _header_matches(condition: Mapping[str, Any], request: Request) -> bool:
    _only(condition, {"name", "match", "caseSensitive"})
    kind, wanted = _single(condition["match"], {"exact", "prefix", "contains"})
    present: Sequence[str] = values(request.headers, condition["name"])
    if not condition.get("caseSensitive", False):
        present, wanted = [value.lower() for value in present], wanted.lower()
    if kind == "exact":
        return wanted in present
    return any(value.startswith(wanted) if kind == "prefix" else wanted in value for value in present)


def _single(union: Mapping[str, Any], known: set[str]) -> tuple[str, str]:
    _only(union, known)
    if len(union) != 1:
        raise UnknownMatchError(f"expected exactly one of {sorted(known)}, found {sorted(union)}")
    return next(iter(union.items()))


def _only(document: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(document) - known
    if unknown:
        raise UnknownMatchError(f"VPC Lattice matches nothing by {sorted(unknown)}")
