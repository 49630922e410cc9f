"""HTTPRouteMatch as matches of VPC Lattice rules: expressed exactly, or refused with the field named.

A match is never widened: what VPC Lattice has no word for refuses the match.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trellis.gateway_api import limits
from trellis.gateway_api.objects import HTTPHeaderMatch, HTTPPathMatch, HTTPRouteMatch
from trellis.model import HeaderMatch, PathMatch, RuleMatch


@dataclass(frozen=True)
class ExpressedMatch:
    """A match as one rule match, or as two for a path prefix; lower `precedence` goes first."""

    rule_matches: tuple[RuleMatch, ...]
    precedence: tuple[int, int, int, int]

    @property
    def is_prefix(self) -> bool:
        """Whether the route wrote a path prefix."""
        return self.precedence[0] == 1


def express(match: HTTPRouteMatch) -> ExpressedMatch | list[str]:
    """The match as VPC Lattice's, or the problems, each beginning with the field inside the match."""
    problems = list(_problems(match))
    if problems:
        return problems
    path = match.path or HTTPPathMatch()
    headers = tuple(sorted(HeaderMatch(header.name.lower(), header.value) for header in match.headers))
    value = _without_slash(path.value) if path.type == "PathPrefix" else path.value
    return ExpressedMatch(
        rule_matches=tuple(RuleMatch(found, match.method, headers) for found in _path_matches(path)),
        precedence=(int(path.type != "Exact"), -len(value), int(match.method is None), -len(headers)),
    )


def _path_matches(path: HTTPPathMatch) -> tuple[PathMatch, ...]:
    """The Gateway API's prefix is of path elements, VPC Lattice's of characters: `/foo` must not match `/foobar`."""
    if path.type == "Exact":
        return (PathMatch("exact", path.value),)
    value = _without_slash(path.value)
    if value == "/":
        return (PathMatch("prefix", "/"),)
    return (PathMatch("exact", value), PathMatch("prefix", f"{value}/"))


def _without_slash(value: str) -> str:
    return value.rstrip("/") or "/"


def _problems(match: HTTPRouteMatch) -> Iterator[str]:
    for name in match.unknown():
        yield f"{name}: not known to Trellis, which will not overlook a part of a match"
    if match.query_params:
        yield "queryParams: VPC Lattice cannot match query parameters"
    method = match.method
    if method is not None and not (limits.TOKEN.fullmatch(method) and len(method) <= limits.MAX_METHOD):
        yield f"method: VPC Lattice takes methods of 1 to {limits.MAX_METHOD} characters"
    yield from _path_problems(match.path or HTTPPathMatch())
    yield from _header_problems(match.headers)


def _path_problems(path: HTTPPathMatch) -> Iterator[str]:
    if path.type not in ("Exact", "PathPrefix"):
        yield f"path.type: VPC Lattice matches paths by Exact and PathPrefix only, not by {path.type[:40]}"
    elif not limits.PATH.fullmatch(path.value):
        yield "path.value: VPC Lattice takes paths that begin with `/`, of a-z A-Z 0-9 @ : % _ + . ~ # ? & / = -"
    elif "//" in path.value:
        yield "path.value: must not contain `//`"
    elif any(len(found.value) > limits.MAX_PATH for found in _path_matches(path)):
        yield f"path.value: VPC Lattice takes paths of at most {limits.MAX_PATH} characters"


def _header_problems(headers: tuple[HTTPHeaderMatch, ...]) -> Iterator[str]:
    if len(headers) > limits.HEADERS_PER_RULE:
        yield f"headers: VPC Lattice matches at most {limits.HEADERS_PER_RULE} headers, not {len(headers)}"
    seen = set()
    for index, header in enumerate(headers):
        yield from (f"headers[{index}].{problem}" for problem in _header_problem(header))
        if header.name.lower() in seen:
            yield f"headers[{index}].name: occurs twice"
        seen.add(header.name.lower())


def _header_problem(header: HTTPHeaderMatch) -> Iterator[str]:
    if header.type != "Exact":
        yield f"type: VPC Lattice matches headers by Exact only, not by {header.type[:40]}"
    if not (limits.TOKEN.fullmatch(header.name) and len(header.name) <= limits.MAX_HEADER_NAME):
        yield f"name: VPC Lattice takes header names of 1 to {limits.MAX_HEADER_NAME} characters"
    if not 1 <= len(header.value) <= limits.MAX_HEADER_VALUE:
        yield f"value: VPC Lattice takes header values of 1 to {limits.MAX_HEADER_VALUE} characters"
    elif not (header.value.isascii() and header.value.isprintable()):
        yield "value: must be printable ASCII"
