"""See and end sessions: for the people who answer for a department, and for the person whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from application.services import Services
from application.sessions import find_session, revoke_session, revoke_sessions
from domain.act import Act
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import EVERYWHERE

MAX_LISTED: Final = 500
STATES: Final = ("open", "revoked", "expired", "all")
TABLE: Final = "session_rows"
COLUMNS: Final = (
    "session_id",
    "subject_id",
    "attempt_id",
    "department",
    "status",
    "amr",
    "acr",
    "client_id",
    "device_id",
    "opened_at",
    "expires_at",
    "idle_expires_at",
    "ended_at",
    "ended_reason",
)
"""What is told of a session: ids, codes and times. Nobody's name."""


@dataclass(frozen=True, slots=True)
class Which:
    """Sessions of a subject, a department, a device, or of all that is named; ``reach`` is the asker's department."""

    reach: str = EVERYWHERE
    subject_id: UUID | None = None
    department: str | None = None
    device_id: UUID | None = None

    @property
    def named(self) -> bool:
        """Whether anything is."""
        return any(value is not None for value in (self.subject_id, self.department, self.device_id))

    def where(self) -> dict[str, Any] | None:
        """Return it as equal columns; None where the asker's department and the one asked for are two."""
        department = self.department
        if self.reach != EVERYWHERE:
            if department not in {None, self.reach}:
                return None
            department = self.reach
        named = {"subject_id": self.subject_id, "department": department, "device_id": self.device_id}
        return {column: value for column, value in named.items() if value is not None}


def list_sessions(services: Services, which: Which, *, status: str = "open") -> dict[str, Any]:
    """Return the newest sessions, as JSON values, and whether there are more. Raises ``InvalidInputError``.

    Up to date: whatever happened before the call is in it. One whose time is over counts as open until it is recorded.
    """
    if status not in STATES:
        raise InvalidInputError(f"status is one of {', '.join(STATES)}")
    where = which.where()
    if where is None:
        return {"sessions": [], "truncated": False}
    services.projector.catch_up()
    rows = services.read_models.rows(TABLE, where | ({} if status == "all" else {"status": status}))
    newest = sorted(rows, key=lambda row: (row["opened_at"], row["position"]), reverse=True)
    return {"sessions": [_document(row) for row in newest[:MAX_LISTED]], "truncated": len(newest) > MAX_LISTED}


def end_sessions(services: Services, which: Which, *, reason: str, act: Act) -> int:
    """Revoke the open sessions of a subject, a department or a device; return how many.

    Raises ``InvalidInputError`` where nothing is named: nobody ends all sessions by leaving something out.
    """
    if not which.named:
        raise InvalidInputError("name the sessions: subject_id, department or device_id")
    where = which.where()
    if where is None:
        return 0
    services.projector.catch_up()
    return len(revoke_sessions(services, where, reason=reason, act=act))


def end_session(services: Services, session_id: UUID, *, which: Which, reason: str, act: Act) -> bool:
    """Revoke one session; say whether it was open until now. Raises ``NotFoundError``.

    One of another department, or of another subject than ``which`` names, is one that is not there.
    """
    session = find_session(services, session_id)
    elsewhere = session is not None and which.reach not in {EVERYWHERE, session.department}
    other = session is not None and which.subject_id not in {None, session.subject_id}
    if session is None or elsewhere or other:
        raise NotFoundError("no such session")
    return revoke_session(services, session_id, reason=reason, act=act)


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(row[name]) for name in COLUMNS}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, UUID) else value.isoformat()
