"""A PKCS#11 token that says no, goes away, or is used by somebody else at the same time."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.crypto import pkcs11_token
from adapters.crypto.pkcs11_keks import Pkcs11Keks
from adapters.crypto.pkcs11_token import TokenAddress
from domain.errors import KeyRingError, KeysReadOnlyError, SealBrokenError
from tests.softhsm import SoftToken

pytestmark = pytest.mark.hsm

ROOT = Path(__file__).parents[2]


@pytest.fixture
def address(soft_token: SoftToken, tmp_path: Path) -> TokenAddress:
    pin_file = tmp_path / "pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(soft_token.pin, encoding="utf-8")
    return TokenAddress(soft_token.module, soft_token.label, pin_file)


@pytest.fixture
def keks(address: TokenAddress) -> Iterator[Pkcs11Keks]:
    keks = Pkcs11Keks(address)
    yield keks
    keks.close()
    assert not pkcs11_token._tokens


@pytest.fixture
def key(keks: Pkcs11Keks) -> str:
    kek_id = f"kek-{secrets.token_hex(8)}"
    keks.create(kek_id)
    return kek_id


def session_of(keks: Pkcs11Keks) -> Any:
    return keks._token._session


def test_a_key_made_in_the_token_never_leaves_it(keks: Pkcs11Keks, key: str) -> None:
    import pkcs11  # noqa: PLC0415 - optional

    made = keks._token.key(session_of(keks), key)

    assert made[pkcs11.Attribute.SENSITIVE]
    assert not made[pkcs11.Attribute.EXTRACTABLE]
    assert made[pkcs11.Attribute.LOCAL]
    assert made.key_length == 256
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        made[pkcs11.Attribute.VALUE]


def test_a_label_that_is_taken_makes_no_second_key(keks: Pkcs11Keks, key: str) -> None:
    wrapped = keks.wrap(key, b"a data key", b"context")

    with pytest.raises(KeyRingError, match="label already"):
        keks.create(key)
    assert keks.unwrap(key, wrapped, b"context") == b"a data key"


def test_a_session_that_was_lost_is_opened_anew(keks: Pkcs11Keks, key: str) -> None:
    wrapped = keks.wrap(key, b"a data key", b"context")

    session_of(keks).close()
    assert keks.unwrap(key, wrapped, b"context") == b"a data key"
    keks._token._pkcs11.lib(str(keks._address.module)).finalize()
    assert keks.unwrap(key, wrapped, b"context") == b"a data key"
    session_of(keks).close()
    with pytest.raises(SealBrokenError):
        keks.unwrap(key, wrapped, b"another context")


def test_a_token_that_is_closed_to_us_is_not_taken_for_an_empty_one(keks: Pkcs11Keks, key: str) -> None:
    def log_out() -> None:
        public = session_of(keks).token.open(rw=True)
        session_of(keks).close()
        keks._token._session, keks._token._handles = public, {}

    log_out()
    assert keks.holds(key)
    log_out()
    keks.destroy(key)

    assert not keks.holds(key)


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(address: TokenAddress, soft_token: SoftToken) -> None:
    wrong = "5550-wrong-pin"
    address.pin_file.write_text(wrong, encoding="utf-8")
    keks = Pkcs11Keks(address)
    tried: list[str] = []

    class Counting:
        def __init__(self, token: Any) -> None:
            self._token = token

        def open(self, **how: Any) -> Any:
            tried.append(how["user_pin"])
            return self._token.open(**how)

    logged_in = keks._token._logged_in
    keks._token._logged_in = lambda token: logged_in(Counting(token))  # type: ignore[method-assign]
    for _ in range(5):
        with pytest.raises(KeyRingError, match="refuses the PIN") as refused:
            keks.holds("kek-1")
        chain = [refused.value, refused.value.__cause__, refused.value.__context__, keks, keks._token]
        assert not [thing for thing in chain if wrong in f"{thing} {thing!r}"]
    assert tried == [wrong]

    address.pin_file.write_text(f"  {soft_token.pin}\n", encoding="utf-8")
    assert not keks.holds("kek-1")
    keks.close()


def test_a_missing_token_is_named(address: TokenAddress) -> None:
    keks = Pkcs11Keks(replace(address, label="nowhere"))

    with pytest.raises(KeyRingError, match=r"no token labelled nowhere: .*FACEAUTH_PKCS11_TOKEN"):
        keks.holds("kek-1")
    keks.close()


def test_a_pin_file_that_went_away_is_a_fault_of_the_ring(keks: Pkcs11Keks, address: TokenAddress) -> None:
    address.pin_file.unlink()

    with pytest.raises(KeyRingError, match=r"FACEAUTH_PKCS11_PIN_FILE: .* cannot be read"):
        keks.holds("kek-1")


def test_a_key_that_the_token_does_not_let_go_is_left_to_its_own_tool(keks: Pkcs11Keks, key: str) -> None:
    pkcs11 = keks._pkcs11
    kept = f"{key}-kept"
    template = {pkcs11.Attribute.DESTROYABLE: False}
    session_of(keks).generate_key(pkcs11.KeyType.AES, 256, label=kept, store=True, template=template)

    with pytest.raises(KeysReadOnlyError, match="the device's own tool"):
        keks.destroy(kept)
    assert keks.holds(kept)


def test_a_device_that_fails_is_not_taken_for_a_changed_value(
    keks: Pkcs11Keks, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = keks.wrap(key, b"a data key", b"context")

    def fail(*_: Any) -> bytes:
        raise keks._pkcs11.exceptions.GeneralError

    monkeypatch.setattr(keks, "_decrypted", fail)
    with pytest.raises(KeyRingError, match="GeneralError"):
        keks.unwrap(key, wrapped, b"context")


def test_two_users_of_one_token_do_not_log_each_other_out(keks: Pkcs11Keks, key: str, address: TokenAddress) -> None:
    other = Pkcs11Keks(address)
    wrapped = other.wrap(key, b"a data key", b"context")
    session = session_of(keks)

    other.close()
    other.close()

    assert keks.unwrap(key, wrapped, b"context") == b"a data key"
    assert session_of(keks) is session


DESTROYER = """
import sys
from pathlib import Path
from adapters.crypto.pkcs11_keks import Pkcs11Keks
from adapters.crypto.pkcs11_token import TokenAddress
keks = Pkcs11Keks(TokenAddress(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
assert keks.holds(sys.argv[4])
keks.destroy(sys.argv[4])
"""


def test_a_key_that_another_process_destroyed_opens_nothing_here(
    keks: Pkcs11Keks, key: str, address: TokenAddress
) -> None:
    wrapped = keks.wrap(key, b"a data key", b"context")

    subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", DESTROYER, address.module, address.label, address.pin_file, key], cwd=ROOT, check=True
    )

    assert not keks.holds(key)
    with pytest.raises(KeyRingError, match="does not hold a key"):
        keks.unwrap(key, wrapped, b"context")
