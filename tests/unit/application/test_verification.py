"""The history verified over the memory twins: what is sound, and where somebody was at it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.notary import MemoryNotary
from application import checkpoints
from application.log_proofs import prove_event, prove_growth
from application.ports.event_log import Leaf
from application.signed_documents import CHECKPOINT, canonical, signed
from application.verification import verify
from application.verification_result import (
    CHANGED,
    CHECKPOINT_MISMATCH,
    CHECKPOINT_REMOVED,
    CLOSED,
    INSERTED,
    LOG_CHANGED,
    LOG_REBUILT,
    REORDERED,
    STREAM_GAP,
    TAIL_CUT,
    VIEW_EDITED,
    Fault,
    Verification,
)
from domain.errors import InvalidInputError, LogBrokenError, NotFoundError, UnavailableError
from domain.log_entry import leaf_of
from domain.merkle import consistent, included
from tests.house import House, build_house

EVERY = timedelta(hours=24)


@pytest.fixture
def house() -> House:
    house = build_house()
    for name in ("ana", "bruno"):
        house.enroll(name)
    return house


def checked(house: House, **kwargs: object) -> Verification:
    return verify(house.services, act=house.act(), **kwargs)  # type: ignore[arg-type]


def kinds(result: Verification) -> set[str]:
    return {fault.kind for fault in result.faults}


def change(house: House, position: int, **columns: object) -> None:
    event = house.store._listenable._stored_events[position - 1]
    for name, value in columns.items():
        object.__setattr__(event, name, value)


def test_an_untouched_history_is_sound_and_the_verdict_is_in_it(house: House) -> None:
    checkpoints.make(house.services, at=house.clock.now())

    result = checked(house)

    assert (result.sound, result.mode, result.checkpoints, result.faults) == (True, "full", 1, [])
    assert result.events == result.size == house.store.position() - 1
    assert house.last("journal.recorded.v1")["facts"]["root"] == result.root
    assert result.document()["verdict"] == "sound"


def test_a_history_of_nothing_is_sound() -> None:
    result = checked(build_house())
    assert (result.sound, result.events) == (True, 0)


def test_a_changed_event_is_named(house: House) -> None:
    state = house.store._listenable._stored_events[4].state
    change(house, 5, state=state[:-1] + bytes([state[-1] ^ 1]))

    (fault,) = checked(house).faults

    assert (fault.kind, fault.position) == (CHANGED, 5)
    assert "does not open" in fault.detail
    assert house.last("journal.recorded.v1")["facts"]["places"] == "5"
    assert house.last("journal.recorded.v1")["outcome"] == "broken"


def test_two_events_that_changed_places_are_named_with_where_they_belong(house: House) -> None:
    events = house.store._listenable._stored_events
    events[3], events[8] = events[8], events[3]

    result = checked(house)

    found = {fault.position: fault.detail for fault in result.faults if fault.kind == REORDERED}
    assert found == {4: "this event was logged at position 9", 9: "this event was logged at position 4"}


def test_a_row_that_the_log_was_made_to_fit_does_not_open(house: House) -> None:
    """Who writes the log as well: the leaf fits, the seal does not, and the tail is another one."""
    log = house.store.log
    change(house, 3, state=b"\x01" + bytes(60))
    (row,) = log.rows(2, 3, 1)
    log.leaves_kept[2] = Leaf(2, 3, leaf_of(*row))

    result = checked(house)

    assert [(f.kind, f.position) for f in result.faults if f.kind == CLOSED] == [(CLOSED, 3)]
    assert LOG_REBUILT in kinds(result)


def test_an_event_that_was_never_logged_and_one_that_is_cut_off_are_named(house: House) -> None:
    events = house.store._listenable._stored_events
    position = house.store.position()
    events.append(replace(events[2]))
    result = checked(house)
    assert (INSERTED, position + 1) in {(f.kind, f.position) for f in result.faults}

    other = build_house()
    other.enroll("ana")
    last = other.store._listenable._stored_events.pop()
    del other.store._listenable._stored_events_index[str(last.originator_id)][last.originator_version]
    result = checked(other)
    assert {TAIL_CUT} <= kinds(result) <= {TAIL_CUT, STREAM_GAP}


def test_a_tail_of_somebody_elses_making_is_not_carried_on_in_silence(house: House) -> None:
    log = house.store.log
    assert log.tail_kept is not None
    tail = log.tail()
    assert tail is not None
    log.tail_kept = log.tail_kept[:7] + bytes([tail.size - 1]) + log.tail_kept[8:]
    with pytest.raises(LogBrokenError):
        checkpoints.make(house.services, at=house.clock.now())
    assert LOG_CHANGED in kinds(checked(house))

    house.enroll("carla")

    result = checked(house)
    assert [f.leaf for f in result.faults if f.kind == LOG_CHANGED] == [0]
    assert checkpoints.make(house.services, at=house.clock.now())["document"]["suspect_since"] == 0


def test_a_whole_database_of_yesterday_is_found_by_what_is_remembered_outside(house: House) -> None:
    log, store = house.store.log, house.store._listenable
    yesterday = list(store._stored_events), list(log.leaves_kept), log.tail_kept
    house.enroll("carla")
    kept = canonical(checkpoints.make(house.services, at=house.clock.now()))
    store._stored_events[:], log.leaves_kept[:], log.tail_kept = yesterday
    store._stored_events_index.clear()
    for place, event in enumerate(store._stored_events):
        store._stored_events_index[str(event.originator_id)][event.originator_version] = place
    log.checkpoints_kept.clear()

    with pytest.raises(LogBrokenError):
        checkpoints.make(house.services, at=house.clock.now())
    assert {CHECKPOINT_REMOVED, TAIL_CUT} <= kinds(checked(house))

    house.services.log_memory.remember({})
    assert checked(house).sound, "the state directory went back too: nothing here can tell"
    house.services.log_memory.remember({})
    assert {CHECKPOINT_REMOVED, TAIL_CUT} <= kinds(checked(house, against=[kept]))


def test_checkpoints_are_made_when_due_and_form_a_chain(house: House) -> None:
    def keep_up(events: int = 10_000) -> dict[str, Any] | None:
        return checkpoints.keep_up(house.services, events=events, every=EVERY, act=house.act())

    first = keep_up()
    assert first is not None
    assert keep_up() is None
    house.enroll("carla")
    assert keep_up() is None
    second = keep_up(events=3)
    assert second is not None
    house.clock.advance(timedelta(hours=25))
    assert keep_up() is None, "nothing happened"
    house.enroll("davi")
    third = keep_up()
    assert third is not None
    documents = [checkpoint["document"] for checkpoint in (first, second, third)]
    assert [document["number"] for document in documents] == [1, 2, 3]
    assert [document["previous"] for document in documents] == [
        None,
        checkpoints.digest(first),
        checkpoints.digest(second),
    ]
    assert documents[0]["restore"] is None
    assert checked(house).sound


def test_a_checkpoint_that_is_gone_or_another_is_found(house: House) -> None:
    made = []
    for name in ("carla", "davi", "eva"):
        house.enroll(name)
        made.append(checkpoints.make(house.services, at=house.clock.now()))
    kept = dict(house.store.log.checkpoints_kept)

    del house.store.log.checkpoints_kept[2]
    assert [(f.kind, f.checkpoint) for f in checked(house).faults] == [(CHECKPOINT_REMOVED, 2)]

    house.store.log.checkpoints_kept = kept | {2: canonical(signed(MemoryNotary(), CHECKPOINT, made[1]["document"]))}
    assert [(f.kind, f.checkpoint) for f in checked(house).faults] == [(CHECKPOINT_MISMATCH, 2)]

    forged = made[1]["document"] | {"root": "00" * 32}
    house.store.log.checkpoints_kept = kept | {2: canonical(signed(house.services.notary, CHECKPOINT, forged))}
    assert [f.checkpoint for f in checked(house).faults if "signed" in f.detail] == [2]


def test_an_incremental_verification_looks_at_what_came_since(house: House) -> None:
    first = checked(house)
    house.enroll("carla")
    change(house, 3, state=b"changed")
    second = checked(house, full=False)

    assert (second.mode, second.sound) == ("incremental", True), "what was verified before is not looked at"
    assert second.events < first.events
    assert not checked(house).sound
    change(house, house.store.position() - 1, state=b"changed")
    assert not checked(house, full=False).sound


def test_progress_and_edited_views_are_told(house: House) -> None:
    heard: list[tuple[int, int]] = []
    newest = house.store.position()
    edited = Fault(VIEW_EDITED, "a row of consents differs")
    result = checked(house, progress=lambda done, of: heard.append((done, of)), views=lambda: [edited])
    assert heard[-1] == (newest, newest)
    assert result.faults == [edited]


def test_proofs_stand_by_themselves(house: House) -> None:
    with pytest.raises(NotFoundError):
        prove_event(house.services, 3)
    former = checkpoints.make(house.services, at=house.clock.now())
    house.enroll("carla")
    with pytest.raises(NotFoundError):
        prove_event(house.services, house.store.position())
    later = checkpoints.make(house.services, at=house.clock.now())

    proof = prove_event(house.services, 3)
    (row,) = house.store.log.rows(2, 3, 1)
    document = proof["checkpoint"]["document"]
    path = [bytes.fromhex(step) for step in proof["path"]]
    assert included(leaf_of(*row), proof["index"], document["size"], bytes.fromhex(document["root"]), path)
    grown = prove_growth(house.services, canonical(former), canonical(later))
    sizes = [(c["document"]["size"], bytes.fromhex(c["document"]["root"])) for c in (former, later)]
    assert consistent(*sizes[0], *sizes[1], [bytes.fromhex(step) for step in grown["path"]])

    for bad in (b"", b"[]", b"{}", json.dumps(later | {"signature": ""}).encode()):
        with pytest.raises(InvalidInputError):
            prove_growth(house.services, canonical(former), bad)
    with pytest.raises(InvalidInputError):
        prove_growth(house.services, canonical(later), canonical(former))
    for nowhere in (0, -1, 10**9):
        with pytest.raises(NotFoundError):
            prove_event(house.services, nowhere)
    change(house, 3, state=b"changed")
    with pytest.raises(LogBrokenError):
        prove_event(house.services, 3)


class Witness:
    """Takes checkpoints while it is there."""

    name = "witness"

    def __init__(self) -> None:
        self.there = True
        self.taken: list[bytes] = []

    def anchor(self, checkpoint: bytes) -> bytes:
        if not self.there:
            raise UnavailableError("nobody answers")
        self.taken.append(checkpoint)
        return b"receipt %d" % len(self.taken)


def test_anchors_get_every_checkpoint_in_order_and_again_after_they_were_away(house: House) -> None:
    witness = Witness()
    services = replace(house.services, anchors=(witness,))
    witness.there = False
    checkpoints.make(services, at=house.clock.now())
    house.enroll("carla")
    checkpoints.make(services, at=house.clock.now())

    assert checkpoints.hand_over(services, now=house.clock.now()) == 0
    (failed,) = services.log.evidence()
    assert (failed.number, failed.error, failed.proof, failed.attempts) == (1, "unavailable", b"", 1)
    witness.there = True
    assert checkpoints.hand_over(services, now=house.clock.now()) == 0, "not at once"
    house.clock.advance(timedelta(seconds=130))
    assert checkpoints.hand_over(services, now=house.clock.now()) == 2
    assert [one.proof for one in services.log.evidence()] == [b"receipt 1", b"receipt 2"]
    assert witness.taken == [services.log.checkpoint(1), services.log.checkpoint(2)]
