"""What a security event of the hospital's identity provider does here. Done twice, it does the same as once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from application import accounts, rotate
from application.campaigns import open_campaign
from application.consent import live_enrollment
from application.ports.signal_verifier import Reception
from application.second_factor import void_tickets
from application.services import Services
from application.sessions import revoke_sessions
from application.signal_subjects import About
from application.signals.mapping import CAEP, RISC, SSF
from domain.act import Act, reason_code
from domain.enrollment import ACTIVE, SUSPENDED, Enrollment
from domain.errors import (
    ConcurrencyError,
    InProgressError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
    UsernameTakenError,
)
from domain.rotation import MODEL_UPGRADE, SUBJECT, TRANSFORM_RENEWAL
from domain.session import OPEN

ACCEPTED: Final = "accepted"
SUSPENDED_INSTEAD: Final = "suspended_instead"
"""Done, in another way: a template that could not be rotated now serves no more."""

UNKNOWN_SUBJECT: Final = "unknown_subject"
UNSUPPORTED: Final = "unsupported_event"
PASSWORD: Final = "password"  # noqa: S105 - a kind of credential
FACE: Final = frozenset({"face", "biometric", ""})
"""Kinds of credential that are our own; RISC 1.0, section 2.7, leaves the list open, and may leave the kind out."""

Effect = Callable[[Services, Reception, About, Mapping[str, Any], Act], str]
"""Takes the payload; returns a code: accepted, or why nothing was done. Raises what is to be tried again."""


def effect_of(event_type: str) -> Effect | None:
    """Return what an event type does, None for one that means nothing here."""
    return _EFFECTS.get(event_type)


def _acknowledge(_s: Services, _r: Reception, _about: About, _payload: Mapping[str, Any], _act: Act) -> str:
    return ACCEPTED


def _end_session(services: Services, _r: Reception, about: About, _payload: Mapping[str, Any], act: Act) -> str:
    """CAEP 1.0, section 3.1: the session that is named, else all of the subject's."""
    session = about.session
    if session is None:
        accounts.end_sessions(services, _subject(about), reason="signal", act=act)
    elif session.status == OPEN:
        services.projector.catch_up()
        revoke_sessions(services, {"session_id": session.id}, reason="signal", act=act)
    return ACCEPTED


def _end_all(services: Services, _r: Reception, about: About, _payload: Mapping[str, Any], act: Act) -> str:
    accounts.end_sessions(services, _subject(about), reason="signal", act=act)
    return ACCEPTED


def _disable(services: Services, _r: Reception, about: About, _payload: Mapping[str, Any], act: Act) -> str:
    accounts.suspend(services, _subject(about), reason="account_disabled", act=act)
    return ACCEPTED


def _enable(services: Services, _r: Reception, about: About, _payload: Mapping[str, Any], act: Act) -> str:
    accounts.reinstate(services, _subject(about), reason="account_enabled", act=act)
    return ACCEPTED


def _purge(services: Services, _r: Reception, about: About, _payload: Mapping[str, Any], act: Act) -> str:
    accounts.purge(services, _subject(about), reason="account_purged", act=act)
    return ACCEPTED


def _compromised(services: Services, _r: Reception, about: About, payload: Mapping[str, Any], act: Act) -> str:
    """RISC 1.0, section 2.7: nothing that was got with the credential stands, and the credential itself goes."""
    subject_id, kind = _subject(about), _text(payload, "credential_type")
    void_tickets(services, subject_id, reason="credential_compromise", act=act)
    accounts.end_sessions(services, subject_id, reason="credential_compromise", act=act)
    if kind == PASSWORD:
        _take_password(services, subject_id, act)
    elif kind in FACE:
        return _rotate(services, subject_id, act)
    return ACCEPTED


def _credential_changed(services: Services, r: Reception, about: About, payload: Mapping[str, Any], act: Act) -> str:
    """CAEP 1.0, section 3.3: only a credential that was taken away means something here."""
    if _text(payload, "change_type") not in {"revoke", "delete"}:
        return "nothing_to_do"
    accounts.end_sessions(services, _subject(about), reason="credential_revoked", act=act)
    if _text(payload, "credential_type") == PASSWORD:
        _take_password(services, _subject(about), act)
    return _acknowledge(services, r, about, payload, act)


def _rename(services: Services, reception: Reception, about: About, payload: Mapping[str, Any], act: Act) -> str:
    """RISC 1.0, section 2.5: ``new-value`` is the new identifier, of the kind that the transmitter's subjects are."""
    value = payload.get("new-value")
    if not isinstance(value, str):
        return "no_new_value"
    try:
        accounts.rename(services, _subject(about), **{reception.subject_kind: value}, act=act)
    except UsernameTakenError:
        return "identifier_taken"
    except InvalidInputError:
        return "bad_new_value"
    return ACCEPTED


def _take_password(services: Services, subject_id: UUID, act: Act) -> None:
    for remaining in reversed(range(accounts.TRIES)):
        account = accounts.standing_account(services, subject_id)
        if account is None or not account.password_sealed:
            return
        account.set_password("", act=act)
        try:
            services.store.save(account)
        except ConcurrencyError:
            if not remaining:
                raise


def _rotate(services: Services, subject_id: UUID, act: Act) -> str:
    """Give the subject's template another transform, by a campaign of one.

    Where another campaign is open that waits for people, the enrolment stops serving instead, until an administrator
    reinstates it. Raises ``UnavailableError`` while one is running: it is over soon, and we are told again.
    """
    live = live_enrollment(services, subject_id)
    if live is None or live.status not in {ACTIVE, SUSPENDED}:
        return ACCEPTED
    try:
        campaign = open_campaign(services)
        if campaign is None:
            rotate.plan(services, reason=TRANSFORM_RENEWAL, scope=SUBJECT, value=str(subject_id), act=act)
        elif (campaign.scope, campaign.value) != (SUBJECT, str(subject_id)):
            if campaign.begun and campaign.reason != MODEL_UPGRADE:
                raise UnavailableError("another rotation campaign is running")
            return _stop_serving(services, live, act)
        rotate.run(services, act=act)
    except InProgressError:
        raise UnavailableError("another rotation campaign is running") from None
    services.index.catch_up(services.store.position())
    return ACCEPTED


def _stop_serving(services: Services, live: Enrollment, act: Act) -> str:
    if live.status == ACTIVE:
        live.suspend(reason="credential_compromise", act=act)
        services.index.catch_up(services.store.save(live))
    return SUSPENDED_INSTEAD


def _subject(about: About) -> UUID:
    if about.subject_id is None:
        raise NotFoundError("no such subject")
    return about.subject_id


def _text(payload: Mapping[str, Any], name: str) -> str:
    """Return a member of a payload as a code; "" where it is missing."""
    value = payload.get(name, "")
    return reason_code(value) if isinstance(value, str) and value else ""


_EFFECTS: Final[Mapping[str, Effect]] = {
    f"{CAEP}session-revoked": _end_session,
    f"{CAEP}credential-change": _credential_changed,
    f"{RISC}sessions-revoked": _end_all,
    f"{RISC}account-disabled": _disable,
    f"{RISC}account-enabled": _enable,
    f"{RISC}account-purged": _purge,
    f"{RISC}credential-compromise": _compromised,
    f"{RISC}identifier-changed": _rename,
    f"{SSF}verification": _acknowledge,
    f"{SSF}stream-updated": _acknowledge,
}

WITHOUT_SUBJECT: Final = frozenset({f"{SSF}verification", f"{SSF}stream-updated"})
"""What is about the stream and nobody."""
