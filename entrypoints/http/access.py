"""Who is asking, and may they."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request

from application.confirm import active_account
from application.ports.tokens import Principal
from application.services import Services
from application.sessions import find_session
from domain.errors import (
    AccountInactiveError,
    DepartmentForbiddenError,
    NotAllowedError,
    SealBrokenError,
    TokenInvalidError,
)
from domain.roles import EVERYWHERE
from entrypoints.http import dpop


def principal_of(request: Request, services: Services) -> Principal:
    """Return who the bearer token, ours or the hospital's, speaks for. Raises ``TokenInvalidError``.

    What a token says of its issuer only picks the verifier, which believes nothing that it has not checked; whoever is
    neither is refused by our own. Raises ``UnavailableError`` where the identity provider's keys cannot be had. A
    subject's token also needs its session, and the account if there is one, to stand: a revoked session's token opens
    nothing here. Synchronous: it reads the store.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "dpop"} or not token:
        raise TokenInvalidError("a bearer token is needed")
    return principal_by(request, services, scheme, token.strip())


def principal_by(request: Request, services: Services, scheme: str, token: str) -> Principal:
    """Return who a token speaks for, however it came with the request. Raises as ``principal_of``."""
    verifier = services.identity if services.identity.issued(token) else services.tokens
    principal = verifier.verify(token)
    dpop.check(request, services, principal, scheme, token)
    if principal.session_id is not None:
        _check_session(principal.session_id, principal.subject_id, services)
    return principal


def _check_session(session_id: UUID, subject_id: UUID | None, services: Services) -> None:
    session = find_session(services, session_id)
    if session is None or session.subject_id != subject_id:
        raise TokenInvalidError("there is no such session")
    if not session.in_force(services.clock.now()):
        raise TokenInvalidError("the session has ended")
    try:
        active_account(services, session.subject_id)
    except (AccountInactiveError, SealBrokenError):
        # Before its sessions have been ended, or where that was cut off.
        raise TokenInvalidError("the session has ended") from None


def require(principal: Principal, roles: frozenset[str]) -> None:
    """Raise ``NotAllowedError`` unless the principal has one of those roles, and a department to have it in."""
    if not principal.roles & roles:
        raise NotAllowedError(f"this needs the role {' or '.join(sorted(roles))}")
    if not principal.department:
        raise DepartmentForbiddenError("the token does not reach any department")


def reaches(principal: Principal, department: str) -> bool:
    """Say whether a department is within the principal's walls. A blank one, of whom nobody placed, is in all alone."""
    return principal.department == EVERYWHERE or (bool(department) and principal.department == department)


def require_role(principal: Principal, role: str) -> None:
    """Raise ``NotAllowedError`` unless the principal has that role."""
    if role not in principal.roles:
        raise NotAllowedError(f"this needs the role {role}")


def require_department(principal: Principal, department: str) -> None:
    """Raise ``DepartmentForbiddenError`` unless the principal reaches that department."""
    if not reaches(principal, department):
        raise DepartmentForbiddenError("the token does not reach that department")
