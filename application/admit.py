"""Let in whoever was recognised and confirmed: the session, or the ticket for the password that still has to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from application.confirm import Confirmed
from application.outcome import Outcome, admitted
from application.person import Person
from application.ports.clients import Client
from application.proving import DeviceProof
from application.second_factor import await_password
from application.services import Services
from application.sessions import new_session
from domain.act import Act
from domain.attempt import Attempt
from domain.policies.matching import Matched

AMR_FACE: Final = "face"


@dataclass(frozen=True, slots=True)
class FaceAccepted:
    """What was shown where: how life was proven (``acr``), the device, and the client that the tokens are for."""

    department: str
    acr: str
    device: DeviceProof
    client: Client


def admit(
    services: Services,
    attempt: Attempt,
    match: Matched,
    confirmed: Confirmed,
    person: Person,
    *,
    face: FaceAccepted,
    act: Act,
) -> Outcome:
    """Commit success and session under the lock that holds everything confirmed unchanged. Raises ``ConcurrencyError``.

    Where the department wants a password beside the face, commit that the face was accepted, and give the ticket.
    """
    unchanged = (*confirmed.all, *face.device.unchanged)
    if services.policies.passwords.needs_face(face.department):
        return await_password(services, attempt, match, unchanged, client_id=face.client.client_id, act=act)
    opened = new_session(
        services,
        session_id=services.ids.new(),
        subject_id=match.candidate.subject_id,
        attempt_id=attempt.id,
        department=face.department,
        amr=(AMR_FACE, *face.device.amr),
        acr=face.device.acr(face.acr),
        device_id=face.device.device_id,
        client=face.client,
        act=act,
    )
    attempt.succeed(
        subject_id=match.candidate.subject_id,
        enrollment_id=match.candidate.enrollment_id,
        template_id=match.candidate.template_id,
        session_id=opened.session.id,
        match=match.facts,
        act=act,
    )
    services.store.save(attempt, opened.session, unchanged=unchanged)
    return admitted(opened, person, confidence=match.confidence)
