"""Streams of security events and their outbox, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING

from application.ports.signal_outbox import DEAD, DELIVERED, WAITING
from domain.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from application.ports.signal_outbox import Letter, Settled
    from application.ports.signal_streams import Receiver, Stream


@dataclass(slots=True)
class _Kept:
    letter: Letter
    made_at: datetime
    ended_at: datetime | None = None


@dataclass
class MemorySignals:
    """Both ports over one set of dictionaries, as both adapters stand on one database."""

    streams_by_id: dict[UUID, Stream] = field(default_factory=dict)
    exclusions: dict[UUID, set[str]] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    letters: dict[int, _Kept] = field(default_factory=dict)
    numbered: int = 0
    position: int | None = None
    lock: RLock = field(default_factory=RLock)

    @property
    def streams(self) -> MemorySignalStreams:
        """The streams."""
        return MemorySignalStreams(self)

    @property
    def outbox(self) -> MemorySignalOutbox:
        """The outbox."""
        return MemorySignalOutbox(self)


class MemorySignalStreams:
    """``application.ports.signal_streams.SignalStreams`` in dictionaries."""

    def __init__(self, kept: MemorySignals) -> None:
        """Keep them there."""
        self._kept = kept

    def add(self, stream: Stream, *, at_most: int) -> bool:
        """Keep a new stream. See the port."""
        with self._kept.lock:
            if len(self.all(stream.owner)) >= at_most:
                return False
            self._kept.streams_by_id[stream.stream_id] = stream
            self._kept.exclusions[stream.stream_id] = set()
            return True

    def get(self, stream_id: UUID) -> Stream:
        """Return a stream. Raises ``NotFoundError``."""
        found = self._kept.streams_by_id.get(stream_id)
        if found is None:
            raise NotFoundError("no such stream")
        return found

    def all(self, owner: str | None = None) -> list[Stream]:
        """Return all streams, or those of one owner, oldest first."""
        with self._kept.lock:
            found = [s for s in self._kept.streams_by_id.values() if owner in {None, s.owner}]
        return sorted(found, key=lambda stream: (stream.created_at, stream.stream_id))

    def replace(self, stream: Stream) -> None:
        """Keep it as it is now. Raises ``NotFoundError``."""
        with self._kept.lock:
            self.get(stream.stream_id)
            self._kept.streams_by_id[stream.stream_id] = stream

    def remove(self, stream_id: UUID) -> None:
        """Forget a stream with everything on it. Idempotent."""
        with self._kept.lock:
            self._kept.streams_by_id.pop(stream_id, None)
            self._kept.exclusions.pop(stream_id, None)
            for number in [n for n, kept in self._kept.letters.items() if kept.letter.stream_id == stream_id]:
                del self._kept.letters[number]

    def exclude(self, stream_id: UUID, subject: str, *, at_most: int) -> bool:
        """Send nothing about that pairwise subject any more. See the port."""
        with self._kept.lock:
            self.get(stream_id)
            excluded = self._kept.exclusions[stream_id]
            if subject not in excluded and len(excluded) >= at_most:
                return False
            excluded.add(subject)
            return True

    def include(self, stream_id: UUID, subject: str) -> None:
        """Take an exclusion back. Idempotent."""
        self._kept.exclusions.get(stream_id, set()).discard(subject)

    def excluded(self, stream_id: UUID, subjects: Collection[str]) -> set[str]:
        """Return which of those are excluded."""
        return self._kept.exclusions.get(stream_id, set()) & set(subjects)

    def register(self, actor: str, receiver: Receiver) -> None:
        """Let the credential of that actor speak for a receiver."""
        self._kept.receivers[actor] = receiver

    def receiver(self, actor: str) -> Receiver | None:
        """Return whom that actor speaks for."""
        return self._kept.receivers.get(actor)


class MemorySignalOutbox:
    """``application.ports.signal_outbox.SignalOutbox`` in a dictionary."""

    def __init__(self, kept: MemorySignals) -> None:
        """Keep letters there."""
        self._kept = kept

    def checkpoint(self) -> int | None:
        """Return the position up to which letters were made; None before ``begin``."""
        return self._kept.position

    def begin(self, position: int) -> None:
        """Set the first checkpoint; no change where there is one."""
        with self._kept.lock:
            if self._kept.position is None:
                self._kept.position = position

    def put(self, letters: Sequence[Letter], *, expected: int, position: int) -> bool:
        """Put letters in and move the checkpoint, all or nothing. See the port."""
        with self._kept.lock:
            if self._kept.position != expected:
                return False
            for letter in letters:
                self.add(letter)
            self._kept.position = position
            return True

    def add(self, letter: Letter) -> None:
        """Put one in that comes from no event of the store."""
        with self._kept.lock:
            known = any(kept.letter.jti == letter.jti for kept in self._on(letter.stream_id))
            if letter.stream_id in self._kept.streams_by_id and not known:
                self._kept.numbered += 1
                number = self._kept.numbered
                self._kept.letters[number] = _Kept(replace(letter, letter_id=number), letter.due_at)

    def heads(self, stream_id: UUID, *, now: datetime, limit: int, busy: Collection[UUID] = ()) -> list[Letter]:
        """Return the oldest waiting letter of each order key where that one is due. See the port."""
        heads: dict[UUID, Letter] = {}
        with self._kept.lock:
            for number in sorted(kept.letter.letter_id for kept in self._on(stream_id, WAITING)):
                letter = self._kept.letters[number].letter
                heads.setdefault(letter.signal.order_key, letter)
        due = [head for key, head in heads.items() if key not in busy and head.due_at <= now]
        return due[:limit]

    def settle(self, settled: Sequence[Settled], *, now: datetime) -> None:
        """Keep how letters stand after they were sent; only of those that still wait."""
        with self._kept.lock:
            for one in settled:
                kept = self._kept.letters.get(one.letter_id)
                if kept is None or kept.letter.state != WAITING:
                    continue
                kept.letter = replace(
                    kept.letter,
                    state=one.state,
                    attempts=one.attempts,
                    due_at=one.due_at,
                    failing_since=one.failing_since,
                    error=one.error,
                )
                kept.ended_at = None if one.state == WAITING else now

    def answer(
        self, stream_id: UUID, *, acknowledged: Collection[UUID], refused: Mapping[UUID, str], now: datetime
    ) -> None:
        """Keep what a poller says of letters by ``jti``."""
        with self._kept.lock:
            for kept in list(self._on(stream_id, WAITING)):
                letter, attempts = kept.letter, kept.letter.attempts + 1
                if letter.jti in acknowledged:
                    kept.letter = replace(letter, state=DELIVERED, attempts=attempts, failing_since=None, error="")
                elif letter.jti in refused:
                    since, error = letter.failing_since or now, refused[letter.jti]
                    kept.letter = replace(letter, state=DEAD, attempts=attempts, failing_since=since, error=error)
                else:
                    continue
                kept.ended_at = now

    def waiting(self, stream_id: UUID, name: str | None = None) -> int:
        """Return how many letters wait on a stream: all of them, or those of one signal's name."""
        with self._kept.lock:
            return sum(name in {None, kept.letter.signal.name} for kept in self._on(stream_id, WAITING))

    def counts(self, stream_id: UUID) -> dict[str, int]:
        """Return how many letters of each state a stream has."""
        with self._kept.lock:
            states = [kept.letter.state for kept in self._on(stream_id)]
        return {state: states.count(state) for state in set(states)}

    def dead(self, limit: int) -> list[Letter]:
        """Return dead letters, oldest first."""
        with self._kept.lock:
            found = [kept.letter for kept in self._kept.letters.values() if kept.letter.state == DEAD]
        return sorted(found, key=lambda letter: letter.letter_id)[:limit]

    def replay(self, letter_id: int, *, now: datetime) -> bool:
        """Let a dead letter wait again. See the port."""
        with self._kept.lock:
            kept = self._kept.letters.get(letter_id)
            if kept is None or kept.letter.state != DEAD:
                return False
            fresh = replace(kept.letter, state=WAITING, attempts=0, due_at=now, failing_since=None, error="")
            self._kept.letters[letter_id] = _Kept(fresh, now)
            return True

    def drop(self, stream_id: UUID) -> int:
        """Forget what waits on a stream; return how many."""
        with self._kept.lock:
            return self._delete(kept.letter.letter_id for kept in self._on(stream_id, WAITING))

    def bury(self, before: datetime, error: str, *, now: datetime) -> int:
        """Make dead what was waiting since before then; return how many."""
        with self._kept.lock:
            old = [k for k in self._kept.letters.values() if k.letter.state == WAITING and k.made_at < before]
            for kept in old:
                kept.letter, kept.ended_at = replace(kept.letter, state=DEAD, error=error), now
            return len(old)

    def forget(self, *, delivered_before: datetime, dead_before: datetime) -> int:
        """Forget letters that came to their end before then; return how many."""
        limits = {DELIVERED: delivered_before, DEAD: dead_before}
        with self._kept.lock:
            return self._delete(
                number
                for number, kept in self._kept.letters.items()
                if kept.ended_at is not None and kept.ended_at < limits[kept.letter.state]
            )

    def _on(self, stream_id: UUID, *states: str) -> list[_Kept]:
        every = self._kept.letters.values()
        return [k for k in every if k.letter.stream_id == stream_id and (not states or k.letter.state in states)]

    def _delete(self, numbers: Iterable[int]) -> int:
        gone = list(numbers)
        for number in gone:
            del self._kept.letters[number]
        return len(gone)
