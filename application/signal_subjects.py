"""Whom a security event is about: subject identifiers (RFC 9493) as we understand them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeGuard
from uuid import UUID

from application.accounts import USERNAME, find_subject
from application.ports.signal_verifier import Reception
from application.services import Services
from domain.errors import NotFoundError, SealBrokenError
from domain.session import Session

MAX_VALUE: Final = 400
"""Characters of an identifier; ours are shorter."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what an event is about, as far as it is known here."""

    subject_id: UUID | None = None
    session: Session | None = None


def about(services: Services, reception: Reception, subject: Mapping[str, Any]) -> About:
    """Return whom a subject identifier names, simple or complex (Shared Signals 1.0, section 3.2).

    A session of ours also tells whose it is; one that belongs to somebody else than the named user is nobody's.
    """
    user, session = subject.get("user"), subject.get("session")
    if not isinstance(user, Mapping) and not isinstance(session, Mapping):
        return About(_subject_id(services, reception, subject))
    subject_id = _subject_id(services, reception, user) if isinstance(user, Mapping) else None
    ours = _session(services, session) if isinstance(session, Mapping) else None
    if ours is None:
        return About(subject_id)
    if isinstance(user, Mapping) and subject_id != ours.subject_id:
        return About(subject_id)
    return About(ours.subject_id, ours)


def _subject_id(services: Services, reception: Reception, named: Mapping[str, Any]) -> UUID | None:
    kind, own = reception.subject_kind, reception.own_issuer
    match named.get("format"):
        case "iss_sub":
            issuer, value = named.get("iss"), named.get("sub")
            if issuer == own:
                return _behind_pseudonym(services, reception, value)
            return _claimed(services, kind, value) if issuer == reception.issuer else None
        case "opaque":
            value = named.get("id")
            return _claimed(services, kind, value) or _behind_pseudonym(services, reception, value)
        case "email" if kind == USERNAME:
            return _claimed(services, kind, named.get("email"))
        case "account" if kind == USERNAME:
            uri = named.get("uri")
            return _claimed(services, kind, uri.removeprefix("acct:")) if isinstance(uri, str) else None
        case _:
            return None


def _claimed(services: Services, kind: str, value: object) -> UUID | None:
    return find_subject(services, kind, value) if _plausible(value) else None


def _behind_pseudonym(services: Services, reception: Reception, value: object) -> UUID | None:
    """Return whose pairwise subject that is: each is derived from its subject, so it is looked for among all."""
    if not _plausible(value) or len(value) != len(reception.pseudonym(UUID(int=0))):
        return None  # most are the transmitter's own, of people who were never here
    services.projector.catch_up()
    tables = ("account_rows", "enrollment_rows")
    known = {row["subject_id"] for table in tables for row in services.read_models.rows(table)}
    wanted = value.encode(errors="replace")
    return next((s for s in known if hmac.compare_digest(reception.pseudonym(s).encode(), wanted)), None)


def _session(services: Services, named: Mapping[str, Any]) -> Session | None:
    value = named.get("id") if named.get("format") == "opaque" else named.get("sub")
    with suppress(ValueError, NotFoundError, SealBrokenError):
        return services.store.get(Session, UUID(value)) if isinstance(value, str) else None
    return None


def _plausible(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_VALUE
