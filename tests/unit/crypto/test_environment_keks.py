from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from adapters.crypto.environment_keks import EnvironmentKeks, KeksOfVariable, parsed
from adapters.crypto.keeper import RingKeeper
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.ring_document import _mac, _secrets_out
from adapters.memory.data_keys import MemoryDataKeyStore
from domain.errors import ConfigurationError, KeyRingDamagedError, KeyRingError, KeysReadOnlyError

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


def ring_of(path: Path, variable: str) -> KeyRing:
    return KeyRing.open(path, make_provider=KeksOfVariable(variable))


@pytest.mark.parametrize("between", [",", " ", "\n", ", ", " ,\t,\n"])
def test_entries_stand_between_commas_or_blanks(between: str) -> None:
    keys = parsed(f" first={ONE}{between}se.co_n-d2={TWO}{between}")

    assert {kek_id: bytes(key) for kek_id, key in keys.items()} == {"first": b"\1" * 32, "se.co_n-d2": b"\2" * 32}
    assert list(keys) == ["first", "se.co_n-d2"]


@pytest.mark.parametrize(
    "entry",
    [
        "secret",
        f"={TWO}",
        f"-secret={TWO}",
        f"sécret={TWO}",
        f"{'s' * 64}={TWO}",
        "secret=",
        "secret=é",
        f"secret={TWO[:-1]}",
        f"secret={TWO}=",
        f"secret={TWO[4:]}",
        f"secret={base64.b64encode(bytes(33)).decode()}",
        f"secret={'!' * 44}",
    ],
)
def test_a_malformed_entry_is_named_by_its_place_and_by_nothing_else(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_KEKS: entry 2 is not id=key") as refused:
        parsed(f"first={ONE}, {entry}, third={THREE}")

    assert "secret" not in str(refused.value)
    assert TWO[:10] not in str(refused.value)
    assert refused.value.__context__ is None


def test_an_id_or_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="entry 3 has the id of an entry before it"):
        parsed(f"a={ONE} b={TWO} a={THREE}")
    with pytest.raises(ConfigurationError, match="entry 2 has the key of an entry before it") as refused:
        parsed(f"a={ONE} b={ONE}")
    assert ONE not in str(refused.value)


@pytest.mark.parametrize("variable", ["", " , \n"])
def test_a_variable_without_keys_is_refused(variable: str) -> None:
    with pytest.raises(ConfigurationError, match="names no key"):
        parsed(variable)


def test_the_last_key_of_the_variable_is_the_next_one() -> None:
    keks = EnvironmentKeks(f"a={ONE} b={TWO}", {})

    assert keks.next_id() == "b"
    assert keks.create("b") == {}
    with pytest.raises(KeysReadOnlyError, match=r"add id=key .* at its end, restart .* 'faceauth keys rotate' again"):
        keks.next_id()


def test_a_new_key_before_the_last_one_is_not_taken_for_the_next() -> None:
    with pytest.raises(KeysReadOnlyError, match="at its end"):
        EnvironmentKeks(f"new={ONE} b={TWO}", {"b": {}}).next_id()


def test_a_key_that_the_variable_does_not_name_cannot_be_made() -> None:
    with pytest.raises(KeysReadOnlyError):
        EnvironmentKeks(f"a={ONE}", {}).create("b")


def test_a_key_that_the_variable_still_names_does_not_count_as_destroyed(path: Path) -> None:
    ring_of(path, f"a={ONE}")
    ring = ring_of(path, f"a={ONE} b={TWO}")
    keeper = RingKeeper(ring, MemoryDataKeyStore())
    keeper.add_kek()
    content = path.read_bytes()

    with pytest.raises(KeysReadOnlyError, match="take a out of FACEAUTH_KEKS"):
        keeper.destroy_kek("a")
    assert path.read_bytes() == content
    assert ring.provider.holds("a")


def test_keys_are_zeroed_when_they_are_let_go_of() -> None:
    keks = EnvironmentKeks(f"a={ONE} b={TWO}", {})
    buffers = list(keks._keys.values())

    keks.close()

    assert [bytes(buffer) for buffer in buffers] == [bytes(32)] * 2
    assert not keks.holds("a")
    with pytest.raises(KeyRingError):
        keks.wrap("a", b"a data key", b"context")


def test_a_key_that_is_needed_and_not_named_is_asked_for_by_its_id(path: Path) -> None:
    ring_of(path, f"a={ONE}")

    with pytest.raises(KeyRingError, match=r"does not name a key that is needed \(a\): put it back"):
        ring_of(path, f"b={TWO}")


def test_another_key_under_a_known_id_is_noticed(path: Path) -> None:
    ring_of(path, f"a={ONE}")

    with pytest.raises(KeyRingDamagedError, match="does not open with the key a"):
        ring_of(path, f"a={TWO}")


def test_a_process_that_still_names_a_destroyed_key_says_so_and_does_not_follow(path: Path) -> None:
    running, data_keys = ring_of(path, f"a={ONE} b={TWO}"), MemoryDataKeyStore()
    assert running.active_kek() == "b"
    RingKeeper(ring_of(path, f"b={TWO} c={THREE}"), data_keys).add_kek()
    RingKeeper(ring_of(path, f"c={THREE}"), data_keys).destroy_kek("b")

    with pytest.raises(KeyRingError):
        running.refresh()
    with pytest.raises(KeyRingError, match="b counts as destroyed"):
        ring_of(path, f"b={TWO} c={THREE}")


def test_secrets_in_the_clear_are_not_taken_from_a_ring_that_seals_them(path: Path) -> None:
    ring = ring_of(path, f"a={ONE}")
    document = json.loads(path.read_text())
    del document["sealed_secrets"], document["mac"]
    document["secrets"] = _secrets_out(ring.document.secrets)
    document["mac"] = _mac(document, ring.store_key)
    path.write_text(json.dumps(document))

    with pytest.raises(KeyRingDamagedError):
        ring_of(path, f"a={ONE}")
