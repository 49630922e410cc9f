"""Rule actions for the tests."""

from typing import Any

NOT_FOUND = {"fixedResponse": {"statusCode": 404}}


def forward(*group_ids: str) -> dict[str, Any]:
    """Forward to these target groups with equal weights."""
    return {"forward": {"targetGroups": [{"targetGroupIdentifier": g, "weight": 1} for g in group_ids]}}
