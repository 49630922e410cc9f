"""Pacing: calls are made when the budget has room for them, and throttling slows everybody."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSResponse

from trellis.errors import ThrottledError
from trellis.fleet.budget import Budget
from trellis.resources.clients import Clients
from trellis.runs.pacing import Pacer, Rate

NOW = 1_790_000_000.0
THROTTLED = {"Error": {"Code": "ThrottlingException"}}


@dataclass
class World:
    """A clock that sleeping moves, and the budget of one API as all functions share it."""

    now: float = NOW
    taken: float = 0.0
    reserved: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def reserve(self, api: str, *, seconds: float, longest_wait: float) -> float:
        begins = max(self.now, self.taken)
        if begins - self.now > longest_wait:
            raise ThrottledError(api)
        self.taken = begins + seconds
        self.reserved.append(seconds)
        return begins

    def pacer(self, per_second: float = 10, first_wait: float = 5) -> Pacer:
        rate = Rate("vpc-lattice", per_second, first_wait)
        return Pacer(cast(Budget, self), rate, clock=self.clock, sleep=self.sleep)


def test_calls_keep_to_the_rate() -> None:
    world = World()
    pacer = world.pacer(per_second=10)
    for _ in range(101):
        pacer.before_call()
    assert world.now - NOW == pytest.approx(10)


def test_two_functions_together_keep_to_the_rate() -> None:
    world = World()
    pacers = [world.pacer(per_second=10), world.pacer(per_second=10)]
    for _ in range(100):
        for pacer in pacers:
            pacer.before_call()
    assert 200 / (world.now - NOW) == pytest.approx(10, rel=0.1)


def test_few_calls_reserve_little_and_many_reserve_seldom() -> None:
    few, many = World(), World()
    few.pacer(per_second=150).before_call()
    pacer = many.pacer(per_second=150)
    for _ in range(1000):
        pacer.before_call()
    assert sum(few.reserved) == pytest.approx(5 / 150)
    assert len(many.reserved) < 20


def test_calls_that_were_not_made_in_time_are_not_made_on_top_of_others() -> None:
    world = World()
    pacer = world.pacer(per_second=5)
    pacer.before_call()
    world.now += 60
    for _ in range(10):
        pacer.before_call()
    assert world.now - NOW - 60 >= 9 / 5 - 0.01


def test_who_begins_late_leaves_the_waiting_to_the_state_machine() -> None:
    world = World(taken=NOW + 6)
    with pytest.raises(ThrottledError):
        world.pacer(first_wait=5).before_call()
    assert world.now == NOW


def test_who_has_begun_stays_in_the_queue() -> None:
    world = World()
    pacer = world.pacer(per_second=5, first_wait=1)
    for _ in range(5):
        pacer.before_call()
    world.taken += 20
    pacer.before_call()
    assert world.now - NOW == pytest.approx(21, abs=0.1)


def test_a_throttled_call_slows_everybody_down_once_a_second() -> None:
    world = World()
    pacer, other = world.pacer(per_second=100), world.pacer(per_second=100)
    pacer.before_call()
    for _ in range(20):
        pacer.after_call(parsed_response=THROTTLED)
    other.before_call()
    assert 1 <= world.now - NOW < 1.2


def test_other_answers_slow_nobody_down() -> None:
    world = World()
    for answer in ({"Error": {"Code": "ConflictException"}}, {"items": []}, None):
        world.pacer().after_call(parsed_response=answer)
    assert world.reserved == []


class Answer:
    """Answers requests in the place of AWS: throttled first."""

    def __init__(self) -> None:
        self.statuses = [429, 429]

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        status = self.statuses.pop() if self.statuses else 200
        headers = {"x-amzn-ErrorType": "ThrottlingException"} if status == 429 else {}
        body = b'{"message": "slow down"}' if status == 429 else b'{"items": []}'
        return AWSResponse(request.url, status, headers, cast(Any, Raw(body)))


@dataclass
class Raw:
    """A body as urllib3 gives it."""

    body: bytes

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.body


def test_repeated_calls_of_a_client_are_paced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-west-2")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    world = World()
    pacer = world.pacer(per_second=100)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    lattice = Clients(pace=lambda api: pacer).lattice
    lattice.meta.events.register("before-send.vpc-lattice", Answer())
    assert lattice.list_services()["items"] == []
    assert world.now - NOW > 1, "throttled once at least"
