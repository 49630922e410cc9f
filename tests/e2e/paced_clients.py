"""Clients of one service that send so many requests in each second of the stack's clock, and keep every answer."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from itertools import count
from urllib.parse import urlsplit

from trellis_local.clock import Clock
from trellis_local.walkthrough import World

_THREADS = 5
_OK = 200


@dataclass(frozen=True)
class Answered:
    """One answer; `asked_at` and `at` are Unix times of the stack's clock in seconds."""

    asked_at: float
    at: float
    version: str
    status: int

    @property
    def failed(self) -> bool:
        """Whether the client did not get what it wanted."""
        return self.status != _OK


def clock_of(world: World) -> Clock:
    """The stack's clock, as this process has to read it."""
    shown = world.status()["clock"]
    real, virtual, speed = time.time(), datetime.fromisoformat(shown["time"]).timestamp(), shown["speed"]
    return Clock(start=real if speed == 1 else (virtual - real * speed) / (1 - speed), speed=speed)


class PacedClients:
    """The n-th request is sent n / `rate` seconds after the first, or as soon after that as an earlier one is done."""

    def __init__(self, world: World, vpc_id: str, url: str, *, rate: float) -> None:
        self.answers: list[Answered] = []
        self.clock = clock_of(world)
        self._place, self._url, self._rate = urlsplit(world.dataplane(vpc_id)), urlsplit(url), rate
        self._numbers = count()
        self._begun = self.clock.time()
        self._stopped = threading.Event()

    @contextmanager
    def sending(self) -> Iterator["PacedClients"]:
        """Send for as long as the context lasts."""
        self._begun = self.clock.time()
        threads = [threading.Thread(target=self._send) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def rate_between(self, since: float, until: float) -> float:
        """Requests per second of the stack's clock that were answered in this time."""
        return sum(since <= answer.at < until for answer in list(self.answers)) / (until - since)

    def _send(self) -> None:
        connection = HTTPConnection(str(self._place.hostname), int(self._place.port or 80), timeout=30)
        for number in self._numbers:
            due = self._begun + number / self._rate
            if self.clock.sleep(due - self.clock.time(), interrupt=self._stopped):
                break
            asked_at = self.clock.time()
            version, status = self._ask(connection)
            self.answers.append(Answered(asked_at, self.clock.time(), version, status))
        connection.close()

    def _ask(self, connection: HTTPConnection) -> tuple[str, int]:
        try:
            connection.request("GET", self._url.path, headers={"Host": self._url.netloc})
            answer = connection.getresponse()
            return str(json.loads(answer.read()).get("service", "")), answer.status
        except (OSError, HTTPException, ValueError):
            connection.close()
            return "", 0
