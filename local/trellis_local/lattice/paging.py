"""Pages of lists, behind opaque tokens that stay right when resources come and go between two pages.

A token holds the sort key of the last item that was handed out, and the list that it belongs to.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from .collection import InOrder
from .errors import invalid_field

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 100


def page(
    list_name: str,
    items: Iterable[T],
    request: Mapping[str, Any],
    *,
    key: Callable[[T], int],
    render: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """The page that the request asks for; raises ValidationException for a token of another list.

    Items `InOrder` have their `sequence` as key, and are not sorted again for each page.
    """
    scope = {"list": list_name, **{n: value for n, value in request.items() if n not in ("maxResults", "nextToken")}}
    start = _read_token(request["nextToken"], scope=scope) if "nextToken" in request else None
    size = request.get("maxResults", DEFAULT_PAGE_SIZE)
    if isinstance(items, InOrder):
        rest = items.after(-1 if start is None else start, at_most=size + 1)
    else:
        rest = [item for item in sorted(items, key=key) if start is None or key(item) > start]
    answer: dict[str, Any] = {"items": [render(item) for item in rest[:size]]}
    if len(rest) > size:
        answer["nextToken"] = _write_token(key(rest[size - 1]), scope=scope)
    return answer


def _write_token(last_key: int, *, scope: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([last_key, scope], sort_keys=True).encode()).decode()


def _read_token(token: str, *, scope: Mapping[str, Any]) -> int:
    try:
        last_key, token_scope = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid_field("nextToken", "is not a token of this list") from error
    if not isinstance(last_key, int) or token_scope != scope:
        raise invalid_field("nextToken", "is not a token of this list")
    return last_key
