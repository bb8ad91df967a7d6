"""Asking a transmitter: whatever happens to it or to us, each event is done, and done in order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.memory.reception import MemorySignalFeed
from application import accounts
from application.signal_polling import MAX_WAIT_S, SignalPoller
from domain.errors import UnavailableError
from tests.house import build_house
from tests.transmitter import RISC, SSF, iss_sub
from tests.unit.application.hospital import Hospital

if TYPE_CHECKING:
    from collections.abc import Callable


DISABLED, ENABLED = f"{RISC}account-disabled", f"{RISC}account-enabled"


class Post:
    """A hospital whose transmitter wants to be asked."""

    def __init__(self) -> None:
        self.hospital = Hospital(build_house())
        self.feed = MemorySignalFeed()
        self.now = 0.0
        self.faults: list[Exception] = []
        self.poller = self.new_poller()

    def new_poller(self) -> SignalPoller:
        return SignalPoller(
            self.feed, self.hospital.reception, every_s=5.0, timer=lambda: self.now, on_fault=self.faults.append
        )

    def put(self, event: str, name: str, jti: str) -> None:
        self.feed.waiting[jti] = self.hospital.token(event, iss_sub(name), jti=jti)

    def poll(self) -> int:
        """A poll when it is due."""
        self.now += 2 * MAX_WAIT_S
        return self.poller.poll(self.hospital.house.services, self.hospital.house.act(channel="worker"))


@pytest.fixture
def post() -> Post:
    post = Post()
    for name in ("ana", "bia"):
        post.hospital.house.enroll(name)
    return post


def test_everything_that_waits_is_done_and_acknowledged(post: Post) -> None:
    for number in range(35):
        post.put(f"{SSF}verification", "ana", f"v{number}")
    post.put(DISABLED, "ana", "d")

    assert post.poll() == 36
    assert not post.feed.waiting
    assert not post.hospital.house.sign_in("ana").success
    assert post.poll() == 0


def test_a_refused_token_is_told_and_does_not_hold_up_the_others(post: Post) -> None:
    post.feed.waiting["bad"] = b"garbage"
    post.put(DISABLED, "ana", "d")

    post.poll()

    assert post.feed.refused == {"bad": "invalid_request"}
    assert not post.feed.waiting
    assert not post.hospital.house.sign_in("ana").success


def test_a_transmitter_that_is_down_for_an_hour_loses_nothing_and_is_asked_less_and_less(post: Post) -> None:
    post.put(DISABLED, "ana", "d")
    post.feed.down = True
    act = post.hospital.house.act()
    for _ in range(3600):
        post.now += 1.0
        post.poller.poll(post.hospital.house.services, act)

    assert 59 <= post.feed.polls <= 70
    assert post.hospital.house.sign_in("ana").success
    post.feed.down = False
    assert post.poll() == 1
    assert not post.hospital.house.sign_in("ana").success


def test_after_a_failure_there_is_a_pause_and_after_a_success_there_is_none(post: Post) -> None:
    act = post.hospital.house.act()
    for _ in range(2):
        post.poller.poll(post.hospital.house.services, act)
    assert post.feed.polls == 2

    post.feed.down = True
    for _ in range(5):
        post.poller.poll(post.hospital.house.services, act)
    assert post.feed.polls == 3


def test_what_cannot_be_done_now_is_not_acknowledged_and_comes_again(post: Post) -> None:
    post.put(DISABLED, "ana", "d")
    post.hospital.verifier.lost = True
    post.poll()
    assert post.feed.waiting
    assert isinstance(post.faults[0], UnavailableError)

    post.hospital.verifier.lost = False
    post.poll()
    assert not post.feed.waiting


def test_later_events_about_a_person_wait_for_the_earlier_and_other_people_do_not(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for jti, event, name in (("1", DISABLED, "ana"), ("2", ENABLED, "ana"), ("3", DISABLED, "bia")):
        post.put(event, name, jti)
    suspend, failures = accounts.suspend, iter([True])

    def failing(*args: object, **kwargs: object) -> bool:
        if next(failures, False):
            raise UnavailableError("the database is away")
        return suspend(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(accounts, "suspend", failing)

    post.poll()
    assert not post.hospital.house.sign_in("bia").success
    post.poll()
    names = [name for name in post.hospital.house.names() if name.startswith("account.") and "opened" not in name]
    assert names == ["account.suspended.v1", "account.suspended.v1", "account.reinstated.v1"]
    assert post.hospital.house.sign_in("ana").success


def test_events_of_one_answer_are_done_in_the_order_in_which_they_were_issued(post: Post) -> None:
    post.put(DISABLED, "ana", "first")
    post.hospital.house.clock.advance(timedelta(minutes=1))
    post.put(ENABLED, "ana", "second")
    post.feed.waiting = dict(reversed(post.feed.waiting.items()))

    post.poll()

    assert post.hospital.house.sign_in("ana").success


def test_a_restart_before_the_acknowledgement_does_nothing_twice(post: Post) -> None:
    post.put(DISABLED, "ana", "d")
    poll: Callable[..., object] = post.feed.poll

    class Cut(Exception):  # noqa: N818
        pass

    def once(**told: object) -> object:
        if told["acknowledged"]:
            raise Cut
        return poll(**told)

    post.feed.poll = once  # type: ignore[method-assign, assignment]
    with pytest.raises(Cut):
        post.poll()
    post.feed.poll = poll  # type: ignore[method-assign, assignment]
    post.poller = post.new_poller()
    post.poll()

    assert not post.feed.waiting
    assert post.hospital.house.names().count("account.suspended.v1") == 1
