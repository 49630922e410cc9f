"""What is kept of the past, and for how long."""

import threading

from trellis_local.lattice.history import History


def kept(history, time):
    return history.at("us-west-2", time).states()["1"]["services"]


def keep(history, services, *, now):
    history.keep("us-west-2", {"1": {"services": services, "guard": threading.Lock()}}, now=now)


def test_a_copy_does_not_follow_later_changes():
    history, services = History(), ["orders"]
    history.remember(10)
    keep(history, services, now=0)
    services.append("carts")
    keep(history, services, now=5)
    assert [kept(history, time) for time in (4.9, 5)] == [["orders"], ["orders", "carts"]]


def test_before_the_first_copy_the_first_is_what_is_known():
    history = History()
    history.remember(10)
    keep(history, ["orders"], now=0)
    assert kept(history, -3) == ["orders"]
    assert history.at("eu-west-1", 0) is None


def test_a_lock_comes_back_as_a_fresh_one():
    history, held = History(), threading.Lock()
    history.remember(10)
    with held:
        history.keep("us-west-2", {"1": {"guard": held}}, now=0)
    assert history.at("us-west-2", 0).states()["1"]["guard"].acquire(timeout=1)


def test_a_thousand_changes_at_once_are_few_copies_and_the_last_is_among_them():
    history = History()
    history.remember(10)
    for number in range(1000):
        keep(history, [number], now=number / 100)
    assert len(history._snapshots["us-west-2"]) <= 2 * 50 + 1
    seen = [kept(history, time)[0] for time in (2.5, 5.0, 9.99)]
    assert seen[2] == 999
    assert all(0 <= expected - number <= 20 for expected, number in zip((250, 500), seen, strict=False))


def test_nothing_is_kept_when_nobody_asks():
    history = History()
    keep(history, ["orders"], now=0)
    assert not history.begins_with("us-west-2")


def test_one_copy_at_a_time_is_in_the_form_in_which_it_is_read():
    history = History()
    history.remember(10)
    for now in (0, 5):
        keep(history, [], now=now)
    older, newer = (history.at("us-west-2", time) for time in (0, 5))
    history.keep_revived("us-west-2", older, "older")
    history.keep_revived("us-west-2", newer, "newer")
    assert (older.revived, newer.revived) == (None, "newer")
