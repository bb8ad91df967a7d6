"""What every verifier and every feed of security events have to go by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.identity.exchange import HttpExchange
from adapters.identity.set_poller import HttpSignalFeed
from adapters.memory.clock import FixedClock
from adapters.memory.reception import MemorySignalFeed, MemorySignalVerifier
from domain.errors import SignalRefusedError, UnavailableError
from tests.transmitter import ISSUER, SSF, Transmitter, iss_sub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from application.ports.signal_feed import SignalFeed
    from application.ports.signal_verifier import SignalVerifier

VERIFICATION = f"{SSF}verification"
CLOCK = FixedClock()


@dataclass
class Trial:
    """A verifier, one that knows a credential, and what makes tokens that it believes (subject, payload)."""

    verifier: SignalVerifier
    guarded: SignalVerifier
    make: Callable[[Any, Any], bytes]


@pytest.fixture(params=["memory", "jwt"])
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Trial:
    if request.param == "memory":
        memory = MemorySignalVerifier(ISSUER)

        def make(subject: Any, payload: Any) -> bytes:
            return memory.make("jti-1", subject, {VERIFICATION: payload}, at=CLOCK.now())

        return Trial(memory, MemorySignalVerifier(ISSUER, "s3cret"), make)
    sender = Transmitter(CLOCK)
    (tmp_path / "token").write_text("s3cret")

    def sign(subject: Any, payload: Any) -> bytes:
        return sender.token(VERIFICATION, subject, payload=payload)

    return Trial(sender.verifier(), sender.verifier(tmp_path / "token"), sign)


def test_a_token_says_what_its_maker_said(trial: Trial) -> None:
    signal = trial.verifier.verify(trial.make(iss_sub("ana"), {"state": "x"}))

    assert (signal.issuer, signal.jti, signal.issued_at) == (ISSUER, "jti-1", CLOCK.now())
    assert (signal.subject, signal.events) == (iss_sub("ana"), {VERIFICATION: {"state": "x"}})


def test_no_name_is_in_what_a_signal_prints(trial: Trial) -> None:
    assert "EMP-ana" not in repr(trial.verifier.verify(trial.make(iss_sub("ana"), {"state": "EMP-ana"})))


@pytest.mark.parametrize("token", [b"", b"garbage", b"a.b.c", b"\xff" * 100])
def test_what_nobody_made_is_refused(trial: Trial, token: bytes) -> None:
    with pytest.raises(SignalRefusedError):
        trial.verifier.verify(token)


def test_a_credential_is_asked_for_where_one_is_agreed(trial: Trial) -> None:
    assert trial.verifier.admits("anything")
    assert trial.guarded.admits("s3cret")
    assert not trial.guarded.admits("")
    assert not trial.guarded.admits("s3cret ")


@dataclass
class Provider:
    """The far end of RFC 8936, as an answer to HTTP requests."""

    size: int = 3
    waiting: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    down: bool = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(500)
        asked = json.loads(request.content)
        self.refused |= {jti: told["err"] for jti, told in asked.get("setErrs", {}).items()}
        for jti in (*asked.get("ack", ()), *asked.get("setErrs", ())):
            self.waiting.pop(jti, None)
        sets = {jti: token.decode() for jti, token in list(self.waiting.items())[: self.size]}
        return httpx.Response(200, json={"sets": sets, "moreAvailable": len(self.waiting) > self.size})


@dataclass
class Post:
    feed: SignalFeed
    provider: Any


@pytest.fixture(params=["memory", "http"])
def post(request: pytest.FixtureRequest) -> Iterator[Post]:
    if request.param == "memory":
        memory = MemorySignalFeed(size=3)
        yield Post(memory, memory)
        return
    provider = Provider()
    with HttpExchange(transport=httpx.MockTransport(provider.answer)) as exchange:
        yield Post(HttpSignalFeed("http://127.0.0.1/poll", exchange), provider)


def test_a_feed_hands_out_in_batches_and_again_until_it_is_told(post: Post) -> None:
    post.provider.waiting = {f"j{number}": b"token" for number in range(4)}

    for _ in range(2):
        batch = post.feed.poll(acknowledged=[], refused={})
        assert (list(batch.tokens), batch.more) == (["j0", "j1", "j2"], True)
    batch = post.feed.poll(acknowledged=["j0", "j1"], refused={"j2": "invalid_key"})

    assert (dict(batch.tokens), batch.more) == ({"j3": b"token"}, False)
    assert post.provider.refused == {"j2": "invalid_key"}


def test_a_feed_that_is_down_is_unavailable_and_was_told_nothing(post: Post) -> None:
    post.provider.waiting, post.provider.down = {"j0": b"token"}, True
    with pytest.raises(UnavailableError):
        post.feed.poll(acknowledged=["j0"], refused={})

    post.provider.down = False
    assert post.feed.poll(acknowledged=[], refused={}).tokens
