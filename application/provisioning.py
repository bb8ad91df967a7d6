"""People as the hospital's identity provider describes them: provisioned, changed, listed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application import accounts
from application.consent import live_enrollment
from application.departments import check_department
from application.person import Person, reveal_field
from application.services import Services
from domain.account import CLOSED, Account
from domain.act import Act
from domain.errors import AccountStateError, DepartmentForbiddenError, NotFoundError
from domain.roles import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is to the identity provider, in the clear: lives in memory only."""

    user_id: str = field(repr=False)
    username: str = field(repr=False)
    display_name: str = field(repr=False)
    department: str
    active: bool


@dataclass(frozen=True, slots=True)
class Provisioned:
    """An account as it is. ``version`` grows with every change of it."""

    subject_id: UUID
    profile: Profile
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """What a provisioner may touch: one department or "*"; ``adds``: departments that are new come into being."""

    department: str
    adds: bool = False

    def check(self, department: str) -> None:
        """Raise ``DepartmentForbiddenError`` unless it reaches that department."""
        if self.department not in {EVERYWHERE, department}:
            raise DepartmentForbiddenError("the token does not reach that department")


def provision(services: Services, profile: Profile, *, reach: Reach, act: Act) -> Provisioned:
    """Open an account. Whoever is enrolled under that user_id is the same subject, and takes names and department.

    Raises what ``accounts.open_account`` raises, ``DepartmentForbiddenError``, and ``AccountStateError`` as well for
    somebody who is enrolled where the provisioner does not reach.
    """
    _prepare(services, profile.department, reach)
    known = accounts.find_subject(services, accounts.USER_ID, profile.user_id)
    live = None if known is None else live_enrollment(services, known)
    if live is not None and reach.department not in {EVERYWHERE, live.department}:
        raise AccountStateError("this person has an account")
    person = Person(profile.user_id, profile.username, profile.display_name)
    account = accounts.open_account(services, person, department=profile.department, active=profile.active, act=act)
    if live is not None:
        accounts.move(services, account.subject_id, profile.department, act=act)
    return _of(services, account)


def change(services: Services, subject_id: UUID, wanted: Profile, *, reach: Reach, act: Act) -> Provisioned:
    """Make an account what it is wanted to be; what keeps its person out comes first, what lets them in last.

    Raises ``NotFoundError`` (also for one that the provisioner does not reach), ``UsernameTakenError``,
    ``DepartmentForbiddenError``, ``DepartmentUnknownError``, ``InvalidInputError``.
    """
    find(services, subject_id, reach=reach)
    if not wanted.active:
        accounts.suspend(services, subject_id, reason="deactivated", act=act)
    _prepare(services, wanted.department, reach)
    accounts.rename(
        services,
        subject_id,
        user_id=wanted.user_id,
        username=wanted.username,
        display_name=wanted.display_name,
        act=act,
    )
    accounts.move(services, subject_id, wanted.department, act=act)
    if wanted.active:
        accounts.reinstate(services, subject_id, reason="activated", act=act)
    return find(services, subject_id, reach=reach)


def remove(services: Services, subject_id: UUID, *, reach: Reach, act: Act) -> None:
    """Erase somebody; effective when this returns, and there is a certificate of it. Raises ``NotFoundError``."""
    find(services, subject_id, reach=reach)
    accounts.purge(services, subject_id, reason="deprovisioned", act=act)


def find(services: Services, subject_id: UUID, *, reach: Reach) -> Provisioned:
    """Return an account, strongly consistent. Raises ``NotFoundError``, also where the provisioner does not reach."""
    account = accounts.standing_account(services, subject_id)
    if account is None or reach.department not in {EVERYWHERE, account.department}:
        raise NotFoundError("no such user")
    return _of(services, account)


def find_by(services: Services, kind: str, value: str, *, reach: Reach) -> Provisioned | None:
    """Return the account of that user_id or username, None where there is none that the provisioner reaches."""
    subject_id = accounts.find_subject(services, kind, value)
    try:
        return None if subject_id is None else find(services, subject_id, reach=reach)
    except NotFoundError:
        return None


def page(services: Services, *, start: int, count: int, reach: Reach) -> tuple[int, list[Provisioned]]:
    """Return (how many accounts the provisioner reaches, at most ``count`` of them from ``start`` on, 0 the first)."""
    services.projector.catch_up()
    where = {} if reach.department == EVERYWHERE else {"department": reach.department}
    rows = [row for row in services.read_models.rows("account_rows", where) if row["status"] != CLOSED]
    found = [accounts.standing_account(services, row["subject_id"]) for row in rows[start : start + count]]
    return len(rows), [_of(services, account) for account in found if account is not None]


def _prepare(services: Services, department: str, reach: Reach) -> None:
    reach.check(department)
    if reach.department == EVERYWHERE and reach.adds:
        services.departments.add(check_department(department))


def _of(services: Services, account: Account) -> Provisioned:
    names = {
        name: reveal_field(services.vault, account.subject_id, name, getattr(account, f"{name}_sealed"))
        for name in ("user_id", "username", "display_name")
    }
    profile = Profile(**names, department=account.department, active=account.active)
    return Provisioned(account.subject_id, profile, account.version, account.created_on, account.modified_on)
