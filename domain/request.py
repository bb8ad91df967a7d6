"""A data subject's request (LGPD art. 18 to 20): received, warned about as its day comes nearer, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import InvalidInputError, RequestStateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from domain.act import Act

CONFIRMATION: Final = "confirmation"
ACCESS: Final = "access"
STATEMENT: Final = "statement"
CORRECTION: Final = "correction"
PORTABILITY: Final = "portability"
OBJECTION: Final = "objection"
DELETION: Final = "deletion"
REVIEW: Final = "review"
SHARING: Final = "sharing"
KINDS: Final = (CONFIRMATION, ACCESS, STATEMENT, CORRECTION, PORTABILITY, OBJECTION, DELETION, REVIEW, SHARING)
"""Art. 18 I and II (simplified, art. 19 I, and full, art. 19 II), III, V, paragraph 2, VI, art. 20, art. 18 VII."""

TERM: Final = timedelta(days=15)
"""Art. 19 II: up to fifteen days, counted from the request; calendar days, to the minute."""
OLDEST_RECEIPT: Final = timedelta(days=60)
"""A letter found in a drawer can still be entered with the day on which it came; anything older is a typing error."""

FIVE_DAYS: Final = "five_days"
TWO_DAYS: Final = "two_days"
OVERDUE: Final = "overdue"
THRESHOLDS: Final[Mapping[str, timedelta]] = {
    FIVE_DAYS: timedelta(days=5),
    TWO_DAYS: timedelta(days=2),
    OVERDUE: timedelta(0),
}
"""How long before the end each warning is due, the mildest first."""

BY_PERSON: Final = "person"
AT_DESK: Final = "desk"
SESSION: Final = "session"
IDENTITY_CHECKS: Final = ("document", "badge", "known_in_person", "representative")
"""How staff at the desk made sure who asks; ``SESSION`` is the person's own."""

OPEN: Final = "open"
DUE_SOON: Final = "due_soon"
ANSWERED: Final = "answered"
REFUSED: Final = "refused"
STATES: Final = (OPEN, DUE_SOON, OVERDUE, ANSWERED, REFUSED)

REFUSAL_REASONS: Final[Mapping[str, str]] = {
    "identity_not_proven": "lgpd_art_18_3",
    "not_the_controller": "lgpd_art_18_4_1",
    "fact_prevents": "lgpd_art_18_4_2",
    "law_prevents": "lgpd_art_18_4_2",
    "kept_by_legal_duty": "lgpd_art_16_1",
    "trade_secret": "lgpd_art_20_1",
    "no_automated_decision": "lgpd_art_20",
}
"""Why a request can be refused, each with the legal basis that goes with it unless another is named."""
LEGAL_BASES: Final = (*sorted(set(REFUSAL_REASONS.values())), "lgpd_art_11_2_g", "lgpd_art_7_2", "marco_civil_art_15")

UPHELD: Final = "upheld"
OVERTURNED: Final = "overturned"
UNLOCK: Final = "unlock"
MEASURES: Final = ("re_enrol", "threshold_note", UNLOCK, "password")
REVIEW_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    UPHELD: ("decision_correct", "not_a_live_face", "pictures_unusable", "no_consent_then", "lockout_correct"),
    OVERTURNED: ("false_rejection", "lockout_wrong", "system_fault", "camera_or_light", "template_outdated"),
}

CORRECT: Final = "correct"
OBJECT: Final = "object"
ERASE: Final = "erase"
IRREVERSIBLE: Final = frozenset({OBJECT, ERASE})
"""Actions that cannot be undone by refusing the request afterwards."""


class Request(Aggregate):
    """One request. Free text is sealed under the subject's key, so what was written goes when the person is erased."""

    TOPIC: ClassVar[str] = "request"

    @event("Created", topic="request.received.v1")
    def __init__(
        self,
        request_id: UUID,
        subject_id: UUID,
        department: str,
        kind: str,
        attempt_id: UUID | None,
        received_by: str,
        identity_check: str,
        received_at: datetime,
        due_at: datetime,
        text_sealed: str,
        proposal_sealed: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.subject_id = subject_id
        self.department = department
        self.kind = kind
        self.attempt_id = attempt_id
        self.received_by = received_by
        self.identity_check = identity_check
        self.received_at = received_at
        self.due_at = due_at
        self.text_sealed = text_sealed
        self.proposal_sealed = proposal_sealed
        self.answer_sealed = ""
        self.status = OPEN
        self.warned: list[str] = []
        self.begun = ""
        self.outcome = ""
        self.measures: Sequence[str] = ()
        self.legal_basis = ""
        self.document_sha256 = ""
        self.closed_at: datetime | None = None
        self.changed_by = act.actor

    @staticmethod
    def create_id(request_id: UUID) -> UUID:
        """Take the id that the person was told."""
        return request_id

    @classmethod
    def receive(
        cls,
        request_id: UUID,
        *,
        subject_id: UUID,
        department: str,
        kind: str,
        act: Act,
        attempt_id: UUID | None = None,
        identity_check: str = SESSION,
        received_at: datetime | None = None,
        text_sealed: str = "",
        proposal_sealed: str = "",
    ) -> Request:
        """Take a request in; its fifteen days run from ``received_at``, which is now unless it came on paper before.

        Raises ``InvalidInputError`` for a kind, check or time that cannot be, and for an attempt where none is asked
        about, or none named where one is.
        """
        came = received_at or act.at
        if kind not in KINDS:
            raise InvalidInputError(f"kind is one of {', '.join(KINDS)}")
        if identity_check not in {SESSION, *IDENTITY_CHECKS}:
            raise InvalidInputError(f"identity_check is one of {', '.join(IDENTITY_CHECKS)}")
        if not act.at - OLDEST_RECEIPT <= came <= act.at:
            raise InvalidInputError(f"received_at lies in the last {OLDEST_RECEIPT.days} days")
        if (kind == REVIEW) != (attempt_id is not None):
            raise InvalidInputError("a review names the attempt that it is about (attempt_id); nothing else does")
        return cls(
            request_id=request_id,
            subject_id=subject_id,
            department=department,
            kind=kind,
            attempt_id=attempt_id,
            received_by=BY_PERSON if identity_check == SESSION else AT_DESK,
            identity_check=identity_check,
            received_at=came,
            due_at=came + TERM,
            text_sealed=text_sealed,
            proposal_sealed=proposal_sealed,
            act=act,
            timestamp=act.at,
        )

    @property
    def closed(self) -> bool:
        """Whether it was answered or refused."""
        return self.status in {ANSWERED, REFUSED}

    def state(self, now: datetime) -> str:
        """Return how it stands at that time: one of ``STATES``."""
        return state_of(self.status, self.due_at, self.warned, now)

    def check_open(self) -> None:
        """Raise ``RequestStateError`` once it is answered or refused."""
        if self.closed:
            raise RequestStateError(f"this request was {self.status} already; open another one")

    def warn(self, *, act: Act) -> list[str]:
        """Record every threshold that is reached and was not told before; return which. A closed request has none."""
        if self.closed:
            return []
        reached = [name for name, before in THRESHOLDS.items() if act.at >= self.due_at - before]
        news = [name for name in reached if name not in self.warned]
        for name in news:
            self._warned(threshold=name, act=act, timestamp=act.at)
        return news

    def begin(self, action: str, *, proposal_sealed: str = "", act: Act) -> None:
        """Record what is about to be done for it, so that it is finished whatever is cut off. Idempotent."""
        self.check_open()
        if (action, proposal_sealed or self.proposal_sealed) != (self.begun, self.proposal_sealed):
            self._begun(action=action, proposal_sealed=proposal_sealed, act=act, timestamp=act.at)

    def answer(
        self,
        outcome: str,
        *,
        act: Act,
        reason: str = "",
        measures: Sequence[str] = (),
        answer_sealed: str = "",
        document_sha256: str = "",
    ) -> None:
        """Close it with what came of it; ``document_sha256`` is of what was handed over (hex)."""
        self.check_open()
        self._answered(
            outcome=outcome,
            reason=reason,
            measures=list(measures),
            answer_sealed=answer_sealed,
            document_sha256=document_sha256,
            act=act,
            timestamp=act.at,
        )

    def refuse(self, *, reason: str, act: Act, legal_basis: str = "", answer_sealed: str = "") -> None:
        """Close it without doing what was asked; never without a reason and its basis in law. ``InvalidInputError``."""
        self.check_open()
        if self.begun in IRREVERSIBLE:
            raise RequestStateError("what was asked has been begun: it can be answered, not refused any more")
        if reason not in REFUSAL_REASONS:
            raise InvalidInputError(f"reason is one of {', '.join(REFUSAL_REASONS)}")
        basis = legal_basis or REFUSAL_REASONS[reason]
        if basis not in LEGAL_BASES:
            raise InvalidInputError(f"legal_basis is one of {', '.join(LEGAL_BASES)}")
        self._refused(reason=reason, legal_basis=basis, answer_sealed=answer_sealed, act=act, timestamp=act.at)

    @event("Warned", topic="request.warned.v1")
    def _warned(self, threshold: str, act: Act, timestamp: datetime) -> None:
        self.warned.append(threshold)

    @event("Begun", topic="request.begun.v1")
    def _begun(self, action: str, proposal_sealed: str, act: Act, timestamp: datetime) -> None:
        self.begun = action
        self.proposal_sealed = proposal_sealed or self.proposal_sealed
        self.changed_by = act.actor

    @event("Answered", topic="request.answered.v1")
    def _answered(
        self,
        outcome: str,
        reason: str,
        measures: Sequence[str],
        answer_sealed: str,
        document_sha256: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.outcome = outcome
        self.measures = measures
        self.answer_sealed = answer_sealed
        self.document_sha256 = document_sha256
        self._close(ANSWERED, timestamp, act)

    @event("Refused", topic="request.refused.v1")
    def _refused(self, reason: str, legal_basis: str, answer_sealed: str, act: Act, timestamp: datetime) -> None:
        self.outcome = reason
        self.legal_basis = legal_basis
        self.answer_sealed = answer_sealed
        self._close(REFUSED, timestamp, act)

    def _close(self, status: str, at: datetime, act: Act) -> None:
        self.status = status
        self.closed_at = at
        self.changed_by = act.actor


def state_of(status: str, due_at: datetime, warned: Sequence[str], now: datetime) -> str:
    """Return how a request stands: what was warned about once stays so, however far a clock is set back."""
    if status in {ANSWERED, REFUSED}:
        return status
    if OVERDUE in warned or now >= due_at:
        return OVERDUE
    return DUE_SOON if warned or now >= due_at - THRESHOLDS[FIVE_DAYS] else OPEN
