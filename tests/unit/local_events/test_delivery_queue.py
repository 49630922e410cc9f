"""The worker threads by themselves."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from trellis_local import clock
from trellis_local.events.delivery import DeliveryQueue, RetryPolicy
from trellis_local.events.failures import DeliveryError


@dataclass
class Attempted:
    """A delivery that fails as it is told and remembers how it ended."""

    failures: list[Exception]
    accepted_at: float = field(default_factory=lambda: clock.current().time())
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts=3))
    attempts: list[int] = field(default_factory=list)
    ended: str | None = None

    def attempt(self, number: int) -> None:
        self.attempts.append(number)
        if self.failures:
            raise self.failures.pop(0)

    def give_up(self, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        self.ended = f"{error.code} {retries} {exhausted}"
        if error.code == "INTERNAL_ERROR":
            raise OSError("the dead-letter queue is broken too")


@pytest.fixture
def queue() -> Iterator[DeliveryQueue]:
    before = clock.current()
    clock.use(clock.Clock(start=before.time(), speed=1000.0))
    queue = DeliveryQueue(workers=1)
    yield queue
    queue.stop()
    clock.use(before)


def throttled() -> DeliveryError:
    return DeliveryError("THROTTLING", "slow down", retryable=True)


def test_a_retryable_failure_is_tried_again_after_a_longer_wait_each_time(queue: DeliveryQueue) -> None:
    delivery = Attempted([throttled(), throttled()])
    queue.put(delivery)
    assert queue.wait_idle(5)
    assert (delivery.attempts, delivery.ended) == ([1, 2, 3], None)
    assert clock.current().time() - delivery.accepted_at >= 1 + 2


def test_a_final_failure_is_given_up_at_once(queue: DeliveryQueue) -> None:
    delivery = Attempted([DeliveryError("NO_PERMISSIONS", "no")])
    queue.put(delivery)
    assert queue.wait_idle(5)
    assert (delivery.attempts, delivery.ended) == ([1], "NO_PERMISSIONS 0 None")


def test_a_fault_while_giving_up_is_logged_and_the_worker_goes_on(
    queue: DeliveryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    following = Attempted([])
    with caplog.at_level(logging.ERROR):
        queue.put(Attempted([KeyError("bug")]))
        queue.put(following)
        assert queue.wait_idle(5)
    assert following.attempts == [1]
    assert "broken too" in caplog.text


def test_stop_ends_the_threads_while_a_retry_is_waiting() -> None:
    queue = DeliveryQueue(workers=2)
    queue.put(Attempted([throttled()]))
    queue.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("event-delivery")]
