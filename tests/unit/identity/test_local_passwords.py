"""Argon2id: what is in a hash, how many are computed at once, and that nobody costs as much as somebody."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.identity.local_passwords import Argon2Policy, LocalPasswords
from application.ports.passwords import Presented
from domain.errors import UnavailableError

CHEAP = Argon2Policy(passes=1, memory_kib=64, lanes=1)


def test_the_policy_is_no_weaker_than_the_second_recommended_option_of_rfc_9106() -> None:
    hashed = LocalPasswords().hash("seis caixas de gaze azul")

    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    salt, tag = hashed.split("$")[-2:]
    assert (len(salt), len(tag)) == (22, 43)


def test_two_hashes_of_one_password_differ() -> None:
    local = LocalPasswords(CHEAP)

    assert local.hash("one") != local.hash("one")


@pytest.mark.parametrize("hashed", ["", "memory$1$x", "$2b$12$abcdefghijklmnopqrstuv"])
def test_what_is_no_hash_of_argon2_is_nobodys_password(hashed: str) -> None:
    assert not LocalPasswords(CHEAP).verify(Presented("ana", "x", hashed))


@pytest.mark.parametrize("hashed", ["$argon2id$v=19$m=64,t=1,p=1$AAAA", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA"])
def test_a_damaged_hash_opens_nothing(hashed: str) -> None:
    with pytest.raises(UnavailableError):
        LocalPasswords(CHEAP).verify(Presented("ana", "x", hashed))


class Watched:
    """Stands in for argon2 itself: counts, and lets go when told."""

    def __init__(self) -> None:
        self.running = self.most = self.calls = 0
        self.lock = threading.Lock()
        self.go = threading.Event()

    def verify(self, *_: Any) -> bool:
        with self.lock:
            self.running += 1
            self.calls += 1
            self.most = max(self.most, self.running)
        self.go.wait(20)
        with self.lock:
            self.running -= 1
        return True


def test_fifty_at_once_are_computed_two_at_a_time() -> None:
    local, watched = LocalPasswords(Argon2Policy(1, 64, 1, at_once=2)), Watched()
    local.verify(Presented("ana", "x"))
    local._argon2 = watched  # type: ignore[assignment]

    with ThreadPoolExecutor(50) as pool:
        verdicts = [pool.submit(local.verify, Presented("ana", "x", "hash")) for _ in range(50)]
        deadline = time.monotonic() + 10
        while watched.running < 2:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        watched.go.set()
        assert all(verdict.result() for verdict in verdicts)

    assert (watched.most, watched.calls) == (2, 50)


def test_who_waits_too_long_is_told_that_the_service_is_busy() -> None:
    local, watched = LocalPasswords(Argon2Policy(1, 64, 1, at_once=1), wait_s=0.05), Watched()
    local.verify(Presented("ana", "x"))
    local._argon2 = watched  # type: ignore[assignment]

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(local.verify, Presented("ana", "x", "hash"))
        while not watched.running:
            time.sleep(0.001)
        with pytest.raises(UnavailableError):
            local.verify(Presented("bia", "x", "hash"))
        watched.go.set()
        assert first.result()
    assert local.verify(Presented("bia", "x", "hash"))


def test_nobody_takes_as_long_as_somebody_with_the_policy_in_force() -> None:
    """Medians of interleaved calls under the real policy."""
    local = LocalPasswords()
    local.verify(Presented("ana", "x"))
    cases: dict[str | None, list[float]] = {local.hash("seis caixas de gaze azul"): [], None: []}
    for _ in range(15):
        for hashed, times in cases.items():
            begun = time.perf_counter()
            assert not local.verify(Presented("ana", "wrong password", hashed))
            times.append(time.perf_counter() - begun)

    somebody, nobody = (statistics.median(times) for times in cases.values())
    assert 0.75 < nobody / somebody < 1.33
