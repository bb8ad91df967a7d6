"""What every event store promises about rows that somebody has touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.memory.event_store import MemoryEventStore
from domain.consent import Consent
from domain.errors import SealBrokenError
from tests.contract.stores import KEY, act, parts, saved

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.stores import Place


def flipped(state: bytes) -> bytes:
    return state[:-1] + bytes([state[-1] ^ 1])


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


def test_a_store_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MemoryEventStore(**parts(b"short"))
