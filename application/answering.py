"""Do what a data subject asked for and answer, in one flow: what is cut off in between is finished by the worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from application import accounts, statement
from application import consent as consents
from application import erase as erasing
from application import requests as desk
from application.blocking import check_not_held
from application.journal import record_broken
from application.ports.vault import subject_owner
from application.services import Services
from application.signed_documents import canonical
from application.statement import Surroundings
from application.viewing import record_viewing
from domain import request as rules
from domain.account import Account
from domain.act import Act
from domain.consent import PURPOSES, Consent
from domain.errors import (
    ConcurrencyError,
    ConsentMissingError,
    DepartmentUnknownError,
    DomainRuleError,
    ErasureHeldError,
    InvalidInputError,
    KeyDestroyedError,
    NotFoundError,
    SealBrokenError,
)
from domain.request import Request
from domain.retention import ALL, BINDING, DEPARTMENT, SUBJECT

KEPT = "kept_by_legal_duty"
"""Reason with which a deletion is refused while a court or a duty in law keeps the data."""

CANNOT_BE_DONE: Final = (
    *(DomainRuleError, ConcurrencyError, NotFoundError),
    *(InvalidInputError, DepartmentUnknownError, KeyDestroyedError),
)
"""What one request meets must not keep the worker from the others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A closed request, and what is handed to the person: a signed envelope, a certificate, or nothing."""

    request: Request
    document: Mapping[str, Any] | None = field(default=None, repr=False)


def answer(
    services: Services,
    request_id: UUID,
    *,
    act: Act,
    text: str = "",
    correction: Mapping[str, str] | None = None,
    around: Surroundings | None = None,
) -> Answer:
    """Do what was asked and close the request. Repeat it after any interruption: nothing is done twice.

    ``correction`` replaces what the person proposed; ``text`` is for the person, in the officer's words. A review is
    decided with ``reviewing.decide``. Whatever shows the person's data records that before it does. Raises
    ``NotFoundError``, ``RequestStateError``, ``InvalidInputError``, and what the correction raises.
    """
    with services.store.mutex(desk.mutex(request_id)):
        request = desk.find(services, request_id)
        request.check_open()
        plain = desk.check_text(text)
        if correction is not None and request.kind != rules.CORRECTION:
            raise InvalidInputError("only a correction says what should be corrected")
        if not services.vault.has_key(subject_owner(request.subject_id)):
            return _answered_as_erased(services, request, act)
        match request.kind:
            case rules.REVIEW:
                raise InvalidInputError("a review is decided: upheld or overturned, with a reason")
            case rules.CORRECTION:
                _begin_correction(services, request, correction, act)
            case rules.OBJECTION:
                _begin(services, request, rules.OBJECT, act)
            case rules.DELETION:
                if plain:
                    raise InvalidInputError("nothing written survives a deletion: leave the text out")
                where = erasing.departments_of(services, request.subject_id)
                check_not_held(services, request.subject_id, departments=where, act=act)
                _begin(services, request, rules.ERASE, act)
            case _:
                return _handed_over(services, request, plain, around, act)
        return _carried_out(services, request_id, plain, act)


def resume(services: Services, *, act: Act) -> list[UUID]:
    """Finish what was begun and cut off; return which. What still cannot be done waits for an officer."""
    services.projector.catch_up()
    done = []
    for row in services.read_models.rows("request_rows", {"status": rules.OPEN}):
        if not row["begun"]:
            continue
        request_id: UUID = row["request_id"]
        try:
            with services.store.mutex(desk.mutex(request_id)):
                if not desk.find(services, request_id).closed:
                    _carried_out(services, request_id, "", act)
                    done.append(request_id)
        except SealBrokenError as error:
            record_broken(services, "request", place=str(request_id), code=error.code, act=act)
        except CANNOT_BE_DONE:
            continue  # a name that is another's by now, a change at this moment: an officer sees it by its deadline
    return done


def carry_out_released(services: Services, *, act: Act) -> list[UUID]:
    """Erase whose deletion was refused because of a binding hold that is released since; return whose.

    Not who consented again after that refusal: they would have to ask again. Call it as often as you like.
    """
    services.projector.catch_up()
    rows = services.read_models.rows
    held = [row for row in rows("hold_rows") if row["reason"] in BINDING and row["released_at"] is not None]
    erased = []
    for row in rows("request_rows", {"kind": rules.DELETION, "status": rules.REFUSED, "outcome": KEPT}) if held else []:
        subject_id, closed_at = row["subject_id"], row["closed_at"]
        stood = any(
            hold["placed_at"] <= closed_at <= hold["released_at"]
            and (hold["scope"], hold["value"])
            in {(ALL, ""), (DEPARTMENT, row["department"]), (SUBJECT, str(subject_id))}
            for hold in held
        )
        anew = any(c["granted_at"] > closed_at for c in rows("consent_rows", {"subject_id": subject_id}))
        if not stood or anew or not services.vault.has_key(subject_owner(subject_id)):
            continue
        caused = services.act(act.actor, act.channel, correlation_id=act.correlation_id, cause=row["request_id"])
        with suppress(ErasureHeldError, NotFoundError):  # another binding hold stands
            accounts.purge(services, subject_id, reason="request", act=caused)
            erased.append(subject_id)
    return erased


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) by which a document that was handed over can be told again."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _handed_over(services: Services, request: Request, text: str, around: Surroundings | None, act: Act) -> Answer:
    subject_id = request.subject_id
    record_viewing(services, [subject_id], what=request.kind, act=act)
    match request.kind:
        case rules.CONFIRMATION | rules.ACCESS:
            envelope = statement.signed_statement(services, statement.simplified(services, subject_id))
        case rules.PORTABILITY:
            envelope = statement.signed_portability(services, statement.portable(services, subject_id))
        case rules.SHARING:
            whole = statement.full(services, subject_id, around)
            shared = {name: whole[name] for name in ("type", "made_at", "subject_id", "held", "recipients", "purposes")}
            envelope = statement.signed_statement(services, shared)
        case _:
            envelope = statement.signed_statement(services, statement.full(services, subject_id, around))
    _close(services, request, "given", text, digest(envelope["document"]), act)
    return Answer(request, envelope)


def _begin(services: Services, request: Request, action: str, act: Act, proposal_sealed: str = "") -> None:
    request.begin(action, proposal_sealed=proposal_sealed, act=act)
    if request.pending_events:
        services.store.save(request)


def _begin_correction(services: Services, request: Request, correction: Mapping[str, str] | None, act: Act) -> None:
    if correction is None and not request.proposal_sealed:
        raise InvalidInputError(f"say what is right: some of {', '.join(desk.CORRECTABLE)}")
    proposal = ""
    if correction is not None:
        right = json.dumps(desk.check_correction(services, correction))
        proposal = desk.sealed(services, request.subject_id, desk.PROPOSAL, request.id, right)
    _begin(services, request, rules.CORRECT, act, proposal)


def _carried_out(services: Services, request_id: UUID, text: str, act: Act) -> Answer:
    """Do what was begun, which may be done already, and close."""
    request = desk.find(services, request_id)
    if not services.vault.has_key(subject_owner(request.subject_id)) and request.begun != rules.ERASE:
        return _answered_as_erased(services, request, act)
    caused = services.act(act.actor, act.channel, correlation_id=act.correlation_id, cause=request.id)
    match request.begun:
        case rules.CORRECT:
            outcome = "corrected" if _correct(services, request, caused) else "already_correct"
        case rules.OBJECT:
            outcome = "processing_ended" if _object(services, request, caused) else "nothing_in_force"
        case _:
            erasure = erasing.find(services, request.subject_id)
            if erasure is None or not erasure.executed:
                accounts.purge(services, request.subject_id, reason="request", act=caused)
            return _answered_as_erased(services, desk.find(services, request_id), act)
    request = desk.find(services, request_id)
    _close(services, request, outcome, text, "", act)
    return Answer(request)


def _correct(services: Services, request: Request, act: Act) -> bool:
    opened = desk.revealed(services, request, desk.PROPOSAL, request.proposal_sealed)
    try:
        right: dict[str, str] = json.loads(opened)
    except ValueError:
        raise SealBrokenError("what should be corrected cannot be read any more") from None
    department = right.pop("department", None)
    changed = accounts.rename(services, request.subject_id, **right, act=act) if right else False
    moved = accounts.move(services, request.subject_id, department, act=act) if department else False
    services.projector.catch_up()
    rows = services.read_models.rows("enrollment_rows", {"subject_id": request.subject_id})
    streams = [Account.create_id(request.subject_id), *(row["enrollment_id"] for row in rows)]
    return changed or moved or _caused(services, request, streams)


def _object(services: Services, request: Request, act: Act) -> bool:
    """End the processing as an objection; True where it has ended, by this call or by one that was cut off."""
    with suppress(ConsentMissingError):
        consents.withdraw(services, request.subject_id, reason="objection", objection=True, act=act)
        return True
    return _caused(services, request, [Consent.create_id(request.subject_id, purpose) for purpose in PURPOSES])


def _caused(services: Services, request: Request, streams: Sequence[UUID]) -> bool:
    """Whether something on those streams was done for this request, by a call that was cut off afterwards."""
    events = (event for stream in streams for event in services.store.stream(stream))
    return any((act := event.fields.get("act")) is not None and act.causation_id == request.id for event in events)


def _answered_as_erased(services: Services, request: Request, act: Act) -> Answer:
    """Close a request of somebody about whom nothing is held any more, with the certificate."""
    erased = erasing.as_document(erasing.standing(services, request.subject_id))
    document = statement.erased(request.subject_id, erased, services.clock.now())
    envelope = statement.signed_statement(services, document)
    _close(services, request, "erased", "", digest(document), act)
    return Answer(request, envelope)


def _close(services: Services, request: Request, outcome: str, text: str, sha256: str, act: Act) -> None:
    sealed = desk.sealed(services, request.subject_id, desk.ANSWER, request.id, text)
    request.answer(outcome, answer_sealed=sealed, document_sha256=sha256, act=act)
    desk.save_held(services, request, act)
