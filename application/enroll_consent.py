"""The consents under which a person is enrolled: those that they gave themselves, or a form that somebody attests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application import consent as consents
from application import notice as notices
from application.person import Person, claimed_by
from application.services import Services
from domain.act import Act
from domain.consent import PAPER, PURPOSES, Collection, Consent
from domain.errors import ConsentMissingError, PaperConsentForbiddenError
from domain.notice import CONSENT


@dataclass(frozen=True, slots=True)
class Form:
    """The signed form: its sha256 (hex) where given, who attests it (an opaque actor; else whoever enrols), the answer.

    ``accepted`` may be False only where no purpose rests on consent: then the person was informed, and not asked.
    """

    sha256: str = ""
    attested_by: str = ""
    accepted: bool = True

    def collected(self, act: Act) -> Collection:
        """Return what the consents record. Raises ``InvalidInputError`` for a digest that is none."""
        return Collection(PAPER, self.attested_by or act.actor, self.sha256)


NO_FORM: Final = Form()
INVITE: Final = "nobody is enrolled without consent: invite the person (faceauth consent invite), or send consent"


def check_form(services: Services, notice_version: str, form: Form) -> None:
    """Raise unless a form of that notice may be taken.

    ``NoticeOutdatedError``, ``ConsentMissingError`` (not accepted), ``PaperConsentForbiddenError``.
    """
    notice = notices.in_force(services)
    if notice.asks_consent and not form.accepted:
        raise ConsentMissingError("nobody is enrolled without consent: show the notice, then send consent.accepted")
    if notice.asks_consent and not services.policies.paper_consent:
        raise PaperConsentForbiddenError(
            "this hospital takes no consent on paper: invite the person to decide (faceauth consent invite), then enrol"
        )
    notice.check_accepted(notice_version)


def check_consented(services: Services, person: Person, notice_version: str | None, form: Form) -> None:
    """Raise, before anything is prepared for an enrolment, what ``consents_for`` would."""
    if notice_version is not None:
        check_form(services, notice_version, form)
        return
    subject_id = claimed_by(services.store, services.vault, "user_id", person.check().user_id)
    if subject_id is None:
        raise ConsentMissingError(f"nobody is known under that user_id; {INVITE}")
    for purpose in PURPOSES:
        _own(services, subject_id, purpose)


def consents_for(
    services: Services, subject_id: UUID, notice_version: str | None, form: Form, act: Act
) -> list[Consent]:
    """Return the consents of an enrolment, with pending events where the form gives them.

    Without a notice version there is no form: the person must have consented by their own act. Raises
    ``ConsentMissingError``, and what ``check_form`` does.
    """
    if notice_version is None:
        return [_own(services, subject_id, purpose) for purpose in PURPOSES]
    check_form(services, notice_version, form)
    notice, collected = notices.in_force(services), form.collected(act)
    if not form.accepted:
        for purpose in PURPOSES:
            existing = consents.find(services, subject_id, purpose)
            if notice.basis(purpose).code != CONSENT and existing is not None and not existing.in_force:
                raise ConsentMissingError(f"this person ended the use for {purpose}: only they can allow it again")
    return [
        consents.granted(services, subject_id, purpose, notice=notice, act=act, collected=collected)
        for purpose in PURPOSES
    ]


def _own(services: Services, subject_id: UUID, purpose: str) -> Consent:
    try:
        return consents.required(services, subject_id, purpose)
    except ConsentMissingError as error:
        raise type(error)(f"{error}; {INVITE}") from None
