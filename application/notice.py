"""The privacy notice that a person reads before consenting: versioned and hashed, pt-BR first.

A house that never published one has the built-in version in force. Every sign-in asks which consents suffice, so the
series is kept in memory by the version of its stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from application.ports.event_store import EventStore
from domain.act import Act
from domain.consent import Consent
from domain.errors import ConcurrencyError, ConsentRenewalNeededError, NotFoundError
from domain.notice import BASES, CONSENT, FRAUD_PREVENTION, Notice, Notices, Published

if TYPE_CHECKING:
    from application.services import Services

TRIES: Final = 5
"""Somebody else may publish at the same moment."""

BUILT_IN: Final = Notice(
    version="2026-11",
    pt_br=(
        "Reconhecimento facial para entrar no sistema de prontuários. O hospital transforma de 5 a 10 fotos do seu "
        "rosto em um modelo numérico cifrado; as fotos são apagadas na hora e nada sai do hospital. O modelo serve "
        "somente para reconhecer você ao entrar. Cada tentativa fica registrada, sem imagem. Você não é obrigado a "
        "aceitar: a senha continua disponível. Você pode retirar o consentimento a qualquer momento, de graça; o "
        "reconhecimento para na mesma hora. Você pode pedir acesso, correção, portabilidade e exclusão ao "
        "encarregado de dados do hospital."
    ),
    en=(
        "Face recognition for signing in to the medical record system. The hospital turns 5 to 10 pictures of your "
        "face into an encrypted numeric template; the pictures are erased at once and nothing leaves the hospital. "
        "The template serves only to recognise you when you sign in. Every attempt is recorded, without images. You "
        "need not accept: the password remains. You may withdraw your consent at any time, free of charge; "
        "recognition stops at once. You may ask the hospital's data protection officer for access, correction, "
        "portability and deletion."
    ),
)


@dataclass(slots=True)
class NoticeShelf:
    """The series as it was last read."""

    _kept: Notices | None = None
    _lock: Lock = field(default_factory=Lock)

    def series(self, store: EventStore) -> list[Published]:
        """Return what this house published, oldest first, strongly consistent. Raises ``UnavailableError``."""
        kept = self.kept(store)
        return [] if kept is None else list(kept.published)

    def kept(self, store: EventStore) -> Notices | None:
        """Return the series, strongly consistent; None where there is none yet. Raises ``UnavailableError``."""
        series_id = Notices.create_id()
        version = store.versions([series_id]).get(series_id, 0)
        if not version:
            return None
        with self._lock:
            kept = self._kept
        if kept is None or kept.version < version:
            kept = store.get(Notices, series_id)
            with self._lock:
                self._kept = kept
        return kept


def in_force(services: Services) -> Notice:
    """Return the notice in force. Raises ``UnavailableError``."""
    series = services.notices.series(services.store)
    return series[-1].notice if series else BUILT_IN


def known(services: Services) -> list[tuple[Notice, Published | None]]:
    """Return every notice there ever was, oldest first; the built-in one was not published by anybody."""
    series = services.notices.series(services.store)
    return [(BUILT_IN, None), *((published.notice, published) for published in series)]


def of_version(services: Services, version: str) -> Notice:
    """Return the notice of that version. Raises ``NotFoundError``."""
    for notice, _ in known(services):
        if notice.version == version:
            return notice
    raise NotFoundError("there is no notice of that version; faceauth notice list shows them")


def standing(services: Services) -> Notices:
    """Return the series as it is, to be held unchanged while somebody is let in under it; not to be saved.

    Where nobody ever published, one that was never kept stands for it: the first notice to come changes that.
    """
    kept = services.notices.kept(services.store)
    if kept is not None:
        return kept
    act = services.act("service", "worker")
    return Notices(notice=BUILT_IN, sha256=BUILT_IN.sha256, act=act, timestamp=act.at)


def publish(services: Services, notice: Notice, *, act: Act) -> Notice:
    """Put a notice in force. Raises ``InvalidInputError``, ``NoticeVersionTakenError``, ``ConcurrencyError``."""
    for tries_left in reversed(range(TRIES)):
        try:
            try:
                series = services.store.get(Notices, Notices.create_id())
                series.publish(notice, built_in=BUILT_IN, act=act)
            except NotFoundError:
                series = Notices.begin(notice, built_in=BUILT_IN, act=act)
            services.store.save(series)
        except ConcurrencyError:
            if not tries_left:
                raise
        else:
            break
    return notice


def deadline(series: list[Published], version: str) -> datetime | None:
    """Return when consents to that version stop serving: the first deadline of a material change after it.

    A version that nobody knows is taken for older than any.
    """
    place = next((i for i, published in enumerate(series) if published.notice.version == version), -1)
    return min((due for later in series[place + 1 :] if (due := later.deadline) is not None), default=None)


def check_suffices(services: Services, *given: Consent) -> None:
    """Raise ``ConsentRenewalNeededError`` where the notice changed materially since, and the days of grace are over.

    Where the purpose does not rest on consent any more nothing has to be given anew: an objection ends the record.
    """
    series, now = services.notices.series(services.store), services.clock.now()
    for consent in given:
        _check_suffices(series, consent, now)


def _check_suffices(series: list[Published], consent: Consent, now: datetime) -> None:
    if not series or series[-1].notice.basis(consent.purpose).code != CONSENT:
        return
    if consent.legal_basis == BASES[FRAUD_PREVENTION]:
        # Who was informed and not asked has not consented, and now that is the basis.
        raise ConsentRenewalNeededError(f"{consent.purpose} rests on consent now: ask for it")
    due = deadline(series, consent.notice_version)
    if due is not None and now >= due:
        raise ConsentRenewalNeededError(f"the notice has changed: ask for the consent to {consent.purpose} again")
