"""Ask the transmitter for its events, again and again, and tell it what became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from application.ports.signal_feed import Batch, SignalFeed
from application.ports.signal_verifier import Reception, Signal
from application.reception import handle, verified
from application.services import Services
from application.signal_subjects import about
from domain.act import Act
from domain.errors import FaceauthError, SignalRefusedError, UnavailableError

MAX_BATCHES: Final = 20
"""Batches of one round: the next round goes on."""

MAX_WAIT_S: Final = 60.0
"""The longest pause between two tries while the transmitter cannot be reached."""


class SignalPoller:
    """Polls one transmitter (RFC 8936). Nothing kept here would be missed: what is not acknowledged comes again.

    One thread calls ``poll`` every so often; while the transmitter cannot be reached most of the calls do nothing.
    """

    def __init__(
        self,
        feed: SignalFeed,
        reception: Reception,
        *,
        every_s: float,
        timer: Callable[[], float],
        on_fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """``on_fault`` hears of what has to be tried again.

        ``every_s`` is how often ``poll`` is called, in seconds of ``timer``; the first pause after a failure is twice
        that.
        """
        self._feed = feed
        self._reception = reception
        self._every_s = every_s
        self._timer = timer
        self._on_fault = on_fault
        self._wait_s = every_s
        self._due = -float("inf")
        self._acknowledged: list[str] = []
        self._refused: dict[str, str] = {}

    def poll(self, services: Services, act: Act) -> int:
        """Do a round, unless it is too early; return how many tokens were dealt with. What can be waited out is."""
        if self._timer() < self._due:
            return 0
        try:
            dealt_with = self._round(services, act.channel)
        except UnavailableError as error:
            self._on_fault(error)
            self._wait_s = min(MAX_WAIT_S, max(self._wait_s, 1.0) * 2)
            self._due = self._timer() + self._wait_s
            return 0
        self._wait_s = self._every_s
        return dealt_with

    def _round(self, services: Services, channel: str) -> int:
        dealt_with = 0
        held: set[str] = set()
        for _ in range(MAX_BATCHES):
            batch = self._feed.poll(acknowledged=self._acknowledged, refused=self._refused)
            self._acknowledged, self._refused = [], {}
            for jti, signal in self._believed(services, batch, channel):
                self._take(services, jti, signal, held, channel)
            done = len(self._acknowledged) + len(self._refused)
            dealt_with += done
            if not done:  # nothing came, or nothing could be done: the same would only come again
                break
        return dealt_with

    def _believed(self, services: Services, batch: Batch, channel: str) -> list[tuple[str, Signal]]:
        """Return what verifies, in the order in which it was issued: a JSON object has none."""
        found: list[tuple[str, Signal]] = []
        for jti, token in batch.tokens.items():
            try:
                found.append((jti, verified(services, self._reception, token, channel=channel)))
            except SignalRefusedError as error:
                self._refused[jti] = error.err
            except FaceauthError as error:
                self._on_fault(error)  # not acknowledged: it comes again
        return sorted(found, key=lambda pair: pair[1].issued_at)

    def _take(self, services: Services, jti: str, signal: Signal, held: set[str], channel: str) -> None:
        """Do one, unless an earlier one about the same person waits to be done."""
        named = about(services, self._reception, signal.subject).subject_id
        whom = str(named) if named else repr(signal.subject)
        if whom in held:
            return
        try:
            handle(services, self._reception, signal, channel=channel)
        except FaceauthError as error:
            self._on_fault(error)
            held.add(whom)
        else:
            self._acknowledged.append(jti)
