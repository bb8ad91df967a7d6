"""Requests of data subjects: taken in, listed by deadline, warned about, refused (answering.py answers them)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

from application import erase as erasing
from application import holds
from application.person import DAMAGED, ERASED, MAX_LENGTHS, Person
from application.ports.vault import Binding, subject_owner
from application.services import Services
from application.words.rights import BASES, KINDS, OUTCOMES, STATES, named
from domain import request as rules
from domain.account import CLOSED
from domain.act import Act
from domain.enrollment import ERASED as GONE
from domain.enrollment import REVOKED
from domain.errors import (
    ConcurrencyError,
    InvalidInputError,
    KeyDestroyedError,
    NotFoundError,
    RequestStateError,
    SealBrokenError,
)
from domain.request import Request
from domain.retention import SUBJECT

LONGEST_TEXT: Final = 4000
MAX_LISTED: Final = 1000
MAX_PENDING: Final = 20
"""Requests of their own that a person can have open at once; staff at the desk take in any number."""
NO_SUCH_REQUEST: Final = "no such request"
NO_SUCH_ATTEMPT: Final = "no such refused attempt"
REFUSED_STATES: Final = frozenset({"refused", "fallback_offered", "fallback_refused", "fallback_succeeded"})
CORRECTABLE: Final = (*MAX_LENGTHS, "department")

HELD: Final = "request"
"""Why an open request holds what there is of its person."""
TEXT: Final = "request.text"
PROPOSAL: Final = "request.proposal"
ANSWER: Final = "request.answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for. ``identity_check`` is ``SESSION`` for the person, how staff checked it at the desk.

    ``text`` are their own words; ``correction`` maps names or "department" to what they should be; both are sealed.
    """

    kind: str
    identity_check: str = rules.SESSION
    attempt_id: UUID | None = None
    received_at: datetime | None = None
    text: str = field(default="", repr=False)
    correction: Mapping[str, str] = field(default_factory=dict, repr=False)


def open_request(services: Services, subject_id: UUID, asked: Asked, *, department: str, act: Act) -> Request:
    """Take a request in; return it with its deadline.

    About somebody erased it is answered in the same commit: no personal data held. Raises ``InvalidInputError``,
    ``RequestStateError`` for a person who has ``MAX_PENDING`` open, and ``NotFoundError`` for an attempt that is
    somebody else's, was no refusal, or never was, all alike.
    """
    request_id, text = services.ids.new(), check_text(asked.text)
    if asked.correction and asked.kind != rules.CORRECTION:
        raise InvalidInputError("only a correction says what should be corrected")
    if asked.identity_check == rules.SESSION:
        _check_room(services, subject_id)
    gone = not services.vault.has_key(subject_owner(subject_id))
    if gone and (text or asked.correction):
        raise InvalidInputError("nothing written can be kept about somebody who was erased: leave the text out")
    if asked.attempt_id is not None and asked.kind == rules.REVIEW:
        _check_reviewable(services, asked.attempt_id, subject_id)
    correction = check_correction(services, asked.correction) if asked.correction else {}
    request = Request.receive(
        request_id,
        subject_id=subject_id,
        department=department,
        kind=asked.kind,
        attempt_id=asked.attempt_id,
        identity_check=asked.identity_check,
        received_at=asked.received_at,
        text_sealed=sealed(services, subject_id, TEXT, request_id, text),
        proposal_sealed=sealed(
            services, subject_id, PROPOSAL, request_id, json.dumps(correction) if correction else ""
        ),
        act=act,
    )
    if gone:
        erasing.standing(services, subject_id)
        request.answer("erased", act=act)
    save_held(services, request, act)
    return request


def save_held(services: Services, request: Request, act: Act) -> None:
    """Commit a request with its hold: while it is open, retention takes nothing of its person."""
    wanted = [] if request.closed else [(SUBJECT, str(request.subject_id))]
    with services.store.mutex(holds.MUTEX):
        services.store.save(request, *holds.exactly(services, request.id, wanted, reason=HELD, act=act))


def find(services: Services, request_id: UUID) -> Request:
    """Return a request, strongly consistent. Raises ``NotFoundError``."""
    with suppress(NotFoundError):
        return services.store.get(Request, request_id)
    raise NotFoundError(NO_SUCH_REQUEST)


def listing(
    services: Services,
    *,
    department: str | None = None,
    subject_id: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    """Return requests as JSON values, those that are due first at the top; ids and codes only.

    A request goes with its person: whoever moved is the business of the department that they are in now.
    ``state`` is one of ``domain.request.STATES``, or "pending" for all that are not closed. Raises
    ``InvalidInputError``.
    """
    if state not in {None, "pending", *rules.STATES} or kind not in {None, *rules.KINDS}:
        raise InvalidInputError(f"state is pending or one of {', '.join(rules.STATES)}; kind {', '.join(rules.KINDS)}")
    services.projector.catch_up()
    asked = {"subject_id": subject_id, "kind": kind}
    rows = services.read_models.rows(
        "request_rows", {name: value for name, value in asked.items() if value is not None}
    )
    if department is not None:
        place = cache(partial(_department_of, services))
        rows = [row for row in rows if (place(row["subject_id"]) or row["department"]) == department]
    now = services.clock.now()
    shown = [_row(row, now) for row in sorted(rows, key=lambda row: (row["status"] != rules.OPEN, row["due_at"]))]
    pending = {rules.OPEN, rules.DUE_SOON, rules.OVERDUE}
    wanted = pending if state == "pending" else {state}
    found = [row for row in shown if state is None or row["state"] in wanted]
    return {"requests": found[:MAX_LISTED], "truncated": len(found) > MAX_LISTED}


def document(services: Services, request: Request) -> dict[str, Any]:
    """Return a request as JSON values with its texts opened: "[erased]" and "[damaged]" where they cannot be."""
    opened = {
        "text": revealed(services, request, TEXT, request.text_sealed),
        "correction": revealed(services, request, PROPOSAL, request.proposal_sealed),
        "answer": revealed(services, request, ANSWER, request.answer_sealed),
    }
    with suppress(ValueError, TypeError):
        opened["correction"] = json.loads(opened["correction"])
    return {
        "request_id": str(request.id),
        "subject_id": str(request.subject_id),
        "department": request.department,
        "kind": request.kind,
        "name": named(KINDS, request.kind),
        "state": request.state(services.clock.now()),
        "state_name": named(STATES, request.state(services.clock.now())),
        "received_by": request.received_by,
        "identity_check": request.identity_check,
        "received_at": request.received_at.isoformat(),
        "due_at": request.due_at.isoformat(),
        "warned": list(request.warned),
        "attempt_id": str(request.attempt_id) if request.attempt_id else None,
        "begun": request.begun or None,
        "outcome": request.outcome or None,
        "outcome_name": named(OUTCOMES, request.outcome) if request.outcome else None,
        "measures": list(request.measures),
        "legal_basis": request.legal_basis or None,
        "legal_basis_name": named(BASES, request.legal_basis) if request.legal_basis else None,
        "document_sha256": request.document_sha256 or None,
        "closed_at": request.closed_at.isoformat() if request.closed_at else None,
        **{name: value or None for name, value in opened.items()},
    }


def refuse(
    services: Services, request_id: UUID, *, reason: str, legal_basis: str = "", text: str = "", act: Act
) -> Request:
    """Refuse a request, with a reason code and its basis in law. Raises as ``Request.refuse``, ``NotFoundError``."""
    with services.store.mutex(mutex(request_id)):
        request = find(services, request_id)
        request.check_open()
        answer = sealed(services, request.subject_id, ANSWER, request_id, check_text(text))
        request.refuse(reason=reason, legal_basis=legal_basis, answer_sealed=answer, act=act)
        save_held(services, request, act)
    return request


def warn(services: Services, *, act: Act) -> list[tuple[UUID, str]]:
    """Record what has become urgent or overdue, each threshold once, whatever the clock does; return what is new."""
    services.projector.catch_up()
    told: list[tuple[UUID, str]] = []
    for row in services.read_models.rows("request_rows", {"status": rules.OPEN}):
        if act.at < row["due_at"] - rules.THRESHOLDS[rules.FIVE_DAYS]:
            continue
        # One that is changed at this moment comes again the next time; one that cannot be read is told by verify.
        with suppress(ConcurrencyError, SealBrokenError, NotFoundError):
            request = services.store.get(Request, row["request_id"])
            news = request.warn(act=act)
            if news:
                services.store.save(request)
                told += [(request.id, threshold) for threshold in news]
    return told


def mutex(request_id: UUID) -> str:
    """Return the mutex held while a request is being closed."""
    return f"request:{request_id}"


def sealed(services: Services, subject_id: UUID, name: str, request_id: UUID, text: str) -> str:
    """Return text sealed under the subject's key for that place of that request; "" for none."""
    return services.vault.seal(_binding(subject_id, name, request_id), text.encode()) if text else ""


def revealed(services: Services, request: Request, name: str, text_sealed: str) -> str:
    """Open a text of a request: "[erased]" where the key is gone, "[damaged]" after tampering, "" for none."""
    if not text_sealed:
        return ""
    try:
        return services.vault.unseal(_binding(request.subject_id, name, request.id), text_sealed).decode()
    except KeyDestroyedError:
        return ERASED
    except SealBrokenError:
        return DAMAGED


def check_text(text: str) -> str:
    """Return free text, normalised. Raises ``InvalidInputError`` for too much, or control characters in it."""
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > LONGEST_TEXT or any(unicodedata.category(c).startswith("C") and c not in "\n\t" for c in plain):
        raise InvalidInputError(f"a text has at most {LONGEST_TEXT} printable characters")
    return plain


def check_correction(services: Services, correction: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be corrected, checked as it will be when it is done. Raises ``InvalidInputError``."""
    unknown = set(correction) - set(CORRECTABLE)
    if unknown or not correction:
        raise InvalidInputError(f"a correction names some of {', '.join(CORRECTABLE)}")
    filler = dict.fromkeys(MAX_LENGTHS, "x")
    names = {name: value for name, value in correction.items() if name in MAX_LENGTHS}
    checked = Person(**(filler | names)).check()
    department = correction.get("department")
    if department is not None and not services.departments.exists(department):
        raise InvalidInputError("there is no such department to move to")
    return {name: getattr(checked, name) for name in names} | ({"department": department} if department else {})


def _check_room(services: Services, subject_id: UUID) -> None:
    services.projector.catch_up()
    pending = services.read_models.rows("request_rows", {"subject_id": subject_id, "status": rules.OPEN})
    if len(pending) >= MAX_PENDING:
        raise RequestStateError(f"{MAX_PENDING} requests are open: wait for an answer, or ask at the desk")


def _check_reviewable(services: Services, attempt_id: UUID, subject_id: UUID) -> None:
    """Raise ``NotFoundError`` unless that attempt was refused and is nobody else's."""
    services.projector.catch_up()
    rows = services.read_models.rows("auth_log_rows", {"attempt_id": attempt_id})
    if not rows or rows[0]["state"] not in REFUSED_STATES or rows[0]["subject_id"] not in {None, subject_id}:
        raise NotFoundError(NO_SUCH_ATTEMPT)


def _department_of(services: Services, subject_id: UUID) -> str | None:
    """Return the department that somebody is in now, or was when they were erased; None where no row tells."""
    for erasure in services.read_models.rows("erasure_rows", {"subject_id": subject_id}):
        if erasure["executed_at"] is not None:
            return str(erasure["department"])
    enrolled = services.read_models.rows("enrollment_rows", {"subject_id": subject_id})
    live = [row for row in enrolled if row["status"] not in {REVOKED, GONE}]
    accounts = services.read_models.rows("account_rows", {"subject_id": subject_id})
    kept = live or [row for row in accounts if row["status"] != CLOSED] or [r for r in enrolled if r["status"] != GONE]
    newest = max(kept, key=lambda row: (row["created_at"], row["position"]), default=None)
    return None if newest is None else str(newest["department"])


def _row(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    warned = [row["warned"]] if row["warned"] else []
    state = rules.state_of(row["status"], row["due_at"], warned, now)
    return {
        **{name: str(row[name]) for name in ("request_id", "subject_id")},
        "attempt_id": str(row["attempt_id"]) if row["attempt_id"] else None,
        **{name: row[name] for name in ("department", "kind", "received_by", "identity_check", "outcome")},
        "state": state,
        "warned": row["warned"] or None,
        "received_at": row["received_at"].isoformat(),
        "due_at": row["due_at"].isoformat(),
        "days_left": (row["due_at"] - now).days if state not in {rules.ANSWERED, rules.REFUSED} else None,
        "closed_at": row["closed_at"].isoformat() if row["closed_at"] else None,
    }


def _binding(subject_id: UUID, name: str, request_id: UUID) -> Binding:
    return Binding(subject_owner(subject_id), f"{name}:{request_id}")
