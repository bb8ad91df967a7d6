"""What every template vault promises."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.crypto.key_ring import KeyRing
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.clock import FixedClock
from adapters.memory.data_keys import MemoryDataKeyStore
from adapters.memory.keys import MemoryKeys
from adapters.memory.vault import MemoryVault
from application.ports.vault import Binding, subject_owner
from domain.errors import KeyDestroyedError, SealBrokenError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.vault import TemplateVault

ALICE = subject_owner(UUID("11111111-1111-4111-8111-111111111111"))
BOB = subject_owner(UUID("22222222-2222-4222-8222-222222222222"))
TEMPLATE = Binding(ALICE, "enrollment.template", UUID("33333333-3333-4333-8333-333333333333"), "sface+fr@1")


def envelope(ring: KeyRing, data_keys: MemoryDataKeyStore) -> EnvelopeVault:
    """A vault over a store that knows which key is in charge."""
    data_keys.activate(ring.active_kek())
    return EnvelopeVault(ring, data_keys)


@pytest.fixture(params=["envelope", "memory"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> TemplateVault:
    made: TemplateVault
    if request.param == "memory":
        made = MemoryVault(MemoryKeys(FixedClock()))
    else:
        made = envelope(KeyRing.open(tmp_path / "keys" / "ring.json"), MemoryDataKeyStore())
    made.create_key(ALICE)
    made.create_key(BOB)
    return made


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plaintext=st.binary(max_size=4096))
def test_any_bytes_come_back_as_they_were_sealed(vault: TemplateVault, plaintext: bytes) -> None:
    assert vault.unseal(TEMPLATE, vault.seal(TEMPLATE, plaintext)) == plaintext


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.text(st.characters(codec="utf-8")), model=st.text(st.characters(codec="utf-8")), cut=st.integers(1, 8))
def test_letters_cannot_move_from_one_part_of_the_binding_to_the_next(
    vault: TemplateVault, field: str, model: str, cut: int
) -> None:
    sealed = vault.seal(Binding(ALICE, field, model=model), b"value")
    joined = field + model
    moved = Binding(ALICE, joined[:cut], model=joined[cut:])

    if moved == Binding(ALICE, field, model=model):
        assert vault.unseal(moved, sealed) == b"value"
    else:
        with pytest.raises(SealBrokenError):
            vault.unseal(moved, sealed)


@pytest.mark.parametrize(
    "moved",
    [
        replace(TEMPLATE, owner=BOB),
        replace(TEMPLATE, field="enrollment.username"),
        replace(TEMPLATE, template_id=uuid4()),
        replace(TEMPLATE, template_id=None),
        replace(TEMPLATE, model="sface+fr@2"),
        replace(TEMPLATE, model=""),
    ],
    ids=["owner", "field", "template", "no template", "model", "no model"],
)
def test_a_sealed_value_opens_nowhere_else(vault: TemplateVault, moved: Binding) -> None:
    sealed = vault.seal(TEMPLATE, b"a template")

    with pytest.raises(SealBrokenError):
        vault.unseal(moved, sealed)


def test_a_sealed_value_with_any_character_changed_does_not_open(vault: TemplateVault) -> None:
    sealed = vault.seal(TEMPLATE, b"a template")

    for place, letter in enumerate(sealed):
        changed = sealed[:place] + ("A" if letter != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(SealBrokenError):
            vault.unseal(TEMPLATE, changed)


@pytest.mark.parametrize("text", ["", "s1.", "s1.AAAA", "s1.é", "s1.!!!!", "m1.", "{}", "s1." + "A" * 100])
def test_what_was_never_sealed_does_not_open(vault: TemplateVault, text: str) -> None:
    with pytest.raises(SealBrokenError):
        vault.unseal(TEMPLATE, text)


def test_padding_or_another_spelling_of_the_same_bytes_is_not_what_was_sealed(vault: TemplateVault) -> None:
    sealed = vault.seal(TEMPLATE, b"12")

    for spelling in (sealed + "=", sealed + "\n", " " + sealed):
        with pytest.raises(SealBrokenError):
            vault.unseal(TEMPLATE, spelling)


def test_the_same_value_sealed_twice_looks_different(vault: TemplateVault) -> None:
    assert vault.seal(TEMPLATE, b"same") != vault.seal(TEMPLATE, b"same")


def test_sealed_text_is_printable_and_shows_nothing_of_the_value(vault: TemplateVault) -> None:
    sealed = vault.seal(TEMPLATE, b"maria.souza" * 10)

    assert sealed.isascii()
    assert sealed.isprintable()
    assert "maria" not in sealed
    assert "11111111" not in sealed


def test_what_a_destroyed_key_sealed_is_gone(vault: TemplateVault) -> None:
    sealed = vault.seal(TEMPLATE, b"a template")

    vault.destroy_key(ALICE)

    with pytest.raises(KeyDestroyedError):
        vault.unseal(TEMPLATE, sealed)
    with pytest.raises(KeyDestroyedError):
        vault.seal(TEMPLATE, b"another")


def test_a_destroyed_key_is_never_made_again(vault: TemplateVault) -> None:
    vault.destroy_key(ALICE)
    vault.destroy_key(ALICE)

    with pytest.raises(KeyDestroyedError):
        vault.create_key(ALICE)


def test_destroying_one_key_leaves_the_others(vault: TemplateVault) -> None:
    binding = replace(TEMPLATE, owner=BOB)
    sealed = vault.seal(binding, b"bob")

    vault.destroy_key(ALICE)

    assert vault.unseal(binding, sealed) == b"bob"


def test_creating_a_key_twice_keeps_the_first(vault: TemplateVault) -> None:
    sealed = vault.seal(TEMPLATE, b"a template")

    vault.create_key(ALICE)

    assert vault.unseal(TEMPLATE, sealed) == b"a template"


def test_an_owner_without_a_key_can_neither_seal_nor_open(vault: TemplateVault) -> None:
    stranger = replace(TEMPLATE, owner="epoch:2030-01")

    with pytest.raises(KeyDestroyedError):
        vault.seal(stranger, b"a value")
    with pytest.raises(KeyDestroyedError):
        vault.unseal(stranger, vault.seal(TEMPLATE, b"a value"))


def test_spellings_of_one_username_have_one_digest(vault: TemplateVault) -> None:
    digests = {
        vault.digest("username", spelling) for spelling in ("Jose", " jose\n", "\uff2a\uff2f\uff33\uff25", "JOSE")
    }

    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_digests_of_different_values_or_kinds_differ(vault: TemplateVault) -> None:
    assert vault.digest("username", "ana") != vault.digest("username", "anna")
    assert vault.digest("username", "ana") != vault.digest("user_id", "ana")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=())))
def test_any_text_has_a_digest_even_a_broken_one(vault: TemplateVault, value: str) -> None:
    assert vault.digest("username", value) == vault.digest("username", f" {value} ")


def test_the_digest_is_keyed_by_the_ring(tmp_path: Path) -> None:
    vaults = [envelope(KeyRing.open(tmp_path / name / "ring.json"), MemoryDataKeyStore()) for name in ("a", "b")]

    assert vaults[0].digest("username", "ana") != vaults[1].digest("username", "ana")


def test_a_key_destroyed_by_another_process_serves_no_longer(tmp_path: Path) -> None:
    ring, data_keys = KeyRing.open(tmp_path / "keys" / "ring.json"), MemoryDataKeyStore()
    here, elsewhere = envelope(ring, data_keys), envelope(ring, data_keys)
    here.create_key(ALICE)
    sealed = here.seal(TEMPLATE, b"a template")
    assert here.unseal(TEMPLATE, sealed) == b"a template"

    elsewhere.destroy_key(ALICE)

    with pytest.raises(KeyDestroyedError):
        here.unseal(TEMPLATE, sealed)


def test_a_data_key_pasted_under_another_owner_does_not_open(tmp_path: Path) -> None:
    data_keys, pasted = MemoryDataKeyStore(), MemoryDataKeyStore()
    ring = KeyRing.open(tmp_path / "keys" / "ring.json")
    envelope(ring, data_keys).create_key(ALICE)
    kept = data_keys.get(ALICE)
    assert kept is not None
    pasted.activate(kept[0])
    pasted.insert(BOB, *kept)

    with pytest.raises(SealBrokenError):
        envelope(ring, pasted).seal(replace(TEMPLATE, owner=BOB), b"a value")


def test_the_key_store_never_sees_a_data_key(tmp_path: Path) -> None:
    data_keys = MemoryDataKeyStore()
    ring = KeyRing.open(tmp_path / "keys" / "ring.json")
    envelope(ring, data_keys).create_key(ALICE)

    kept = data_keys.get(ALICE)

    assert kept is not None
    kek_id, wrapped = kept
    assert kek_id == ring.active_kek()
    assert len(wrapped) == 12 + 32 + 16


def test_two_processes_that_create_a_key_at_once_agree_on_one(tmp_path: Path) -> None:
    class SlowReader(MemoryDataKeyStore):
        """Answers the first look-up as if the other process had not written yet."""

        blind = True

        def get(self, owner: str) -> tuple[str, bytes] | None:
            if self.blind:
                self.blind = False
                return None
            return super().get(owner)

    data_keys, ring = SlowReader(), KeyRing.open(tmp_path / "keys" / "ring.json")
    vault = envelope(ring, data_keys)
    data_keys.insert(ALICE, ring.active_kek(), of_the_other := os.urandom(60))

    vault.create_key(ALICE)

    kept = data_keys.get(ALICE)
    assert kept is not None
    assert kept[1] == of_the_other
