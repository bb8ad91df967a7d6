"""No stored row can be changed in a byte, or put in another's place, and still be opened."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.crypto.data_key_wrap import wrapped
from adapters.crypto.key_ring import KeyRing, with_kek
from adapters.crypto.vault import EnvelopeVault
from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from adapters.memory.data_keys import MemoryDataKeyStore
from application.ports.vault import Binding, WrappedKey, subject_owner
from application.templates import open_template, seal_template
from domain.biometrics import Embedding, ModelId, SealedTemplate
from domain.consent import Consent
from domain.errors import KeyDestroyedError, KeyRingError, SealBrokenError
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.property.machine import numbered_act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventsourcing.persistence import StoredEvent

ANA, BIA = UUID(int=1), UUID(int=2)
ALICE, BOB = subject_owner(ANA), subject_owner(BIA)
BYTES = range(256)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


def opens(call: Callable[[], object], *refusals: type[Exception]) -> bool:
    """Whether it gives anything; only those refusals are refusals."""
    try:
        call()
    except refusals:
        return False
    return True


def with_every_byte_changed(raw: bytes) -> Iterator[bytes]:
    """The same bytes with one of them different: every place, every other value."""
    for place, byte in enumerate(raw):
        for other in BYTES:
            if other != byte:
                yield raw[:place] + bytes([other]) + raw[place + 1 :]


def with_every_letter_changed(text: str) -> Iterator[str]:
    return (changed.decode("latin-1") for changed in with_every_byte_changed(text.encode("latin-1")))


# Event rows ---------------------------------------------------------------------------------------------------------

MAPPER = SealingMapper(FaithfulTranscoder(VALUES), TopicRegistry(AGGREGATES), bytes(range(32)))


def consent_rows(subject_id: UUID) -> list[StoredEvent]:
    """Two sealed rows of one stream: consent given, consent withdrawn."""
    consent = Consent.grant(subject_id, "enrollment", legal_basis="a", notice=("1", "ab"), act=numbered_act(0))
    consent.withdraw(reason="mine", act=numbered_act(1))
    return [MAPPER.to_stored_event(event) for event in consent.collect_events()]


ROWS = consent_rows(ANA) + consent_rows(BIA)
TOPICS = sorted(TopicRegistry(AGGREGATES)._aggregate_of)


def row_opens(row: StoredEvent) -> bool:
    return opens(lambda: MAPPER.to_domain_event(row), SealBrokenError)


def test_the_rows_that_are_broken_below_open_as_they_are() -> None:
    assert [row_opens(row) for row in ROWS] == [True] * 4
    assert len(TOPICS) > 30


def test_any_byte_of_an_events_state_is_sealed() -> None:
    row = ROWS[0]
    survivors = [state for state in with_every_byte_changed(row.state) if row_opens(replace(row, state=state))]

    assert survivors == []


def test_an_event_cut_short_or_made_longer_does_not_open() -> None:
    row = ROWS[0]
    cut = [row.state[:length] for length in range(len(row.state))]
    longer = [row.state + bytes([byte]) for byte in BYTES]

    assert [state for state in cut + longer if row_opens(replace(row, state=state))] == []


def test_any_byte_of_an_events_stream_id_is_sealed() -> None:
    row = ROWS[0]
    ids = [UUID(bytes=raw) for raw in with_every_byte_changed(UUID(str(row.originator_id)).bytes)]

    assert [stream for stream in ids if row_opens(replace(row, originator_id=stream))] == []


def test_any_byte_of_an_events_version_is_sealed() -> None:
    row = ROWS[0]
    raw = row.originator_version.to_bytes(8, "big", signed=True)
    versions = [int.from_bytes(changed, "big", signed=True) for changed in with_every_byte_changed(raw)]

    assert [version for version in versions if row_opens(replace(row, originator_version=version))] == []


def test_an_events_topic_is_sealed_also_against_every_other_topic_that_is_ours() -> None:
    row = ROWS[0]
    topics = [*with_every_letter_changed(row.topic), *(topic for topic in TOPICS if topic != row.topic), ""]

    assert [topic for topic in topics if row_opens(replace(row, topic=topic))] == []


@pytest.mark.parametrize(
    "columns",
    [["state"], ["originator_id"], ["originator_version"], ["topic"], ["originator_id", "originator_version"]],
    ids="+".join,
)
def test_two_events_of_one_stream_or_of_two_do_not_open_with_columns_swapped(columns: list[str]) -> None:
    def swapped(one: StoredEvent, other: StoredEvent) -> StoredEvent:
        taken: Any = {name: getattr(other, name) for name in columns}
        return replace(one, **taken)

    pairs = [(one, swapped(one, other)) for one, other in permutations(ROWS, 2)]

    assert [changed for one, changed in pairs if changed != one and row_opens(changed)] == []


@given(
    row=st.sampled_from(ROWS),
    version=st.integers(-(2**63), 2**63 - 1),
    stream=st.uuids(),
    topic=st.sampled_from(TOPICS),
)
def test_an_event_opens_at_its_own_place_and_at_no_other(
    row: StoredEvent, version: int, stream: UUID, topic: str
) -> None:
    for moved in (
        replace(row, originator_version=version),
        replace(row, originator_id=stream),
        replace(row, topic=topic),
        replace(row, originator_version=version, originator_id=stream, topic=topic),
    ):
        assert row_opens(moved) == (moved == row)


# Data keys, sealed values, templates --------------------------------------------------------------------------------


class Safe:
    """A vault over a ring of two generations, with the data keys of two people."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.data_keys = MemoryDataKeyStore()
        self.vault = EnvelopeVault(ring, self.data_keys)
        former = wrapped(ring, ALICE, bytes(32)).kek_id
        ring.change(with_kek)
        self.keks = [former, ring.active_kek()]
        self.data_keys.activate(ring.active_kek())
        for owner in (ALICE, BOB):
            self.vault.create_key(owner)
        self.binding = Binding(ALICE, "enrollment.template", UUID(int=3), "sface+fr@1", "t-1")
        self.sealed = self.vault.seal(self.binding, b"a template")

    def kept(self, owner: str) -> WrappedKey:
        found = self.data_keys.get(owner)
        assert found is not None
        return WrappedKey(owner, *found)

    def opens_with(self, row: WrappedKey) -> bool:
        """Whether anything can be opened or sealed once that row stands where Alice's does."""
        before = self.kept(ALICE)
        self.data_keys._keys[ALICE] = WrappedKey(ALICE, row.kek_id, row.wrapped)
        try:
            return any(
                opens(call, SealBrokenError, KeyRingError)
                for call in (
                    lambda: self.vault.unseal(self.binding, self.sealed),
                    lambda: self.vault.seal(self.binding, b"another"),
                )
            )
        finally:
            self.data_keys._keys[ALICE] = before


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Safe:
    return Safe(KeyRing.open(tmp_path_factory.mktemp("safe") / "ring.json"))


def test_the_data_key_that_is_broken_below_opens_as_it_is(safe: Safe) -> None:
    assert safe.opens_with(safe.kept(ALICE))
    assert safe.vault.unseal(safe.binding, safe.sealed) == b"a template"


def test_any_byte_of_a_wrapped_data_key_is_sealed(safe: Safe) -> None:
    row = safe.kept(ALICE)
    survivors = [raw for raw in with_every_byte_changed(row.wrapped) if safe.opens_with(replace(row, wrapped=raw))]

    assert survivors == []


def test_the_key_that_wraps_a_data_key_cannot_be_renamed(safe: Safe) -> None:
    row = safe.kept(ALICE)
    names = [*with_every_letter_changed(row.kek_id), *(kek for kek in safe.keks if kek != row.kek_id), ""]

    assert len(names) > 255 * 10
    assert [name for name in names if safe.opens_with(replace(row, kek_id=name))] == []


def test_two_data_keys_swapped_open_nothing(safe: Safe) -> None:
    assert not safe.opens_with(safe.kept(BOB))
    assert not safe.opens_with(replace(safe.kept(BOB), kek_id=safe.keks[0]))


@given(raw=st.binary(max_size=100), kek=st.integers(0, 1))
def test_no_other_bytes_are_a_data_key(safe: Safe, raw: bytes, kek: int) -> None:
    assert not safe.opens_with(WrappedKey(ALICE, safe.keks[kek], raw))


def value_opens(safe: Safe, binding: Binding, sealed: str) -> bool:
    return opens(lambda: safe.vault.unseal(binding, sealed), SealBrokenError, KeyDestroyedError)


def elsewhere(safe: Safe, name: str, value: Any) -> Binding:
    changed: Any = {name: value}
    return replace(safe.binding, **changed)


def test_any_letter_of_a_sealed_value_is_sealed(safe: Safe) -> None:
    survivors = [text for text in with_every_letter_changed(safe.sealed) if value_opens(safe, safe.binding, text)]

    assert survivors == []


@pytest.mark.parametrize("name", [field.name for field in fields(Binding)])
@given(data=st.data())
def test_a_sealed_value_opens_nowhere_but_in_its_place(safe: Safe, name: str, data: st.DataObject) -> None:
    places: Any = {"owner": TEXT | st.just(BOB), "template_id": st.none() | st.uuids()}.get(name, TEXT)
    value = data.draw(places)
    assume(value != getattr(safe.binding, name))

    assert not value_opens(safe, elsewhere(safe, name, value), safe.sealed)


def test_every_letter_of_a_place_counts(safe: Safe) -> None:
    moved = [
        elsewhere(safe, name, text)
        for name in ("owner", "field", "model", "transform")
        for text in with_every_letter_changed(getattr(safe.binding, name))
    ]
    moved += [replace(safe.binding, template_id=UUID(bytes=raw)) for raw in with_every_byte_changed(UUID(int=3).bytes)]

    assert [place for place in moved if value_opens(safe, place, safe.sealed)] == []


def test_values_of_one_person_or_of_two_do_not_open_swapped(safe: Safe) -> None:
    places = [Binding(owner, f"enrollment.{name}") for owner in (ALICE, BOB) for name in ("user_id", "username")]
    sealed = [safe.vault.seal(place, b"value") for place in places]

    assert all(value_opens(safe, place, text) for place, text in zip(places, sealed, strict=True))
    assert not any(value_opens(safe, place, text) for i, place in enumerate(places) for text in sealed[:i])
    assert not any(value_opens(safe, place, text) for i, place in enumerate(places) for text in sealed[i + 1 :])


def template_opens(safe: Safe, subject_id: UUID, template: SealedTemplate) -> bool:
    return opens(lambda: open_template(safe.vault, subject_id, template), SealBrokenError, KeyDestroyedError)


def test_a_template_pasted_over_another_is_nobodys(safe: Safe) -> None:
    face = Embedding(ModelId("memory/4"), np.array([1, 0, 0, 0], np.float32), "t-1")
    ana, newer, bia = (
        seal_template(safe.vault, subject_id, UUID(int=number), face)
        for number, subject_id in enumerate((ANA, ANA, BIA), start=10)
    )
    pasted = [
        (BIA, ana),
        (ANA, bia),
        (ANA, replace(ana, sealed=newer.sealed)),
        (ANA, replace(newer, sealed=ana.sealed)),
        (BIA, replace(bia, sealed=ana.sealed)),
        (ANA, replace(ana, sealed=bia.sealed)),
        (ANA, replace(ana, template_id=newer.template_id)),
        (ANA, replace(ana, model=ModelId("memory/5"))),
        (ANA, replace(ana, transform="t-2")),
        (ANA, replace(ana, transform="")),
    ]

    assert [template_opens(safe, *own) for own in ((ANA, ana), (ANA, newer), (BIA, bia))] == [True] * 3
    assert [place for place in pasted if template_opens(safe, *place)] == []
