"""Policy documents as the APIs take them."""

import json
from collections.abc import Mapping
from typing import Any

from trellis_local.deploy.errors import DeployError


def policy_text(document: Mapping[str, Any]) -> str:
    """The document as JSON, with a Version; raise DeployError where adding one would change what it means.

    IAM reads a document without Version as 2008-10-17, which has no policy variables; moto takes 2012-10-17 only.
    """
    text = json.dumps({"Version": "2012-10-17", **document})
    if "Version" not in document and "${" in text:
        raise DeployError("PolicyDocument", "a document with policy variables needs Version 2012-10-17")
    return text
