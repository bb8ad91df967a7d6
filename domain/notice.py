"""The privacy notices of the house: every version that was ever in force, and the terms under which it asks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.consent import PURPOSES
from domain.errors import InvalidInputError, NoticeOutdatedError, NoticeVersionTakenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.act import Act

CONSENT: Final = "consent"
FRAUD_PREVENTION: Final = "fraud_prevention"
BASES: Final = {
    CONSENT: "LGPD art. 11, I (consentimento)",
    FRAUD_PREVENTION: 'LGPD art. 11, II, "g" (prevenção à fraude e segurança do titular)',
}
"""Legal bases by their codes, as they stand in every record."""

MAX_CHARACTERS: Final = 60_000
"""Of one language; a notice is read by people."""
MAX_DAYS: Final = 3650
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SERIES: Final = UUID("0f6ac1de-1d0f-4f6e-9d57-1c5c2b8a7a10")


@dataclass(frozen=True, slots=True)
class Basis:
    """Why one purpose may be pursued. A basis other than consent has a balancing test: its sha256 (hex) and date."""

    purpose: str
    code: str = CONSENT
    test_sha256: str = ""
    test_on: str = ""

    @property
    def text(self) -> str:
        """The basis as records name it."""
        return BASES[self.code]

    def check(self) -> None:
        """Raise ``InvalidInputError`` for an unknown purpose or basis, or a balancing test that is missing."""
        if self.purpose not in PURPOSES or self.code not in BASES:
            raise InvalidInputError(f"a basis is PURPOSE=BASIS, of {', '.join(PURPOSES)} and {', '.join(BASES)}")
        if self.code == CONSENT:
            if self.test_sha256 or self.test_on:
                raise InvalidInputError("consent takes no balancing test")
            return
        if not _DIGEST.fullmatch(self.test_sha256) or not _is_date(self.test_on):
            raise InvalidInputError("a basis other than consent needs its balancing test: sha256 and date (YYYY-MM-DD)")


@dataclass(frozen=True, slots=True)
class Notice:
    """One version: both texts (Markdown), and the terms. Days are whole days; None is without an end.

    ``material``: consents to earlier versions stop serving ``grace_days`` after publication. ``consent_days``: how long
    a consent to this version serves. ``retention_days``: how long data are kept after the last use, as the text says.
    """

    version: str
    pt_br: str = field(repr=False)
    en: str = field(repr=False)
    material: bool = False
    grace_days: int = 0
    consent_days: int | None = None
    retention_days: int | None = None
    bases: list[Basis] = field(default_factory=lambda: [Basis(purpose) for purpose in PURPOSES])

    @property
    def sha256(self) -> str:
        """Hex digest of the texts as they were shown: pt-BR, a blank line, English; UTF-8."""
        return hashlib.sha256(f"{self.pt_br}\n\n{self.en}".encode()).hexdigest()

    @property
    def text(self) -> tuple[str, str]:
        """What a consent says that it was given to: version and digest."""
        return self.version, self.sha256

    @property
    def asks_consent(self) -> bool:
        """Whether any purpose rests on consent."""
        return any(basis.code == CONSENT for basis in self.bases)

    def basis(self, purpose: str) -> Basis:
        """Return on what that purpose rests."""
        return next(basis for basis in self.bases if basis.purpose == purpose)

    def expires_at(self, purpose: str, given_at: datetime) -> datetime | None:
        """Return when a consent given then stops serving, None for never. What is no consent has no such end."""
        if self.consent_days is None or self.basis(purpose).code != CONSENT:
            return None
        return given_at + timedelta(days=self.consent_days)

    def check_accepted(self, version: str) -> None:
        """Raise ``NoticeOutdatedError`` unless that is this version."""
        if version != self.version:
            raise NoticeOutdatedError(f"the notice in force is {self.version}; show it and ask again")

    def check(self) -> None:
        """Raise ``InvalidInputError`` for anything that could not be shown, or that would not hold."""
        if not _VERSION.fullmatch(self.version):
            raise InvalidInputError("a version has 1 to 40 letters, digits, dots, dashes or underscores")
        for name, text in (("pt-BR", self.pt_br), ("English", self.en)):
            if not text.strip() or len(text) > MAX_CHARACTERS:
                raise InvalidInputError(f"the {name} text has 1 to {MAX_CHARACTERS} characters")
            if any(ord(c) < ord(" ") and c not in "\n\t" for c in text):
                raise InvalidInputError(f"the {name} text holds control characters")
        for name, days, least in (
            ("grace", self.grace_days, 0),
            ("consent", self.consent_days, 1),
            ("retention", self.retention_days, 1),
        ):
            if days is not None and not least <= days <= MAX_DAYS:
                raise InvalidInputError(f"{name} days are {least} to {MAX_DAYS}")
        if self.grace_days and not self.material:
            raise InvalidInputError("days of grace belong to a material change")
        if sorted(basis.purpose for basis in self.bases) != sorted(PURPOSES):
            raise InvalidInputError(f"each purpose has one basis: {', '.join(PURPOSES)}")
        for basis in self.bases:
            basis.check()


@dataclass(frozen=True, slots=True)
class Published:
    """A notice, when it came into force and by whom (an opaque actor)."""

    notice: Notice
    at: datetime
    by: str

    @property
    def deadline(self) -> datetime | None:
        """When consents to earlier versions stop serving; None: never."""
        return self.at + timedelta(days=self.notice.grace_days) if self.notice.material else None


class Notices(Aggregate):
    """The one series of notices of a house; the newest is in force."""

    TOPIC: ClassVar[str] = "notices"

    @event("Created", topic="notices.published.v1")
    def __init__(self, notice: Notice, sha256: str, act: Act, timestamp: datetime) -> None:
        self.published = [Published(notice, timestamp, act.actor)]

    @staticmethod
    def create_id() -> UUID:
        """Return the one id that there is."""
        return uuid5(_SERIES, "notices")

    @classmethod
    def begin(cls, notice: Notice, *, built_in: Notice, act: Act) -> Notices:
        """Publish the first notice of the house's own. Raises as ``publish`` does."""
        _check_new(notice, [built_in])
        return cls(notice=notice, sha256=notice.sha256, act=act, timestamp=act.at)

    def publish(self, notice: Notice, *, built_in: Notice, act: Act) -> None:
        """Put another notice in force. Raises ``InvalidInputError``, ``NoticeVersionTakenError``."""
        _check_new(notice, [built_in, *(published.notice for published in self.published)])
        self._replaced(notice=notice, sha256=notice.sha256, act=act, timestamp=act.at)

    @event("Replaced", topic="notices.replaced.v1")
    def _replaced(self, notice: Notice, sha256: str, act: Act, timestamp: datetime) -> None:
        self.published = [*self.published, Published(notice, timestamp, act.actor)]


def _check_new(notice: Notice, known: Sequence[Notice]) -> None:
    notice.check()
    if notice.version.lower() in {other.version.lower() for other in known}:
        raise NoticeVersionTakenError(f"there is a notice {notice.version} already: a version is never used twice")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
