"""Deterministic client tokens.

boto3 fills in a new random token for each call, which protects its own retries only: a function that is run again would
create a second resource. A token made of the whole request makes the repeated call the same call.
"""

import json
from hashlib import sha256
from typing import Any


def client_token(*parts: Any) -> str:
    """A token of 64 characters, the same for the same parts."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
