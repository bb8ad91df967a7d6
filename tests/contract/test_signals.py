"""What keeps streams and letters has to go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from adapters.memory.signals import MemorySignals
from adapters.postgres.signal_outbox import PostgresSignalOutbox
from adapters.postgres.signal_streams import PostgresSignalStreams
from application.ports.signal_outbox import DEAD, DELIVERED, WAITING, Letter, Settled, Signal
from application.ports.signal_streams import PAUSED, PUSH, Receiver, Stream
from domain.errors import NotFoundError

if TYPE_CHECKING:
    from application.ports.signal_outbox import SignalOutbox
    from application.ports.signal_streams import SignalStreams

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
SOON, LATER = NOW + timedelta(seconds=5), NOW + timedelta(hours=1)
ANA, BIA = UUID(int=1), UUID(int=2)


@dataclass
class Desk:
    streams: SignalStreams
    outbox: SignalOutbox

    def stream(self, owner: str = "receiver:ehr") -> Stream:
        added = Stream(uuid4(), owner, "ehr", PUSH, "https://ehr.test/", ("a", "b"), "words", 7, NOW, secret_sealed="s")
        assert self.streams.add(added, at_most=3)
        return added

    def put(self, *letters: Letter) -> list[Letter]:
        """Put letters in; they come back as they are kept."""
        before = self.outbox.checkpoint() or 0
        self.outbox.begin(0)
        assert self.outbox.put(letters, expected=before, position=before + 1)
        return self.heads(letters[0].stream_id)

    def heads(self, stream_id: UUID, now: datetime = LATER, limit: int = 100) -> list[Letter]:
        return self.outbox.heads(stream_id, now=now, limit=limit)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def desk(request: pytest.FixtureRequest) -> Desk:
    if request.param == "memory":
        kept = MemorySignals()
        return Desk(kept.streams, kept.outbox)
    database = request.getfixturevalue("database")
    return Desk(PostgresSignalStreams(database), PostgresSignalOutbox(database))


def letter(stream: Stream, subject: UUID | None = ANA, position: int = 1) -> Letter:
    signal = Signal("session.opened.v1", position, NOW, uuid4(), uuid4(), subject, {"acr": "x", "amr": "face"})
    return Letter(stream.stream_id, uuid4(), signal, due_at=NOW)


def taken(one: Letter) -> Settled:
    return Settled(one.letter_id, DELIVERED, one.attempts + 1, NOW, None, "")


def failed(one: Letter, due_at: datetime = LATER) -> Settled:
    return Settled(one.letter_id, WAITING, one.attempts + 1, due_at, NOW, "timeout")


def dead(one: Letter) -> Settled:
    return Settled(one.letter_id, DEAD, one.attempts + 1, NOW, NOW, "invalid_request")


def test_a_stream_comes_back_as_it_was_kept(desk: Desk) -> None:
    stream = desk.stream()

    assert desk.streams.get(stream.stream_id) == stream
    changed = replace(stream, status=PAUSED, reason="night", events=(), endpoint_url="https://other.test/", since=9)
    desk.streams.replace(changed)
    assert desk.streams.get(stream.stream_id) == changed


def test_the_secret_of_a_stream_is_not_in_what_is_printed_of_it(desk: Desk) -> None:
    assert "secret" not in repr(desk.stream())


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    unknown = replace(desk.stream(), stream_id=uuid4())

    with pytest.raises(NotFoundError):
        desk.streams.get(unknown.stream_id)
    with pytest.raises(NotFoundError):
        desk.streams.replace(unknown)
    with pytest.raises(NotFoundError):
        desk.streams.exclude(unknown.stream_id, "x", at_most=1)
    desk.streams.remove(unknown.stream_id)


def test_owners_have_their_own_streams_and_a_limit_each(desk: Desk) -> None:
    mine = [desk.stream() for _ in range(3)]
    other = desk.stream("receiver:idp")

    assert not desk.streams.add(replace(mine[0], stream_id=uuid4()), at_most=3)
    assert {s.stream_id for s in desk.streams.all("receiver:ehr")} == {s.stream_id for s in mine}
    assert {s.stream_id for s in desk.streams.all()} == {s.stream_id for s in [*mine, other]}


def test_of_many_streams_at_once_no_more_than_the_limit_are_made(desk: Desk) -> None:
    first = desk.stream()
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: desk.streams.add(replace(first, stream_id=uuid4()), at_most=3), range(8)))

    assert sum(made) == 2


def test_exclusions_are_of_one_stream_and_bounded(desk: Desk) -> None:
    one, other = desk.stream(), desk.stream()

    assert desk.streams.exclude(one.stream_id, "ana", at_most=1)
    assert desk.streams.exclude(one.stream_id, "ana", at_most=1)
    assert not desk.streams.exclude(one.stream_id, "bia", at_most=1)
    assert desk.streams.excluded(one.stream_id, {"ana", "bia"}) == {"ana"}
    assert desk.streams.excluded(other.stream_id, {"ana"}) == set()
    desk.streams.include(one.stream_id, "ana")
    assert desk.streams.excluded(one.stream_id, {"ana"}) == set()


def test_a_credential_speaks_for_the_receiver_it_was_last_given(desk: Desk) -> None:
    assert desk.streams.receiver("token:1") is None
    desk.streams.register("token:1", Receiver("receiver:a", "a"))
    desk.streams.register("token:1", Receiver("receiver:b", "b"))
    assert desk.streams.receiver("token:1") == Receiver("receiver:b", "b")


def test_a_letter_comes_back_as_it_was_put_in(desk: Desk) -> None:
    given = letter(desk.stream())

    (kept,) = desk.put(given)

    assert replace(kept, letter_id=0) == given


def test_letters_and_checkpoint_move_together_or_not_at_all(desk: Desk) -> None:
    stream = desk.stream()
    assert desk.outbox.checkpoint() is None
    desk.outbox.begin(5)
    desk.outbox.begin(9)

    assert desk.outbox.checkpoint() == 5
    assert not desk.outbox.put([letter(stream)], expected=4, position=6)
    assert (desk.outbox.checkpoint(), desk.outbox.waiting(stream.stream_id)) == (5, 0)
    assert desk.outbox.put([letter(stream)], expected=5, position=6)
    assert (desk.outbox.checkpoint(), desk.outbox.waiting(stream.stream_id)) == (6, 1)


def test_the_same_letter_is_kept_once_and_one_of_no_stream_not_at_all(desk: Desk) -> None:
    stream = desk.stream()
    given = letter(stream)
    desk.put(given)
    desk.put(given, letter(replace(stream, stream_id=uuid4())))
    desk.outbox.add(given)

    assert desk.outbox.counts(stream.stream_id) == {WAITING: 1}


def test_only_the_oldest_letter_of_each_subject_is_a_head(desk: Desk) -> None:
    stream = desk.stream()
    letters = [letter(stream, ANA, 1), letter(stream, ANA, 2), letter(stream, BIA, 3), letter(stream, None, 4)]

    heads = desk.put(*letters)

    assert [head.signal.position for head in heads] == [1, 3, 4]
    assert [head.signal.position for head in desk.heads(stream.stream_id, limit=2)] == [1, 3]
    desk.outbox.settle([taken(heads[0])], now=NOW)
    assert [head.signal.position for head in desk.heads(stream.stream_id)] == [2, 3, 4]


def test_a_subject_whose_letter_failed_waits_and_the_others_do_not(desk: Desk) -> None:
    stream = desk.stream()
    heads = desk.put(letter(stream, ANA, 1), letter(stream, ANA, 2), letter(stream, BIA, 3))

    desk.outbox.settle([failed(heads[0])], now=NOW)

    assert [head.signal.position for head in desk.heads(stream.stream_id, SOON)] == [3]
    (first, _) = desk.heads(stream.stream_id, LATER)
    assert (first.signal.position, first.attempts, first.failing_since, first.error) == (1, 1, NOW, "timeout")


def test_a_busy_subject_has_no_head(desk: Desk) -> None:
    stream = desk.stream()
    desk.put(letter(stream, ANA), letter(stream, BIA))

    heads = desk.outbox.heads(stream.stream_id, now=LATER, limit=9, busy=[ANA])

    assert [head.signal.subject_id for head in heads] == [BIA]


def test_what_has_come_to_its_end_is_not_settled_again(desk: Desk) -> None:
    stream = desk.stream()
    (head,) = desk.put(letter(stream))
    desk.outbox.settle([taken(head)], now=NOW)
    desk.outbox.settle([failed(head)], now=NOW)

    assert desk.outbox.counts(stream.stream_id) == {DELIVERED: 1}


def test_a_dead_letter_lets_later_ones_pass_and_can_be_replayed(desk: Desk) -> None:
    stream = desk.stream()
    (head,) = desk.put(letter(stream, ANA, 1), letter(stream, ANA, 2))

    desk.outbox.settle([dead(head)], now=NOW)
    assert [one.signal.position for one in desk.heads(stream.stream_id)] == [2]
    (buried,) = desk.outbox.dead(10)
    assert (buried.jti, buried.error) == (head.jti, "invalid_request")

    assert desk.outbox.replay(buried.letter_id, now=NOW)
    assert not desk.outbox.replay(buried.letter_id, now=NOW)
    assert not desk.outbox.replay(10**12, now=NOW)
    (again,) = desk.heads(stream.stream_id)
    assert (again.jti, again.attempts, again.failing_since, again.error) == (head.jti, 0, None, "")
    assert desk.outbox.dead(10) == []


def test_a_poller_answers_for_its_own_stream_only(desk: Desk) -> None:
    mine, other = desk.stream(), desk.stream()
    one, two, foreign = letter(mine, ANA), letter(mine, BIA), letter(other, ANA)
    desk.put(one, two, foreign)

    desk.outbox.answer(
        mine.stream_id, acknowledged=[one.jti, foreign.jti, uuid4()], refused={two.jti: "jwtAud"}, now=NOW
    )

    assert desk.outbox.counts(mine.stream_id) == {DELIVERED: 1, DEAD: 1}
    assert desk.outbox.counts(other.stream_id) == {WAITING: 1}
    assert [one.error for one in desk.outbox.dead(10)] == ["jwtAud"]


def test_waiting_letters_are_counted_by_name(desk: Desk) -> None:
    stream = desk.stream()
    desk.put(letter(stream))

    assert desk.outbox.waiting(stream.stream_id, "session.opened.v1") == 1
    assert desk.outbox.waiting(stream.stream_id, "verification") == 0


def test_what_waits_can_be_dropped_and_a_stream_goes_with_all_its_letters(desk: Desk) -> None:
    stream = desk.stream()
    desk.put(letter(stream), letter(stream, BIA))
    assert desk.outbox.drop(stream.stream_id) == 2

    desk.put(letter(stream))
    desk.streams.remove(stream.stream_id)
    assert desk.outbox.counts(stream.stream_id) == {}


def test_letters_are_forgotten_after_their_time_and_buried_after_theirs(desk: Desk) -> None:
    stream = desk.stream()
    heads = desk.put(letter(stream, ANA), letter(stream, BIA), letter(stream, None))
    desk.outbox.settle([taken(heads[0]), dead(heads[1])], now=NOW)

    assert desk.outbox.forget(delivered_before=NOW, dead_before=NOW) == 0
    assert desk.outbox.forget(delivered_before=SOON, dead_before=NOW) == 1
    assert desk.outbox.forget(delivered_before=SOON, dead_before=SOON) == 1
    assert desk.outbox.bury(NOW, "not_fetched", now=LATER) == 0
    assert desk.outbox.bury(SOON, "not_fetched", now=LATER) == 1
    assert [one.error for one in desk.outbox.dead(10)] == ["not_fetched"]
