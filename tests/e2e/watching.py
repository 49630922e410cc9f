"""A client that asks 200 times a second from several VPCs, and what it was answered."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import groupby
from urllib.parse import urlsplit

from trellis_local.walkthrough import World

_PERIOD_SECONDS = 1 / 200


class Watch:
    """The statuses of answers by place, in their order; 0 stands for no answer."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}

    def courses(self) -> dict[str, list[int]]:
        """The statuses by place without repetitions: [200, 403] is one change."""
        return {place: [status for status, _ in groupby(found)] for place, found in self.answers.items()}


@contextmanager
def watched(world: World, vpcs: Mapping[str, str], hostname: str, path: str) -> Iterator[Watch]:
    """Ask from each of the VPCs until the block ends, and a little longer."""
    watch, over = Watch(), threading.Event()
    threads = []
    for place, vpc_id in vpcs.items():
        found = watch.answers[place] = []
        url = urlsplit(world.dataplane(vpc_id))
        arguments = (str(url.hostname), int(url.port or 80), hostname, path, found, over)
        threads.append(threading.Thread(target=_ask, args=arguments))
    for thread in threads:
        thread.start()
    try:
        world.wait("the first answers", lambda: all(len(found) > 20 for found in watch.answers.values()))
        yield watch
        before = {place: len(found) for place, found in watch.answers.items()}
        world.wait("the last answers", lambda: all(len(watch.answers[place]) > before[place] + 20 for place in before))
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ask(host: str, port: int, hostname: str, path: str, found: list[int], over: threading.Event) -> None:
    connection = HTTPConnection(host, port, timeout=30)
    while not over.is_set():
        started = time.monotonic()
        try:
            connection.request("GET", path, headers={"Host": hostname})
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
        except (OSError, HTTPException):
            found.append(0)
            connection.close()
        time.sleep(max(0.0, _PERIOD_SECONDS - (time.monotonic() - started)))
    connection.close()
