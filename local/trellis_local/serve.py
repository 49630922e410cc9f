"""Serves a stack in the foreground until it is interrupted; a state file tells other commands where it is."""

import json
import os
import signal
import threading
from pathlib import Path

from trellis_local.stack import Stack, StackOptions
from trellis_local.walkthrough import PARAMETERS

_LOOK_EVERY_SECONDS = 0.2


def serve(*, template: Path, home: Path, port: int, speed: float) -> None:
    """Start the stack, print how to use it, wait for SIGINT or SIGTERM, and stop it."""
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    state = home / "stack.json"
    options = StackOptions(template=template, home=home, port=port, speed=speed, parameters=PARAMETERS)
    stack = Stack(options).start()
    try:
        state.write_text(json.dumps({"url": stack.endpoint.url, "pid": os.getpid()}))
        print(_INSTRUCTIONS.format(url=stack.endpoint.url, kubeconfig=stack.kubeconfig), flush=True)
        # The system may give a signal to any thread, but only a main thread that is awake runs Python's handler.
        while not interrupted.wait(_LOOK_EVERY_SECONDS):
            pass
    finally:
        print("stopping ...", flush=True)
        stack.stop()
        state.unlink(missing_ok=True)


_INSTRUCTIONS = """\
Trellis is deployed on a local AWS at {url}

  export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-west-2 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  curl {url}/_local/status
  kubectl --kubeconfig {kubeconfig} config get-contexts

Stop it with Ctrl-C, or with: trellis local down"""
