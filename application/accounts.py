"""Accounts as the hospital keeps them: opened, renamed, moved, suspended, reinstated, purged.

What is told twice changes nothing the second time. Whatever keeps somebody out is in force before the call returns: the
last check of every sign-in reads the account and the enrolment under the lock that opens the session (confirm.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID

from application import consent as consents
from application import erase as erasing
from application.confirm import find_account
from application.person import MAX_LENGTHS, Person, binding, claimed_by
from application.ports.event_store import Claim, Holder
from application.ports.vault import subject_owner
from application.services import Services
from application.sessions import revoke_sessions
from domain.account import ACTIVE, CLOSED, SUSPENDED, Account
from domain.act import Act
from domain.enrollment import ACTIVE as SERVING
from domain.enrollment import ERASED, Enrollment
from domain.enrollment import OPEN as PENDING
from domain.enrollment import SUSPENDED as PAUSED
from domain.errors import (
    AccountStateError,
    AlreadyErasedError,
    ClaimTakenError,
    ConcurrencyError,
    DepartmentUnknownError,
    KeyDestroyedError,
    NotFoundError,
    UsernameTakenError,
)

USER_ID: Final = "user_id"
USERNAME: Final = "username"
CLAIMED: Final = (USER_ID, USERNAME)
"""What nobody shares with anybody."""

TRIES: Final = 8
"""Somebody else may change the same account, enrolment or session meanwhile."""

T = TypeVar("T")


def find_subject(services: Services, kind: str, value: str) -> UUID | None:
    """Return whose user_id or username that is, strongly consistent; None for nobody's."""
    return claimed_by(services.store, services.vault, kind, value)


def open_account(services: Services, person: Person, *, department: str, active: bool = True, act: Act) -> Account:
    """Open an account; who was enrolled under that user_id is the same subject, and a later enrolment finds it.

    Raises ``AccountStateError`` where there is one, ``UsernameTakenError``, ``DepartmentUnknownError``,
    ``InvalidInputError``, ``KeyDestroyedError`` for somebody who is being erased at this moment.
    """
    person = person.check()
    _check_department(services, department)
    return _repeated(lambda: _open(services, person, department, active, act))


def rename(
    services: Services,
    subject_id: UUID,
    *,
    user_id: str | None = None,
    username: str | None = None,
    display_name: str | None = None,
    act: Act,
) -> bool:
    """Give a subject other names, in account and enrolment; None leaves a name. Return whether anything changed.

    The new names are claimed and the old ones free in one commit. Raises ``NotFoundError``, ``UsernameTakenError``,
    ``InvalidInputError``.
    """
    given = {USER_ID: user_id, USERNAME: username, "display_name": display_name}
    changed = {name: value for name, value in given.items() if value is not None}
    return _repeated(lambda: _rename(services, subject_id, changed, act))


def move(services: Services, subject_id: UUID, department: str, *, act: Act) -> bool:
    """Take a subject to another department; return whether anything changed.

    Sessions of the former one end: their tokens name it. An enrolment in progress ends too. Raises ``NotFoundError``,
    ``DepartmentUnknownError``.
    """
    _check_department(services, department)
    changed = _repeated(lambda: _move(services, subject_id, department, act))
    if changed:
        _settle(services, subject_id, reason="moved", act=act)
    return changed


def suspend(services: Services, subject_id: UUID, *, reason: str, act: Act) -> bool:
    """Let nobody in as that subject until it is reinstated; return whether anything changed.

    When this returns no session stands and none can be opened. Somebody who was only enrolled gets an account, so that
    enrolling them again does not let them in. Raises ``NotFoundError``.
    """
    changed = _repeated(lambda: _suspend(services, subject_id, reason, act))
    ended = _settle(services, subject_id, reason=reason, act=act)
    return changed or bool(ended)


def reinstate(services: Services, subject_id: UUID, *, reason: str, act: Act) -> bool:
    """Let a suspended subject in again; return whether anything changed. Raises ``NotFoundError``."""
    changed = _repeated(lambda: _reinstate(services, subject_id, reason, act))
    if changed:
        services.index.catch_up(services.store.position())
    return changed


def purge(services: Services, subject_id: UUID, *, reason: str, act: Act) -> erasing.Erased:
    """Erase a person, or return how their erasure stands. Raises ``NotFoundError`` for somebody who was never here."""
    try:
        return erasing.erase(services, subject_id, reason=reason, act=act)
    except AlreadyErasedError:
        return erasing.standing(services, subject_id)


def end_sessions(services: Services, subject_id: UUID, *, reason: str, act: Act) -> int:
    """End every session of a subject that was opened until now; return how many."""
    services.projector.catch_up()
    where = {"subject_id": subject_id}
    return len(_repeated(lambda: revoke_sessions(services, where, reason=reason, act=act)))


def standing_account(services: Services, subject_id: UUID) -> Account | None:
    """Return the account of a subject unless it is closed, strongly consistent."""
    account = find_account(services, subject_id)
    return None if account is None or account.status == CLOSED else account


def _open(services: Services, person: Person, department: str, active: bool, act: Act) -> Account:
    digests = {kind: services.vault.digest(kind, getattr(person, kind)) for kind in CLAIMED}
    known = services.store.claimant(USER_ID, digests[USER_ID])
    if known is not None and find_account(services, known) is not None:
        raise AccountStateError("this person has an account")
    subject_id = known or services.ids.new()
    services.vault.create_key(subject_owner(subject_id))
    account = Account.open(subject_id, department=department, act=act, **person.sealed(services.vault, subject_id))
    if not active:
        account.suspend(reason="opened_inactive", act=act)
    live = consents.live_enrollment(services, subject_id)
    if live is not None:
        if _names(services, live) != person:
            live.rename(act=act, **person.sealed(services.vault, subject_id))
        if not active and live.status == SERVING:
            live.suspend(reason="opened_inactive", act=act)
    claims = [Claim(kind, digest, subject_id) for kind, digest in digests.items()]
    with _claims_named(), services.store.mutex(consents.names_mutex(subject_id)):
        # An enrolment that ends in this moment would let go of the username: then decide again.
        services.store.save(
            account,
            *([] if live is None or not live.pending_events else [live]),
            unchanged=[] if live is None or live.pending_events else [live],
            release=[Holder(subject_id, USERNAME)],
            claim=claims,
        )
    if not services.vault.has_key(subject_owner(subject_id)):
        erasing.end_strays(services, subject_id, act)
        raise KeyDestroyedError("this person was erased at this moment: open the account anew")
    if not active:
        _settle(services, subject_id, reason="opened_inactive", act=act)
    return account


def _rename(services: Services, subject_id: UUID, changed: dict[str, str], act: Act) -> bool:
    account, live = _standing(services, subject_id)
    holders = [holder for holder in (account, live) if holder is not None]
    if not holders:
        raise NotFoundError("no such subject")
    held = [_names(services, holder) for holder in holders]
    person = Person(**{name: changed.get(name, getattr(held[0], name)) for name in MAX_LENGTHS}).check()
    if all(names == person for names in held):
        return False
    for holder in holders:
        holder.rename(act=act, **person.sealed(services.vault, subject_id))
    claims = [Claim(kind, services.vault.digest(kind, getattr(person, kind)), subject_id) for kind in CLAIMED]
    with _claims_named():
        services.store.save(*holders, release=[Holder(subject_id, kind) for kind in CLAIMED], claim=claims)
    return True


def _move(services: Services, subject_id: UUID, department: str, act: Act) -> bool:
    account, live = _standing(services, subject_id)
    if account is None and live is None:
        raise NotFoundError("no such subject")
    changed: list[Account | Enrollment] = []
    if account is not None and account.department != department:
        account.move(department, act=act)
        changed.append(account)
    in_progress = live is not None and live.status == PENDING
    if live is not None and live.department != department and not in_progress:
        live.change_department(department, act=act)
        changed.append(live)
    if changed:
        services.store.save(*changed)
    if live is not None and live.department != department and in_progress:
        consents.revoke_enrollment(services, live, reason="moved", act=act)
        return True
    return bool(changed)


def _suspend(services: Services, subject_id: UUID, reason: str, act: Act) -> bool:
    account, live = _standing(services, subject_id)
    claims: list[Claim] = []
    if account is None:
        account, claims = _opened_from(services, subject_id, live, act)
    changed: list[Account | Enrollment] = []
    if account.status == ACTIVE:
        account.suspend(reason=reason, act=act)
        changed.append(account)
    if live is not None and live.status == SERVING:
        live.suspend(reason=reason, act=act)
        changed.append(live)
    if changed:
        with services.store.mutex(consents.names_mutex(subject_id)):
            services.store.save(*changed, claim=claims)
    return bool(changed)


def _opened_from(
    services: Services, subject_id: UUID, live: Enrollment | None, act: Act
) -> tuple[Account, list[Claim]]:
    """Return an account (unsaved) with the names of an enrolment, be it a former one, and the claims that it needs."""
    enrollment = live or _last_enrollment(services, subject_id)
    if enrollment is None or not services.vault.has_key(subject_owner(subject_id)):
        raise NotFoundError("no such subject")
    sealed = {f"{name}_sealed": getattr(enrollment, f"{name}_sealed") for name in MAX_LENGTHS}
    account = Account.open(subject_id, department=enrollment.department, act=act, **sealed)
    names = _names(services, enrollment)
    digests = {kind: services.vault.digest(kind, getattr(names, kind)) for kind in CLAIMED}
    # A former enrolment let go of its username: where somebody else has it by now, it stays theirs.
    free = {kind: d for kind, d in digests.items() if services.store.claimant(kind, d) in {None, subject_id}}
    return account, [Claim(kind, digest, subject_id) for kind, digest in free.items()]


def _last_enrollment(services: Services, subject_id: UUID) -> Enrollment | None:
    services.projector.catch_up()
    rows = services.read_models.rows("enrollment_rows", {"subject_id": subject_id})
    newest = max(rows, key=lambda row: row["position"], default=None)
    found = services.store.get(Enrollment, newest["enrollment_id"]) if newest else None
    return None if found is None or found.status == ERASED else found


def _reinstate(services: Services, subject_id: UUID, reason: str, act: Act) -> bool:
    account, live = _standing(services, subject_id)
    if account is None and live is None:
        raise NotFoundError("no such subject")
    changed: list[Account | Enrollment] = []
    if account is not None and account.status == SUSPENDED:
        account.reinstate(reason=reason, act=act)
        changed.append(account)
    if live is not None and live.status == PAUSED:
        live.reinstate(act=act)
        changed.append(live)
    if changed:
        services.store.save(*changed)
    return bool(changed)


def _standing(services: Services, subject_id: UUID) -> tuple[Account | None, Enrollment | None]:
    return standing_account(services, subject_id), consents.live_enrollment(services, subject_id)


def _names(services: Services, holder: Account | Enrollment) -> Person:
    """Open the names. Raises ``KeyDestroyedError``, ``SealBrokenError``."""
    owner = holder.subject_id
    opened = {
        name: services.vault.unseal(binding(owner, name), getattr(holder, f"{name}_sealed")).decode()
        for name in MAX_LENGTHS
    }
    return Person(**opened)


def _settle(services: Services, subject_id: UUID, *, reason: str, act: Act) -> int:
    """End the sessions and bring the gallery up: the last of what a change has to reach before it is told as done."""
    ended = end_sessions(services, subject_id, reason=reason, act=act)
    services.index.catch_up(services.store.position())
    return ended


def _check_department(services: Services, department: str) -> None:
    if not services.departments.exists(department):
        raise DepartmentUnknownError("no such department; add it first: faceauth department add NAME")


@contextmanager
def _claims_named() -> Iterator[None]:
    """Say ``UsernameTakenError`` for a name that is another's."""
    try:
        yield
    except ClaimTakenError as error:
        raise UsernameTakenError(f"another person holds that {error.kind}") from error


def _repeated(step: Callable[[], T]) -> T:
    """Do it again, from the newest state, while somebody else is faster."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except ConcurrencyError:
            continue
    return step()
