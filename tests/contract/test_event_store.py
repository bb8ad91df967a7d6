"""What every event store promises."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.domain import Aggregate, event
from psycopg.sql import SQL, Identifier

from adapters.memory.event_store import MemoryEventStore
from adapters.postgres.database import Database
from adapters.postgres.store import PostgresEventStore
from application.ports.event_store import Claim
from domain.act import Act
from domain.consent import Consent
from domain.errors import ClaimTakenError, ConcurrencyError, NotFoundError, SealBrokenError
from domain.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Store = MemoryEventStore | PostgresEventStore

KEY = bytes(range(32))
NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dimensions:
    width: int
    label: str | None = None


class Parcel(Aggregate):
    TOPIC: ClassVar[str] = "test_parcel"

    @event("Created", topic="test_parcel.created.v1")
    def __init__(self, content: Any) -> None:
        self.content = content

    @event("Repacked", topic="test_parcel.repacked.v1")
    def repack(self, content: Any) -> None:
        self.content = content


class Stowaway(Aggregate):
    TOPIC: ClassVar[str] = "test_stowaway"

    @event("Created", topic="test_stowaway.created.v1")
    def __init__(self) -> None:
        self.hidden = True


@dataclass
class Place:
    """A store, a way to open the same data again, and a way to break into its rows."""

    store: Store
    reopen: Callable[[bytes], Store]
    tamper: Callable[..., None]

    def state(self, position: int) -> bytes:
        """The sealed bytes of one row, as a thief would have them."""
        found: list[bytes] = []

        def look(state: bytes) -> bytes:
            found.append(state)
            return state

        self.tamper(position, state=look)
        return found[0]


def parts(key: bytes = KEY) -> dict[str, Any]:
    return {"store_key": key, "aggregates": [Consent, Session, Parcel], "values": [Act, Dimensions]}


def memory_place() -> Place:
    store = MemoryEventStore(**parts())

    def reopen(key: bytes) -> Store:
        other = MemoryEventStore(**parts(key))
        other._listenable._stored_events = store._listenable._stored_events
        other._listenable._stored_events_index = store._listenable._stored_events_index
        return other

    def tamper(position: int, **columns: Any) -> None:
        row = store._listenable._stored_events[position - 1]
        for name, value in columns.items():
            object.__setattr__(row, name, value(row.state) if callable(value) else value)

    return Place(store, reopen, tamper)


def postgres_place(database: Database, dsn: str) -> Place:
    def tamper(position: int, **columns: Any) -> None:
        with psycopg.connect(dsn) as intruder:
            intruder.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
            for name, value in columns.items():
                query = "SELECT state FROM stored_events WHERE notification_id = %s"
                (state,) = intruder.execute(query, (position,)).fetchone() or (b"",)
                change = SQL("UPDATE stored_events SET {} = %s WHERE notification_id = %s").format(Identifier(name))
                intruder.execute(change, (value(state) if callable(value) else value, position))

    return Place(
        PostgresEventStore(database, **parts()), lambda key: PostgresEventStore(database, **parts(key)), tamper
    )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return memory_place()
    return postgres_place(request.getfixturevalue("database"), request.getfixturevalue("dsn"))


@pytest.fixture
def store(place: Place) -> Store:
    return place.store


def act() -> Act:
    return Act("operator:cli", "cli", NOW, uuid4())


def consent(subject_id: UUID | None = None) -> Consent:
    return Consent.grant(
        subject_id or uuid4(), "authentication", legal_basis="art. 11 I", notice=("1", "ab" * 32), act=act()
    )


def saved(store: Store) -> Consent:
    fresh = consent()
    store.save(fresh)
    return fresh


def flipped(state: bytes) -> bytes:
    return state[:-1] + bytes([state[-1] ^ 1])


def test_an_aggregate_comes_back_as_it_was_saved(store: Store) -> None:
    original = saved(store)
    assert store.get(Consent, original.id) == original


def test_every_value_in_an_event_comes_back_as_it_was(store: Store) -> None:
    content: dict[str, Any] = {
        "size": Dimensions(3, "ü"),
        "none": None,
        "at": NOW,
        "id": uuid4(),
        "list": [1.5, True],
        "nested": {"a": {}},
    }
    parcel = Parcel(content=content)
    store.save(parcel)
    assert store.get(Parcel, parcel.id).content == content


@pytest.mark.parametrize("content", [("a", "b"), {1: "a"}, b"bytes", {"a"}, float("nan")])
def test_a_value_that_would_come_back_changed_is_not_saved(store: Store, content: object) -> None:
    with pytest.raises(TypeError):
        store.save(Parcel(content=content))
    assert store.position() == 0


def test_an_aggregate_that_is_not_registered_is_not_saved(store: Store) -> None:
    with pytest.raises(TypeError):
        store.save(Stowaway())
    assert store.position() == 0


def test_an_unknown_id_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.get(Consent, uuid4())


def test_an_aggregate_of_another_kind_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.get(Session, saved(store).id)


def test_save_returns_the_position_of_the_last_event(store: Store) -> None:
    first = store.save(consent())
    second = store.save(consent(), consent())
    assert [event.position for event in store.read()] == [first, second - 1, second]
    assert store.position() == second


def test_saving_nothing_returns_the_current_position(store: Store) -> None:
    last = store.save(consent())
    assert store.save() == last


def test_two_aggregates_commit_together_or_not_at_all(store: Store) -> None:
    mine, theirs = saved(store), consent()
    other = store.get(Consent, mine.id)
    other.withdraw(reason="own wish", act=act())
    store.save(other)
    mine.withdraw(reason="own wish", act=act())
    with pytest.raises(ConcurrencyError):
        store.save(theirs, mine)
    with pytest.raises(NotFoundError):
        store.get(Consent, theirs.id)


def test_the_second_of_two_concurrent_changes_is_refused(store: Store) -> None:
    original = saved(store)
    first, second = store.get(Consent, original.id), store.get(Consent, original.id)
    for competitor in (first, second):
        competitor.withdraw(reason="own wish", act=act())
    store.save(first)
    with pytest.raises(ConcurrencyError):
        store.save(second)
    assert len(store.stream(original.id)) == 2


def test_nothing_is_saved_when_something_that_was_to_stay_unchanged_has_changed(store: Store) -> None:
    guard = saved(store)
    moved = store.get(Consent, guard.id)
    moved.withdraw(reason="own wish", act=act())
    store.save(moved)
    with pytest.raises(ConcurrencyError):
        store.save(consent(), unchanged=[guard])
    assert store.position() == 2


def test_saving_works_while_what_must_stay_unchanged_has_stayed(store: Store) -> None:
    guard, fresh = saved(store), consent()
    store.save(fresh, unchanged=[guard])
    assert store.get(Consent, fresh.id) == fresh


def test_unchanged_is_checked_even_with_no_event_to_save(store: Store) -> None:
    never_saved = consent()
    never_saved.collect_events()
    with pytest.raises(ConcurrencyError):
        store.save(unchanged=[never_saved])


def test_a_claim_belongs_to_its_first_taker(store: Store) -> None:
    first, second = consent(), consent()
    store.save(first, claim=[Claim("username", "d1", first.subject_id)])
    with pytest.raises(ClaimTakenError) as refusal:
        store.save(second, claim=[Claim("username", "d1", second.subject_id)])
    assert refusal.value.kind == "username"
    assert store.claimant("username", "d1") == first.subject_id
    with pytest.raises(NotFoundError):
        store.get(Consent, second.id)


def test_claiming_what_one_has_already_is_no_error(store: Store) -> None:
    claim = Claim("username", "d1", uuid4())
    store.save(consent(), claim=[claim])
    store.save(consent(), claim=[claim])
    assert store.claimant("username", "d1") == claim.subject_id


def test_a_released_claim_can_be_taken_in_the_same_save(store: Store) -> None:
    old, new = uuid4(), uuid4()
    store.save(consent(), claim=[Claim("username", "d1", old)])
    store.save(consent(), release=[Claim("username", "d1", old)], claim=[Claim("username", "d1", new)])
    assert store.claimant("username", "d1") == new


def test_nobody_releases_the_claim_of_another(store: Store) -> None:
    holder = uuid4()
    store.save(consent(), claim=[Claim("username", "d1", holder)])
    store.save(consent(), release=[Claim("username", "d1", uuid4())])
    assert store.claimant("username", "d1") == holder


def test_a_refused_save_takes_no_claim(store: Store) -> None:
    taken = Claim("username", "taken", uuid4())
    store.save(consent(), claim=[taken])
    with pytest.raises(ClaimTakenError):
        store.save(consent(), claim=[Claim("user_id", "free", uuid4()), Claim("username", "taken", uuid4())])
    assert store.claimant("user_id", "free") is None


def test_an_unclaimed_value_has_no_claimant(store: Store) -> None:
    assert store.claimant("username", "nobody") is None


def test_a_recorded_event_says_what_happened(store: Store) -> None:
    subject = uuid4()
    granted = consent(subject)
    store.save(granted)
    (event,) = store.read()
    assert (event.aggregate, event.name, event.version, event.at) == ("consent", "consent.granted.v1", 1, NOW)
    assert event.aggregate_id == granted.id
    assert event.fields["subject_id"] == subject
    assert event.fields["act"].actor == "operator:cli"
    assert "originator_id" not in event.fields


def test_reading_goes_on_after_a_position(store: Store) -> None:
    positions = [store.save(consent()) for _ in range(5)]
    assert [event.position for event in store.read(after=positions[1], limit=2)] == positions[2:4]


def test_a_stream_holds_one_aggregate_in_order(store: Store) -> None:
    mine = saved(store)
    saved(store)
    mine.withdraw(reason="own wish", act=act())
    last = store.save(mine)
    assert [event.version for event in store.stream(mine.id)] == [1, 2]
    assert store.stream(mine.id)[-1].position == last
    assert store.stream(uuid4()) == []


def test_an_empty_store_is_at_position_zero(store: Store) -> None:
    assert store.position() == 0


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


def test_a_changed_byte_is_noticed(place: Place) -> None:
    original = saved(place.store)
    place.tamper(1, state=flipped)
    with pytest.raises(SealBrokenError):
        place.store.get(Consent, original.id)


def test_a_row_moved_to_another_stream_is_noticed(place: Place) -> None:
    victim, attacker = saved(place.store), saved(place.store)
    place.tamper(1, state=place.state(2))
    with pytest.raises(SealBrokenError):
        place.store.get(Consent, victim.id)
    assert place.store.get(Consent, attacker.id) == attacker


def test_a_row_given_another_known_topic_is_noticed(place: Place) -> None:
    original = saved(place.store)
    original.withdraw(reason="own wish", act=act())
    place.store.save(original)
    place.tamper(2, topic="consent.expired.v1")
    with pytest.raises(SealBrokenError):
        place.store.get(Consent, original.id)


def test_a_row_without_a_seal_is_noticed(place: Place) -> None:
    original = saved(place.store)
    place.tamper(1, state=b"{}")
    with pytest.raises(SealBrokenError):
        place.store.get(Consent, original.id)


def test_another_store_key_opens_nothing(place: Place) -> None:
    original = saved(place.store)
    with pytest.raises(SealBrokenError):
        place.reopen(bytes(32)).get(Consent, original.id)


def test_the_right_store_key_opens_everything_again(place: Place) -> None:
    original = saved(place.store)
    assert place.reopen(KEY).get(Consent, original.id) == original


def test_a_damaged_row_is_read_as_damaged_and_does_not_stop_a_follower(place: Place) -> None:
    damaged, sound = saved(place.store), saved(place.store)
    place.tamper(1, state=flipped)
    with place.store.follow(0) as batches:
        first, second = next(batches)
    assert (first.name, dict(first.fields), first.aggregate_id) == ("damaged", {}, damaged.id)
    assert (second.name, second.aggregate_id) == ("consent.granted.v1", sound.id)
    assert place.store.stream(damaged.id)[0].name == "damaged"


def test_a_row_that_names_a_module_does_not_import_it(
    place: Place, passable_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (passable_folder / "trojan.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(passable_folder))
    original = saved(place.store)
    place.tamper(1, topic="trojan:Horse")
    assert place.store.read()[0].name == "damaged"
    with pytest.raises(SealBrokenError):
        place.store.get(Consent, original.id)


def test_stored_states_show_nothing_readable(place: Place) -> None:
    saved(place.store)
    assert b"authentication" not in place.state(1)
    assert b"operator" not in place.state(1)


def test_a_session_survives_with_its_times(store: Store) -> None:
    session = Session.open(
        uuid4(),
        subject_id=uuid4(),
        attempt_id=uuid4(),
        department="icu",
        amr="face",
        acr="1",
        expires_at=NOW + timedelta(hours=8),
        act=act(),
    )
    store.save(session)
    assert store.get(Session, session.id).expires_at == NOW + timedelta(hours=8)


def test_a_store_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MemoryEventStore(**parts(b"short"))


@pytest.mark.database
def test_a_second_store_on_the_same_database_sees_the_same_history(dsn: str) -> None:
    with closing(Database(dsn)) as one, closing(Database(dsn)) as two:
        writer, reader = PostgresEventStore(one, **parts()), PostgresEventStore(two, **parts())
        original = saved(writer)
        assert reader.get(Consent, original.id) == original
