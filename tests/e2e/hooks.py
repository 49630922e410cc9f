"""A function of an operator's own that canaries ask as a hook; it exists only while a test needs it."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from trellis_local.walkthrough import World

NAME = "may-it-go-on"
HOOK = f"arn:aws:lambda:us-west-2:111122223333:function:{NAME}"

# It refuses the hook that the canary's reason names, and shows that it was told where the canary is.
_CODE = """
def handler(event, context):
    place = f"{event['route']['namespace']}/{event['route']['name']} at {event['percent']:g} %"
    return {"passed": event["reason"] != "refuse " + event["hook"], "reason": place}
"""


@contextmanager
def hook_function(world: World) -> Iterator[None]:
    """The function, with a role that may do nothing."""
    functions, iam = world.aws("lambda"), world.aws("iam")
    allowed = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", _CODE)
    functions.create_function(
        FunctionName=NAME, Runtime="python3.13", Handler="app.handler", Role=role, Code={"ZipFile": buffer.getvalue()}
    )
    yield
    functions.delete_function(FunctionName=NAME)
    iam.delete_role(RoleName=NAME)
