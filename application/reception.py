"""Take security events of the hospital's identity provider: each once, in order per subject, all on record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from application.ports.signal_verifier import Reception, Signal
from application.services import Services
from application.signal_effects import (
    ACCEPTED,
    SUSPENDED_INSTEAD,
    UNKNOWN_SUBJECT,
    UNSUPPORTED,
    WITHOUT_SUBJECT,
    effect_of,
)
from application.signal_subjects import About, about
from domain.act import Act
from domain.errors import ConcurrencyError, NotFoundError, SignalRefusedError
from domain.journal import DONE, REFUSED, JournalEntry, daily_id

KIND: Final = "signal"
"""Kind of the journal's entries."""

IGNORED: Final = "ignored"
DUPLICATE: Final = "duplicate"
DOING: Final = frozenset({ACCEPTED, SUSPENDED_INSTEAD})
ACTOR: Final = "transmitter"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:faceauth:signal")
_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a token: ``code`` is accepted, duplicate, or why it was ignored."""

    jti: str
    code: str
    position: int | None = None


def receive(services: Services, reception: Reception, token: bytes, *, channel: str) -> Received:
    """Verify a token and do what it says; when this returns it is done, and on record.

    Raises ``SignalRefusedError`` (recorded), and whatever means that it could not be done now: send it again.
    """
    return handle(services, reception, verified(services, reception, token, channel=channel), channel=channel)


def verified(services: Services, reception: Reception, token: bytes, *, channel: str) -> Signal:
    """Return what a token says. Raises ``SignalRefusedError`` (recorded) and ``UnavailableError``."""
    try:
        return reception.verifier.verify(token)
    except SignalRefusedError as error:
        record_refusal(services, error.reason, channel=channel)
        raise


def handle(services: Services, reception: Reception, signal: Signal, *, channel: str) -> Received:
    """Do what a verified token says, unless it is on record already.

    The record of the token is what keeps it from being done twice. It is written last: whatever is cut off is done
    again when the token comes again, and everything done here may be done again. Raises what means "not now".
    """
    entry_id = _entry_id(signal)
    if _recorded(services, entry_id):
        return Received(signal.jti, DUPLICATE)
    act = services.act(ACTOR, channel, cause=entry_id)
    named = about(services, reception, signal.subject)
    with services.store.mutex(f"signal:{named.subject_id or entry_id}"):
        if _recorded(services, entry_id):
            return Received(signal.jti, DUPLICATE)
        codes = {
            kind: _apply(services, reception, named, kind, payload, act) for kind, payload in signal.events.items()
        }
        return _record(services, signal, entry_id, named, codes, act)


def record_refusal(services: Services, reason: str, *, channel: str) -> None:
    """Record that a token was refused: once a minute for each reason, for anybody can send us anything."""
    act = services.act("anonymous", channel)
    entry_id = daily_id(KIND, f"refused|{reason}|{act.at:%H:%M}", act.at)
    if not _recorded(services, entry_id):
        entry = JournalEntry.record(entry_id, KIND, outcome=REFUSED, code=reason, act=act)
        _save_once(services, entry)


def _apply(
    services: Services, reception: Reception, named: About, kind: str, payload: Mapping[str, Any], act: Act
) -> str:
    effect = effect_of(kind)
    if effect is None:
        return UNSUPPORTED
    if named.subject_id is None and kind not in WITHOUT_SUBJECT:
        return UNKNOWN_SUBJECT
    try:
        return effect(services, reception, named, payload, act)
    except NotFoundError:  # gone by now, or never enrolled
        return UNKNOWN_SUBJECT


def _record(
    services: Services, signal: Signal, entry_id: UUID, named: About, codes: Mapping[str, str], act: Act
) -> Received:
    done = [code for code in codes.values() if code in DOING]
    code = (done or [*codes.values()])[0]
    facts = {
        "jti": _digest(signal.jti),
        "issued_at": signal.issued_at.isoformat(),
        "outcome": ACCEPTED if done else IGNORED,
        # An event type of somebody else's making could name anybody.
        "events": " ".join(_short(kind) if effect_of(kind) else f"other:{_digest(kind)[:8]}" for kind in codes),
    }
    if named.session is not None:
        facts["session"] = str(named.session.id)
    entry = JournalEntry.record(
        entry_id,
        KIND,
        outcome=DONE,
        code="ok" if code == ACCEPTED else code,
        subject_id=named.subject_id,
        facts=facts,
        act=act,
    )
    position = _save_once(services, entry)
    return Received(signal.jti, DUPLICATE if position is None else code, position)


def _save_once(services: Services, entry: JournalEntry) -> int | None:
    try:
        return services.store.save(entry)
    except ConcurrencyError:  # another process was faster
        return None


def _recorded(services: Services, entry_id: UUID) -> bool:
    return bool(services.store.stream(entry_id))


def _entry_id(signal: Signal) -> UUID:
    return uuid5(_NAMESPACE, f"{_digest(signal.issuer)}|{_digest(signal.jti)}")


def _digest(value: str) -> str:
    """Return a digest of what a transmitter made up: it may hold a name."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def _short(event_type: str) -> str:
    return event_type.rsplit("/", 1)[-1]
