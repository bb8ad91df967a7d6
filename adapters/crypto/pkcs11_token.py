"""A PKCS#11 token as one process uses it: one session with one login, shared by all who name the same token.

A login belongs to the process, not to a session: where one session logs out, all of them see an empty token. So there
is one session per token here, it ends with the last of its users, and "there is no such key" is believed only of a
token that has just proven that it is open.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from domain.errors import ConfigurationError, KeyRingError

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")

MAX_PIN_BYTES: Final = 4096
AES_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """Where a token is: the vendor's module (a shared library), the token's label, the file that holds the PIN."""

    module: Path
    label: str
    pin_file: Path


class Token:
    """An open token. Safe from several threads; neither the PIN nor any key appears in ``repr`` or errors.

    Get one from ``shared_token`` and give it back with ``release``.
    """

    def __init__(self, address: TokenAddress) -> None:
        """Take the address; the token is opened when it is first used. Raises ``ConfigurationError``."""
        self._pkcs11 = pkcs11_package()
        self._address = address
        self._lock = RLock()
        self._session: Any = None
        self._handles: dict[str, Any] = {}
        self._refused: tuple[int, ...] = ()
        self.users = 0

    def use(self, work: Callable[[Any], Found]) -> Found:
        """Return what ``work`` makes of the session; a session that was lost is opened anew, once, and it runs again.

        Raises ``KeyRingError`` where the device fails again, and what ``work`` raises by itself.
        """
        with self._lock:
            try:
                return work(self._opened())
            except self._pkcs11.exceptions.PKCS11Error:
                self.close()
            try:
                return work(self._opened())
            except self._pkcs11.exceptions.PKCS11Error as error:
                self.close()
                raise self._failure(error) from None

    def key(self, session: Any, kek_id: str) -> Any:
        """Return the key with that label. Raises ``KeyRingError`` where there is none, or more than one."""
        if kek_id not in self._handles:
            found = self.labelled(session, kek_id)
            if not found:
                raise KeyRingError(
                    f"the token {self._address.label} does not hold a key that is needed ({kek_id:.63}): restore the "
                    "token's backup, or name the right token in FACEAUTH_PKCS11_TOKEN"
                )
            if len(found) > 1:
                raise KeyRingError(f"the token {self._address.label} holds two keys of one label ({kek_id:.63})")
            self._handles[kek_id] = found[0]
        return self._handles[kek_id]

    def labelled(self, session: Any, kek_id: str) -> list[Any]:
        """Return the secret keys with that label; none is an answer only of a token that is open to us."""
        attribute = self._pkcs11.Attribute
        wanted = {attribute.CLASS: self._pkcs11.ObjectClass.SECRET_KEY, attribute.LABEL: kek_id}
        found = list(session.get_objects(wanted))
        if not found:
            self._prove_open(session)
            found = list(session.get_objects(wanted))
        return found

    def forget(self, kek_id: str) -> None:
        """Let go of the handle of a key."""
        self._handles.pop(kek_id, None)

    def close(self) -> None:
        """End the session; the next use opens another. Idempotent."""
        with self._lock:
            session, self._session, self._handles = self._session, None, {}
            if session is not None:
                with contextlib.suppress(self._pkcs11.exceptions.PKCS11Error):
                    session.close()

    def _opened(self) -> Any:
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> Any:
        exceptions, address = self._pkcs11.exceptions, self._address
        try:
            token = self._pkcs11.lib(str(address.module)).get_token(token_label=address.label)
        except exceptions.NoSuchToken:
            raise KeyRingError(
                f"there is no token labelled {address.label}: is the device there, and FACEAUTH_PKCS11_TOKEN right?"
            ) from None
        except exceptions.MultipleTokensReturned:
            raise KeyRingError(
                f"there are two tokens labelled {address.label}: give one of them another label"
            ) from None
        except (exceptions.PKCS11Error, OSError) as error:
            raise self._failure(error) from None
        return self._logged_in(token)

    def _logged_in(self, token: Any) -> Any:
        # A wrong PIN is tried once: a token counts, and locks itself for good.
        exceptions, stamp = self._pkcs11.exceptions, self._pin_stamp()
        refusal = KeyRingError(
            f"the token {self._address.label} refuses the PIN of FACEAUTH_PKCS11_PIN_FILE, which is not tried again: "
            "correct the file (a token that counted too many wrong ones needs its security officer)"
        )
        if stamp and stamp == self._refused:
            raise refusal
        try:
            return token.open(rw=True, user_pin=self._pin())
        except exceptions.UserAlreadyLoggedIn:
            return token.open(rw=True)
        except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange):
            self._refused = stamp
            raise refusal from None
        except (exceptions.PinLocked, exceptions.PinExpired, exceptions.UserPinNotInitialized):
            raise KeyRingError(
                f"the PIN of the token {self._address.label} is locked, expired or not set: its security officer can "
                "set a new one"
            ) from None
        except exceptions.PKCS11Error as error:
            raise self._failure(error) from None

    def _pin_stamp(self) -> tuple[int, ...]:
        with contextlib.suppress(OSError):
            status = self._address.pin_file.stat()
            return status.st_ino, status.st_mtime_ns, status.st_size
        return ()

    def _pin(self) -> str:
        try:
            return read_pin(self._address.pin_file)
        except ConfigurationError as error:
            raise KeyRingError(str(error)) from None

    def _prove_open(self, session: Any) -> None:
        # Only who is logged in may make a private object; this one lives in the session and nowhere else.
        attribute = self._pkcs11.Attribute
        closed = {attribute.PRIVATE: True, attribute.SENSITIVE: True, attribute.EXTRACTABLE: False}
        session.generate_key(self._pkcs11.KeyType.AES, AES_BITS, store=False, template=closed).destroy()

    def _failure(self, error: Exception) -> KeyRingError:
        kind = type(error).__name__
        return KeyRingError(
            f"the token {self._address.label} cannot be used ({kind}): check the device, FACEAUTH_PKCS11_MODULE "
            f"({self._address.module}) and FACEAUTH_PKCS11_TOKEN"
        )


_tokens: Final[dict[tuple[Path, str], Token]] = {}
_tokens_lock: Final = Lock()


def shared_token(address: TokenAddress) -> Token:
    """Return the token of that module and label, one for the whole process. Raises ``ConfigurationError``."""
    with _tokens_lock:
        token = _tokens.get((address.module, address.label))
        if token is None:
            token = _tokens[address.module, address.label] = Token(address)
        token.users += 1
        return token


def release(address: TokenAddress) -> None:
    """Give a token back; it is closed behind its last user."""
    with _tokens_lock:
        token = _tokens[address.module, address.label]
        token.users -= 1
        if not token.users:
            del _tokens[address.module, address.label]
            token.close()


def pkcs11_package() -> Any:
    """Return the package ``pkcs11``. Raises ``ConfigurationError`` where it is not installed."""
    try:
        import pkcs11  # noqa: PLC0415 - optional
        import pkcs11.exceptions  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "FACEAUTH_KEYS=pkcs11 needs the package python-pkcs11: run pip install 'faceauth[hsm]'"
        ) from None
    return pkcs11


def read_pin(path: Path) -> str:
    """Return the PIN that a file holds, without blanks around it.

    Raises ``ConfigurationError`` where the file is missing, empty, no text, or within reach of other users.
    """
    pin = ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(f"FACEAUTH_PKCS11_PIN_FILE: others may read the PIN: run chmod 600 {path}")
            if stat.S_ISREG(mode):
                pin = file.read(MAX_PIN_BYTES).decode(errors="replace").strip()
    except OSError as error:
        raise ConfigurationError(f"FACEAUTH_PKCS11_PIN_FILE: {path} cannot be read: {error.strerror}") from None
    if not pin or "\ufffd" in pin:
        raise ConfigurationError(f"FACEAUTH_PKCS11_PIN_FILE: {path} holds no PIN")
    return pin
