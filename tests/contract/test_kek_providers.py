"""What every provider of key-encryption keys promises, by itself and under a ring."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.crypto.keeper import RingKeeper
from adapters.crypto.kek_provider import ENVIRONMENT, FILE, PKCS11
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.data_keys import MemoryDataKeyStore
from application.ports.vault import Binding
from application.rekey import rotate_keks
from domain.errors import KeyDestroyedError, KeyRingError, KeysReadOnlyError, SealBrokenError
from entrypoints.key_providers import provider_factory
from tests.house import build_house
from tests.key_operator import KeyOperator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapters.crypto.kek_provider import KekProvider

OWNER, OTHER = "subject:ana", "subject:rui"
TEMPLATE = Binding(OWNER, "enrollment.template", None, "sface@1")


@pytest.fixture(params=[FILE, ENVIRONMENT, pytest.param(PKCS11, marks=pytest.mark.hsm)])
def operator(request: pytest.FixtureRequest) -> Iterator[KeyOperator]:
    token = request.getfixturevalue("soft_token") if request.param == PKCS11 else None
    operator = KeyOperator(request.param, token)
    operator.offer()
    yield operator
    operator.close()


@pytest.fixture
def provider(operator: KeyOperator) -> KekProvider:
    return operator.start()


@pytest.fixture
def key(operator: KeyOperator, provider: KekProvider) -> str:
    return operator.new_key(provider)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


def rotated(operator: KeyOperator, path: Path, data_keys: MemoryDataKeyStore) -> KeyRing:
    """A ring under a new key, the former one destroyed, as an operator does it: with restarts in between."""
    operator.offer()
    ring = operator.ring(path)
    keeper, former = RingKeeper(ring, data_keys), ring.active_kek()
    keeper.add_kek()
    while keeper.rewrap():
        pass
    operator.withdraw(former)
    ring = operator.ring(path)
    RingKeeper(ring, data_keys).destroy_kek(former)
    return ring


def test_the_provider_says_which_one_it_is(operator: KeyOperator, provider: KekProvider) -> None:
    assert provider.name == provider_factory(operator.settings()).name == operator.name


@pytest.mark.parametrize("size", [0, 1, 32, 5000])
def test_what_a_key_wraps_opens_with_it(provider: KekProvider, key: str, size: int) -> None:
    value = secrets.token_bytes(size)
    wrapped = provider.wrap(key, value, b"context")

    assert len(wrapped) == 12 + size + 16
    assert provider.unwrap(key, wrapped, b"context") == value


def test_the_same_value_wrapped_twice_looks_different(provider: KekProvider, key: str) -> None:
    assert provider.wrap(key, b"a data key", b"context") != provider.wrap(key, b"a data key", b"context")


@pytest.mark.parametrize("context", [b"", b"contexts", b"Context", b"contex"])
def test_a_value_opens_in_its_own_context_only(provider: KekProvider, key: str, context: bytes) -> None:
    wrapped = provider.wrap(key, b"a data key", b"context")

    with pytest.raises(SealBrokenError):
        provider.unwrap(key, wrapped, context)


def test_any_changed_bit_is_refused(provider: KekProvider, key: str) -> None:
    wrapped = provider.wrap(key, secrets.token_bytes(32), b"context")

    for place in range(8 * len(wrapped)):
        changed = bytearray(wrapped)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(SealBrokenError):
            provider.unwrap(key, bytes(changed), b"context")


def test_any_part_or_extension_of_a_value_is_refused(provider: KekProvider, key: str) -> None:
    wrapped = provider.wrap(key, secrets.token_bytes(32), b"context")

    for other in (*(wrapped[:size] for size in range(len(wrapped))), wrapped[1:], wrapped + b"\0", b"\0" + wrapped):
        with pytest.raises(SealBrokenError):
            provider.unwrap(key, other, b"context")


def test_a_value_does_not_open_with_another_key(operator: KeyOperator, provider: KekProvider, key: str) -> None:
    wrapped = provider.wrap(key, b"a data key", b"context")
    operator.offer()
    again = operator.start()
    other = operator.new_key(again)

    assert again.unwrap(key, wrapped, b"context") == b"a data key"
    with pytest.raises(SealBrokenError):
        again.unwrap(other, wrapped, b"context")


def test_a_key_that_is_not_there_neither_wraps_nor_opens(provider: KekProvider, key: str) -> None:
    wrapped = provider.wrap(key, b"a data key", b"context")

    assert provider.holds(key)
    assert not provider.holds("kek-nobody")
    with pytest.raises(KeyRingError):
        provider.wrap("kek-nobody", b"a data key", b"context")
    with pytest.raises(KeyRingError):
        provider.unwrap("kek-nobody", wrapped, b"context")


def test_a_process_that_starts_later_holds_the_same_keys(
    operator: KeyOperator, provider: KekProvider, key: str
) -> None:
    wrapped = provider.wrap(key, b"a data key", b"context")
    provider.close()
    provider.close()

    assert operator.start().unwrap(key, wrapped, b"context") == b"a data key"


def test_a_destroyed_key_is_gone_for_good_and_destroying_it_again_is_nothing(
    operator: KeyOperator, provider: KekProvider, key: str
) -> None:
    wrapped = provider.wrap(key, b"a data key", b"context")
    operator.offer()
    other = operator.new_key(operator.start())
    operator.withdraw(key)
    here = operator.start()

    here.destroy(key)
    here.destroy(key)

    del operator.remembered[key]
    for process in (here, operator.start()):
        assert not process.holds(key)
        assert process.holds(other)
        with pytest.raises(KeyRingError):
            process.unwrap(key, wrapped, b"context")


def test_every_new_key_has_an_id_of_its_own(operator: KeyOperator, provider: KekProvider, key: str) -> None:
    operator.offer()
    again = operator.start()

    assert operator.new_key(again) != key
    assert provider.holds(key)


def test_several_threads_use_one_provider(provider: KekProvider, key: str) -> None:
    def there_and_back(number: int) -> bool:
        value = secrets.token_bytes(32)
        wrapped = provider.wrap(key, value, b"%d" % number)
        with pytest.raises(SealBrokenError):
            provider.unwrap(key, wrapped, b"another")
        return provider.unwrap(key, wrapped, b"%d" % number) == value

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(200)))


def test_a_ring_opens_again_with_the_same_keys(operator: KeyOperator, path: Path) -> None:
    first = operator.ring(path)
    again = operator.ring(path)

    assert first.document.provider == operator.name
    assert again.active_kek() == first.active_kek()
    assert again.document.secrets == first.document.secrets


def test_only_the_file_provider_leaves_secrets_in_the_ring_file(operator: KeyOperator, path: Path) -> None:
    operator.ring(path)
    document = json.loads(path.read_text())

    in_the_clear = "secrets" in document and "key" in document["keks"][0]
    assert in_the_clear == (operator.name == FILE)
    assert ("sealed_secrets" in document) == (operator.name != FILE)


def test_a_ring_outlives_the_key_that_first_sealed_its_secrets(operator: KeyOperator, path: Path) -> None:
    first, data_keys = operator.ring(path), MemoryDataKeyStore()
    vault = EnvelopeVault(first, data_keys)
    RingKeeper(first, data_keys)
    vault.create_key(OWNER)
    sealed = vault.seal(TEMPLATE, b"a template")

    for _ in range(3):
        rotated(operator, path, data_keys)

    last = operator.ring(path)
    assert last.document.secrets == first.document.secrets
    assert [entry.state for entry in last.document.keks] == ["destroyed"] * 3 + ["active"]
    assert EnvelopeVault(last, data_keys).unseal(TEMPLATE, sealed) == b"a template"


def test_a_running_process_follows_a_rotation_that_another_one_did(operator: KeyOperator, path: Path) -> None:
    data_keys = MemoryDataKeyStore()
    maker = operator.ring(path)
    RingKeeper(maker, data_keys)
    EnvelopeVault(maker, data_keys).create_key(OWNER)
    sealed = EnvelopeVault(maker, data_keys).seal(TEMPLATE, b"a template")
    operator.offer()
    running = operator.ring(path)

    keeper = RingKeeper(operator.ring(path), data_keys)
    keeper.add_kek()
    keeper.rewrap()

    assert EnvelopeVault(running, data_keys).unseal(TEMPLATE, sealed) == b"a template"


def test_a_ring_of_another_provider_is_refused_with_the_remedy(operator: KeyOperator, path: Path) -> None:
    operator.ring(path)
    content = path.read_bytes()
    others = {FILE: KeyOperator(FILE), ENVIRONMENT: KeyOperator(ENVIRONMENT)}
    others[ENVIRONMENT].offer()
    others.pop(operator.name, None)

    for other in others.values():
        with pytest.raises(KeyRingError, match=f"set FACEAUTH_KEYS={operator.name}") as refused:
            other.ring(path)
        assert refused.value.code == "key_ring"
    assert path.read_bytes() == content


@pytest.mark.parametrize("operator", [ENVIRONMENT, pytest.param(PKCS11, marks=pytest.mark.hsm)], indirect=True)
def test_a_key_that_counts_as_destroyed_and_is_back_stops_the_ring(operator: KeyOperator, path: Path) -> None:
    first = operator.ring(path)
    former, back = first.active_kek(), dict(operator.variable)
    rotated(operator, path, MemoryDataKeyStore())
    if operator.name == ENVIRONMENT:
        operator.variable = back | operator.variable
    else:
        operator.start().create(former)

    with pytest.raises(KeyRingError, match=f"{former} counts as destroyed"):
        operator.ring(path)
    operator.withdraw(former)
    if operator.name == PKCS11:
        operator.start().destroy(former)
    operator.ring(path)


def test_a_rotation_replaces_the_key_of_everything_and_makes_erasures_final(operator: KeyOperator, path: Path) -> None:
    data_keys, house = MemoryDataKeyStore(), build_house()

    def restart() -> EnvelopeVault:
        ring = operator.ring(path)
        vault = EnvelopeVault(ring, data_keys)
        house.services = replace(house.services, keys=RingKeeper(ring, data_keys), vault=vault)
        return vault

    vault = restart()
    former = house.services.keys.status().keks[0].key_id
    for owner in (OWNER, OTHER):
        vault.create_key(owner)
    sealed = vault.seal(TEMPLATE, b"a template")
    vault.destroy_key(OTHER)

    if operator.name == ENVIRONMENT:
        with pytest.raises(KeysReadOnlyError, match="add id=key"):
            rotate_keks(house.services, act=house.act())
        operator.offer()
        restart()
        done = rotate_keks(house.services, act=house.act())
        assert (done.rewrapped, done.destroyed, done.final) == (1, [], [])
        assert f"take {former} out of FACEAUTH_KEKS" in done.kept[former]
        operator.withdraw(former)
        restart()

    done = rotate_keks(house.services, act=house.act())
    vault = restart()

    assert (done.destroyed, done.kept, done.final, done.broken) == ([former], {}, [OTHER], 0)
    assert vault.unseal(TEMPLATE, sealed) == b"a template"
    with pytest.raises(KeyDestroyedError):
        vault.seal(replace(TEMPLATE, owner=OTHER), b"a template")


def test_neither_keys_nor_a_pin_show_in_what_is_printed_or_raised(
    operator: KeyOperator, path: Path, provider: KekProvider, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings, ring = operator.settings(), operator.ring(path)
    said = [repr(thing) for thing in (settings, provider_factory(settings), provider, ring, ring.provider)]
    said += [str(settings), str(settings.model_dump()), caplog.text]
    wrapped = provider.wrap(key, b"a data key", b"context")
    for fault in (
        lambda: provider.unwrap(key, wrapped[:-1], b"context"),
        lambda: provider.wrap("kek-nobody", b"a data key", b"context"),
        lambda: provider.create(key),
        lambda: provider.destroy(key),
    ):
        try:
            fault()
        except (KeyRingError, KeysReadOnlyError, SealBrokenError) as error:
            said += [str(error), repr(error), repr(error.__context__), repr(error.__cause__)]

    secret = [
        *operator.variable.values(),
        *(value for entry in operator.remembered.values() for value in entry.values()),
    ]
    secret += [operator.token.pin] if operator.token else []
    assert secret
    assert not [word for word in secret for text in said if word in text]
