"""What every event store promises about saving and reading."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from adapters.postgres.database import Database
from adapters.postgres.store import PostgresEventStore
from application.ports.event_store import Claim
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.consent import Consent
from domain.errors import ClaimTakenError, ConcurrencyError, NotFoundError
from domain.session import Session
from tests.contract.stores import NOW, Dimensions, Parcel, Stowaway, act, consent, parts, saved

if TYPE_CHECKING:
    from tests.contract.stores import Store


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


def test_an_attempt_survives_with_its_evidence(store: Store) -> None:
    attempt = Attempt.start(uuid4(), department="icu", mode="identify", policy="passive", act=act())
    attempt.issue_challenge("hold_still", act=act())
    evidence = Evidence(30, 20, 18, 10, 0.91, 0.4, None, 0.8, {"blurred": 1, "too_dark": 1})
    attempt.assess(evidence, act=act())
    match = MatchFacts(0.31, None, 0.5, 0.05, 200, claimed=False, model="sface+fr@1")
    attempt.refuse(code="face_not_recognised", reason="below_threshold", next_step="retry", match=match, act=act())
    store.save(attempt)
    assert store.get(Attempt, attempt.id) == attempt
    *_, assessed, refused = store.stream(attempt.id)
    assert assessed.fields["evidence"] == evidence
    assert refused.fields["match"] == match


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


@pytest.mark.database
def test_a_second_store_on_the_same_database_sees_the_same_history(dsn: str) -> None:
    with closing(Database(dsn)) as one, closing(Database(dsn)) as two:
        writer, reader = PostgresEventStore(one, **parts()), PostgresEventStore(two, **parts())
        original = saved(writer)
        assert reader.get(Consent, original.id) == original


def test_versions_tell_how_long_each_stream_is_by_now(store: Store) -> None:
    one, other = saved(store), saved(store)
    assert store.versions([one.id, other.id, uuid4()]) == {one.id: 1, other.id: 1}

    one.withdraw(reason="left", act=act())
    store.save(one)

    assert store.versions([one.id, other.id]) == {one.id: 2, other.id: 1}
    assert store.versions([]) == {}
