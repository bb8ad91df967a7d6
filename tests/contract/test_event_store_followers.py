"""What every event store promises to those who follow it or wait for each other."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from tests.contract.stores import consent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.stores import Store


def test_following_yields_the_past_and_then_the_new(store: Store) -> None:
    first = store.save(consent())
    with store.follow(0) as batches:
        assert [event.position for event in next(batches)] == [first]
        second = store.save(consent())
        assert [event.position for event in next(batches)] == [second]


def test_following_from_a_position_skips_what_was_before(store: Store) -> None:
    store.save(consent())
    middle = store.save(consent())
    last = store.save(consent())
    with store.follow(middle) as batches:
        assert [event.position for event in next(batches)] == [last]


def test_a_follower_hears_of_a_new_event_at_once(store: Store) -> None:
    with store.follow(0) as batches:
        found: list[float] = []
        thread = Thread(target=lambda: found.append(_when_something_comes(batches)))
        thread.start()
        time.sleep(0.1)
        started = time.monotonic()
        store.save(consent())
        thread.join(5)
    assert found[0] - started < 0.5


def _when_something_comes(batches: Iterator[list[Any]]) -> float:
    while not next(batches):
        pass
    return time.monotonic()


def test_an_idle_follower_gets_an_empty_batch_about_once_a_second(store: Store) -> None:
    with store.follow(0) as batches:
        started = time.monotonic()
        assert next(batches) == []
        assert time.monotonic() - started < 1.5


def test_a_long_past_comes_in_batches_without_a_gap(store: Store) -> None:
    last = store.save(*(consent() for _ in range(450)))
    with store.follow(0) as batches:
        got = [next(batches) for _ in range(3)]
    assert [len(batch) for batch in got] == [200, 200, 50]
    assert got[-1][-1].position == last


def test_a_mutex_keeps_the_second_holder_out(store: Store) -> None:
    inside = Event()
    with store.mutex("projector"):
        thread = Thread(target=lambda: _enter(store, inside))
        thread.start()
        assert not inside.wait(0.2)
    assert inside.wait(5)
    thread.join(5)


def _enter(store: Store, inside: Event) -> None:
    with store.mutex("projector"):
        inside.set()


def test_mutexes_of_different_names_do_not_meet(store: Store) -> None:
    with store.mutex("one"), store.mutex("other"):
        assert store.position() == 0
