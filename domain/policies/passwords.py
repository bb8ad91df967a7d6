"""What a password must be like, and where it is not enough (NIST SP 800-63B-4, section 3.1.1)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Final

from domain.errors import InvalidInputError, PasswordRejectedError
from domain.roles import EVERYWHERE

LONGEST_INPUT: Final = 1024
"""Characters that are looked at at all."""
LONGEST_USERNAME: Final = 100
SHORTEST_UNIT: Final = 4
"""A password that repeats fewer characters than this is no password, however long."""
LEFT_WITHOUT_USERNAME: Final = 8
"""Characters that must be left of a password when the username is taken out of it."""

_COMMON: Final = (
    "0123456789 1234567890 123456789 12345678 87654321 11111111 abcdefgh abcdefghijklmnopqrstuvwxyz "
    "abcd1234 abc12345 1q2w3e4r 1qaz2wsx qwertyui qwertyuiop qwerty123 asdfghjkl zxcvbnm qazwsxedc "
    "password passw0rd p@ssw0rd password1 password123 password1234 senha senha123 senha1234 senhasegura "
    "minhasenha mudar123 trocar123 brasil brasil123 hospital hospital123 hospital1234 enfermagem medico "
    "medicina cardiologia admin administrador administrator welcome bemvindo letmein iloveyou eutealmo "
    "teamo princesa flamengo corinthians palmeiras saopaulo vascodagama faceauth changeme default "
    "temporary temporaria correcthorsebatterystaple football baseball sunshine superman "
)
BLOCKED: Final = frozenset(_COMMON.split())
"""Common passwords, without white space and case-folded; repeating one does not make it another."""

_SPACES: Final = "Zs"
_NEVER: Final = frozenset({"Cc", "Cs", "Co", "Cn"})


def prepared(password: str) -> str:
    """Return a password in the one form in which it is hashed and compared: the profile OpaqueString (RFC 8265, 4.2).

    Other spaces become U+0020, then NFC; nothing is stripped, and no case or width is mapped. Raises
    ``InvalidInputError`` for what is nobody's password: empty, longer than ``LONGEST_INPUT``, or with control
    characters, surrogates or code points that no text has.
    """
    text = "".join(" " if unicodedata.category(c) == _SPACES else c for c in password[: LONGEST_INPUT + 1])
    text = unicodedata.normalize("NFC", text)
    if not text or len(text) > LONGEST_INPUT or any(unicodedata.category(c) in _NEVER for c in text):
        raise InvalidInputError(f"a password has 1 to {LONGEST_INPUT} characters, none of them control characters")
    return text


def check_username(username: str) -> str:
    """Return a username that somebody could have. Raises ``InvalidInputError`` for any other, whoever there is."""
    if not username.strip() or len(username) > LONGEST_USERNAME or any(_no_name(character) for character in username):
        raise InvalidInputError(f"username takes 1 to {LONGEST_USERNAME} printable characters")
    return username


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """Lengths in characters (code points). No rules of composition, no expiry: both make passwords worse.

    ``min_characters`` where a password alone signs in, ``min_characters_with_face`` in ``mfa_departments`` (names, or
    "*"), where it only ever comes after a face. ``ticket_lifetime``: from the face to the password;
    ``second_factor_tries``: wrong passwords after one face.
    """

    min_characters: int = 15
    min_characters_with_face: int = 8
    max_characters: int = 256
    mfa_departments: frozenset[str] = field(default_factory=frozenset)
    ticket_lifetime: timedelta = timedelta(minutes=2)
    second_factor_tries: int = 3

    def needs_face(self, department: str) -> bool:
        """Say whether face and password are both required there."""
        return bool(self.mfa_departments & {department, EVERYWHERE})

    def long_enough(self, password: str, department: str) -> bool:
        """Say whether a password, ``prepared``, is long enough for that department."""
        return len(password) >= self._shortest(department)

    def check(self, password: str, *, username: str, department: str) -> str:
        """Return a new password, ``prepared``. Raises ``InvalidInputError``, ``PasswordRejectedError``."""
        text = prepared(password)
        if not self._shortest(department) <= len(text) <= self.max_characters:
            raise PasswordRejectedError(
                f"a password has {self._shortest(department)} to {self.max_characters} characters"
            )
        folded = "".join(text.casefold().split())
        unit = _unit(folded)
        if len(unit) < SHORTEST_UNIT or unit in BLOCKED or _row(unit):
            raise PasswordRejectedError("that password is among the first to be guessed: choose another one")
        name = "".join(unicodedata.normalize("NFC", username).casefold().split())
        if name and name in folded and len(folded.replace(name, "")) < LEFT_WITHOUT_USERNAME:
            raise PasswordRejectedError("that password is made of the username: choose another one")
        return text

    def _shortest(self, department: str) -> int:
        return self.min_characters_with_face if self.needs_face(department) else self.min_characters


def _unit(text: str) -> str:
    """Return the shortest text whose repetition, cut anywhere, gives ``text``."""
    return next(
        (text[:n] for n in range(1, len(text)) if text[:n] * (len(text) // n) + text[: len(text) % n] == text), text
    )


def _row(text: str) -> bool:
    """Say whether every character is the next, or the one before, of its neighbour: 12345..., zyx..."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})


def _no_name(character: str) -> bool:
    return unicodedata.category(character).startswith("C")
