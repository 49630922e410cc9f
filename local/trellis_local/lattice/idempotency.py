"""Client tokens: a repeated create with the same token and parameters gets the same answer and creates nothing.

A token is remembered as long as the resource that it created exists.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from .configuration import current
from .errors import ConflictException, LatticeError, ValidationException, invalid_field

Document = dict[str, Any]


class ClientTokens:
    """The tokens of one account and region, by operation."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[Document, Document]] = {}

    def earlier_answer(self, operation: str, request: Mapping[str, Any]) -> Document | None:
        """The answer that this token got before; raises the error of `_reused` when it came with other parameters."""
        token = request["clientToken"]
        known = self._answers.get((operation, token))
        if known is None:
            return None
        earlier_request, answer = known
        if earlier_request != request:
            raise _reused(token, resource_id=answer["id"])
        return copy.deepcopy(answer)

    def remember(self, operation: str, request: Mapping[str, Any], answer: Document) -> None:
        """Keep the answer of a create with a token."""
        self._answers[operation, request["clientToken"]] = copy.deepcopy((dict(request), answer))

    def forget_all_but(self, existing_ids: Iterable[str]) -> None:
        """Drop the tokens of resources that no longer exist."""
        kept = set(existing_ids)
        self._answers = {key: known for key, known in self._answers.items() if known[1]["id"] in kept}


def _reused(token: str, *, resource_id: str) -> LatticeError:
    message = f"The client token {token} was used before with other parameters."
    if current().choices.reused_client_token == ValidationException.code:
        return invalid_field("clientToken", message)
    return ConflictException(message, resource_id=resource_id, resource_type="CLIENT_TOKEN")
