"""Delivery on one stream: what is due goes out, in order per subject, until it is taken, refused or given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from application.ports.signal_outbox import DEAD, DELIVERED, WAITING, Letter, Settled
from application.ports.signal_push import Answer
from application.ports.signal_streams import Stream
from application.services import Services
from application.signals.letters import push_for
from domain.policies.resending import ResendPolicy

AT_ONCE: Final = 32
"""Letters of one stream that are taken from the outbox at a time; as many as four threads send in a moment."""

FINAL_ERRORS: Final = frozenset({"invalid_request", "invalid_issuer", "invalid_audience"})
"""Error codes of RFC 8935, section 2.4, that will be the same tomorrow.

The others (invalid_key, authentication_failed, access_denied) may pass once a key set is fetched again or somebody
mends the receiver's configuration: they are tried again.
"""
NOT_SENT: Final = "not_sent"


def outcome(letter: Letter, answer: Answer, *, now: datetime, policy: ResendPolicy, jitter: float) -> Settled:
    """Return how a letter stands after that answer. Pure."""
    attempts = letter.attempts + 1
    if taken(answer):
        return Settled(letter.letter_id, DELIVERED, attempts, now, None, "")
    error = answer.err or answer.fault or f"http_{answer.status}"
    since = letter.failing_since or now
    refused = answer.status == HTTPStatus.BAD_REQUEST and answer.err in FINAL_ERRORS
    if refused or policy.given_up(since, now):
        return Settled(letter.letter_id, DEAD, attempts, now, since, error)
    due_at = now + policy.wait(attempts, jitter, _asked(answer))
    return Settled(letter.letter_id, WAITING, attempts, due_at, since, error)


def _asked(answer: Answer) -> timedelta | None:
    return None if answer.retry_after_s is None else timedelta(seconds=answer.retry_after_s)


def taken(answer: Answer) -> bool:
    """Say whether the receiver has it: 202 (RFC 8935, section 2.2), or another success."""
    return answer.status is not None and HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


class Health:
    """How a receiver does: after faults of several letters in a row it is left alone, then asked with one at a time.

    Of several letters, because a receiver that fails on one of them and takes the others is not down.
    """

    def __init__(self, policy: ResendPolicy) -> None:
        """Begin in good health."""
        self._policy = policy
        self._failed: set[int] = set()
        self._rests = 0
        self._rests_until: datetime | None = None

    @property
    def resting(self) -> bool:
        """Whether it is taken to be down."""
        return self._rests_until is not None

    def room(self, now: datetime) -> int:
        """Return how many letters may be on their way."""
        if self._rests_until is None:
            return AT_ONCE
        return 1 if now >= self._rests_until else 0

    def note(self, letter_id: int, answer: Answer, *, now: datetime, jitter: float) -> None:
        """Learn from an answer. A refusal with a code of RFC 8935 comes from a receiver that works."""
        if taken(answer) or answer.err:
            self._failed.clear()
            self._rests, self._rests_until = 0, None
            return
        self._failed.add(letter_id)
        if len(self._failed) < self._policy.faults_to_rest or self.room(now) == 0:
            return
        self._rests += 1
        self._rests_until = now + self._policy.wait(self._rests, jitter, _asked(answer))


class Courier:
    """Carries the letters of one stream. ``work`` is called by one thread, letters are sent by the executor's."""

    def __init__(
        self,
        services: Services,
        stream_id: UUID,
        *,
        executor: Executor,
        jitter: Callable[[], float],
        on_fault: Callable[[Exception], None],
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        """``jitter`` gives numbers in 0..1; ``ring`` is called when a letter came to an answer."""
        self._services = services
        self._stream_id = stream_id
        self._executor = executor
        self._jitter = jitter
        self._on_fault = on_fault
        self._ring = ring
        self._health = Health(services.signals.policies.resend)
        self._busy: set[UUID] = set()
        self._answered: deque[tuple[Letter, Answer]] = deque()

    def work(self, stream: Stream) -> int:
        """Settle what was answered and send what is due; return how many letters went on their way.

        Raises ``UnavailableError``; what was answered is settled the next time, or sent again by whoever comes after.
        """
        self._settle()
        now = self._services.clock.now()
        room = self._health.room(now) - len(self._busy)
        if room <= 0:
            return 0
        outbox = self._services.signals.outbox
        letters = outbox.heads(self._stream_id, now=now, limit=room, busy=tuple(self._busy))
        for letter in letters:
            self._busy.add(letter.signal.order_key)
            self._executor.submit(self._carry, stream, letter)
        return len(letters)

    def _carry(self, stream: Stream, letter: Letter) -> None:
        answer = Answer(fault=NOT_SENT)
        try:
            # Those that were behind the ones that failed do not have to wait for a timeout each.
            if not self._health.resting or len(self._busy) == 1:
                push = push_for(self._services, stream, letter)
                self._services.signals.policies.endpoints.check(push.url)
                answer = self._services.signals.push.send(push)
        except Exception as error:  # noqa: BLE001 - reported; a letter that cannot be written must not end the thread
            self._on_fault(error)
            answer = Answer(fault="cannot_send")
        self._answered.append((letter, answer))
        self._ring()

    def _settle(self) -> None:
        answered = list(self._answered)
        if not answered:
            return
        now, policy = self._services.clock.now(), self._services.signals.policies.resend
        settled = [
            outcome(letter, answer, now=now, policy=policy, jitter=self._jitter())
            for letter, answer in answered
            if answer.fault != NOT_SENT
        ]
        self._services.signals.outbox.settle(settled, now=now)
        for letter, answer in answered:
            self._answered.popleft()
            self._busy.discard(letter.signal.order_key)
            if answer.fault != NOT_SENT:
                self._health.note(letter.letter_id, answer, now=now, jitter=self._jitter())
