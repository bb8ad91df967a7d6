"""How an attempt to sign in is told: where it comes from, what a frame brought, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from application.person import Person
from application.proving import DEVICE_REJECTED, DEVICE_REQUIRED
from application.services import Services
from application.sessions import Opened
from domain.errors import ConsentRenewalNeededError, LockedOutError, RateLimitedError
from domain.policies.liveness import PRESENTATION_ATTACK

HOLD_STILL: Final = "hold_still"
"""The one challenge of passive liveness, and the guidance when nothing is wrong with a frame."""

RETRY: Final = "retry"
PASSWORD: Final = "password"  # noqa: S105 - a next step's name
CONTACT_ADMIN: Final = "contact_admin"
RENEW_CONSENT: Final = "renew_consent"
NOT_RECOGNISED: Final = "face_not_recognised"
CONSENT_RENEWAL: Final = ConsentRenewalNeededError.code
UNAVAILABLE: Final = "unavailable"
LOCKED_OUT: Final = LockedOutError.code
RATE_LIMITED: Final = RateLimitedError.code
NEXT_STEPS: Final = dict.fromkeys(
    (NOT_RECOGNISED, PRESENTATION_ATTACK, UNAVAILABLE, LOCKED_OUT, RATE_LIMITED, DEVICE_REQUIRED, DEVICE_REJECTED),
    PASSWORD,
) | {CONSENT_RENEWAL: RENEW_CONSENT}
"""What to do after a refusal; anything else: retry."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where an attempt comes from; see ``application.origin`` for the key that seals it."""

    address: str = field(repr=False)
    agent: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Admission:
    """The session that a success opened, with what the client shows of the person."""

    session_id: UUID
    subject_id: UUID
    username: str = field(repr=False)
    display_name: str = field(repr=False)
    department: str
    expires_at: datetime
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, as far as the client may know. ``confidence`` is a probability, 0...1, on success only.

    ``retry_after_s`` is how long whoever is locked out has to wait; None where waiting does not help.
    ``fallback`` is another way in that is open now, whatever the next step; ``ticket`` opens the session together with
    the password, where a face alone does not.
    """

    success: bool
    code: str
    next_step: str
    confidence: float | None = None
    admission: Admission | None = None
    retry_after_s: int | None = None
    fallback: str | None = None
    ticket: str | None = field(default=None, repr=False)


def refused(services: Services, department: str, code: str, *, retry_after_s: int | None = None) -> Outcome:
    """Return the outcome of a refusal, with the password as a way on wherever one opens something by itself."""
    policy = services.policies.passwords
    fallback = PASSWORD if services.passwords.verifier is not None and not policy.needs_face(department) else None
    step = NEXT_STEPS.get(code, RETRY)
    if step == PASSWORD and fallback is None:
        step = RETRY if code == UNAVAILABLE else CONTACT_ADMIN
    return Outcome(success=False, code=code, next_step=step, retry_after_s=retry_after_s, fallback=fallback)


def admitted(opened: Opened, person: Person, *, confidence: float | None = None) -> Outcome:
    """Return the outcome of a session that is saved."""
    session = opened.session
    admission = Admission(
        session.id,
        session.subject_id,
        person.username,
        person.display_name,
        session.department,
        session.expires_at,
        opened.access_token,
        opened.refresh_token,
        opened.expires_in,
        opened.token_type,
    )
    return Outcome(success=True, code="ok", next_step="none", confidence=confidence, admission=admission)


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What one frame brought: guidance for the person, progress, or the end of gathering."""

    guidance: str | None
    step: int
    of: int
    finished: bool
