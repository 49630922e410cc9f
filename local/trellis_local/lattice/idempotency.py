"""Client tokens: a repeated create with the same token and parameters gets the same answer and creates nothing.

A token is remembered as long as the resource that it created exists.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from .configuration import current
from .errors import ConflictException, LatticeError, ValidationException, invalid_field

Document = dict[str, Any]


_FEWEST_TO_SWEEP = 1000


class ClientTokens:
    """The tokens of one account and region, by operation; `exists` says whether there is a resource with an ARN."""

    def __init__(self, exists: Callable[[str], bool]) -> None:
        self._exists = exists
        self._answers: dict[tuple[str, str], tuple[Document, Document]] = {}
        self._sweep_at = _FEWEST_TO_SWEEP

    def earlier_answer(self, operation: str, request: Mapping[str, Any]) -> Document | None:
        """The answer that this token got before; raises the error of `_reused` when it came with other parameters."""
        token = request["clientToken"]
        earlier_request, answer = self._answers.get((operation, token), ({}, {}))
        if not answer or not self._exists(answer["arn"]):
            return None
        if earlier_request != request:
            raise _reused(token, resource_id=answer["id"])
        return copy.deepcopy(answer)

    def remember(self, operation: str, request: Mapping[str, Any], answer: Document) -> None:
        """Keep the answer of a create with a token."""
        if len(self._answers) >= self._sweep_at:
            self._sweep()
        self._answers[operation, request["clientToken"]] = copy.deepcopy((dict(request), answer))

    def _sweep(self) -> None:
        """Drop the tokens of resources that no longer exist; at each doubling, so that it costs a create little."""
        self._answers = {key: known for key, known in self._answers.items() if self._exists(known[1]["arn"])}
        self._sweep_at = max(_FEWEST_TO_SWEEP, 2 * len(self._answers))


def _reused(token: str, *, resource_id: str) -> LatticeError:
    message = f"The client token {token} was used before with other parameters."
    if current().choices.reused_client_token == ValidationException.code:
        return invalid_field("clientToken", message)
    return ConflictException(message, resource_id=resource_id, resource_type="CLIENT_TOKEN")
