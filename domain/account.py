"""The account of a subject: who somebody is to the hospital, with or without a face on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.errors import AccountInactiveError, AccountStateError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
CLOSED: Final = "closed"

_NAMESPACE: Final = UUID("b7a4c1de-2a0c-4f0a-9a53-0c8e8f1c6f11")


class Account(Aggregate):
    """One per subject; suspended and reinstated by the hospital, closed for good. Personal fields are sealed values."""

    TOPIC: ClassVar[str] = "account"

    @event("Created", topic="account.opened.v1")
    def __init__(
        self,
        subject_id: UUID,
        department: str,
        user_id_sealed: str,
        username_sealed: str,
        display_name_sealed: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.subject_id = subject_id
        self.department = department
        self.user_id_sealed = user_id_sealed
        self.username_sealed = username_sealed
        self.display_name_sealed = display_name_sealed
        self.password_sealed = ""
        self.password_temporary = False
        self.status = ACTIVE
        self.changed_by = act.actor

    @staticmethod
    def create_id(subject_id: UUID) -> UUID:
        """Return the one id that a subject's account can have."""
        return uuid5(_NAMESPACE, str(subject_id))

    @classmethod
    def open(
        cls,
        subject_id: UUID,
        *,
        department: str,
        user_id_sealed: str,
        username_sealed: str,
        display_name_sealed: str,
        act: Act,
    ) -> Account:
        """Open the account of somebody of that department."""
        return cls(
            subject_id=subject_id,
            department=department,
            user_id_sealed=user_id_sealed,
            username_sealed=username_sealed,
            display_name_sealed=display_name_sealed,
            act=act,
            timestamp=act.at,
        )

    @property
    def active(self) -> bool:
        """Whether its person may sign in at all."""
        return self.status == ACTIVE

    def check_active(self) -> None:
        """Raise ``AccountInactiveError`` unless its person may sign in."""
        if not self.active:
            raise AccountInactiveError("the account is not active")

    def rename(self, *, user_id_sealed: str, username_sealed: str, display_name_sealed: str, act: Act) -> None:
        """Take other names: all three, sealed anew."""
        self._check(ACTIVE, SUSPENDED)
        self._renamed(
            user_id_sealed=user_id_sealed,
            username_sealed=username_sealed,
            display_name_sealed=display_name_sealed,
            act=act,
            timestamp=act.at,
        )

    def move(self, department: str, *, act: Act) -> None:
        """Belong to another department."""
        self._check(ACTIVE, SUSPENDED)
        if department == self.department:
            raise AccountStateError("the account is in that department already")
        self._moved(department=department, act=act, timestamp=act.at)

    def suspend(self, *, reason: str, act: Act) -> None:
        """Let its person in no more, until it is reinstated."""
        self._check(ACTIVE)
        self._suspended(reason=reason, act=act, timestamp=act.at)

    def reinstate(self, *, reason: str, act: Act) -> None:
        """Let its person in again."""
        self._check(SUSPENDED)
        self._reinstated(reason=reason, act=act, timestamp=act.at)

    def set_password(self, password_sealed: str, *, act: Act, temporary: bool = False) -> None:
        """Take a password's hash, sealed under the subject's key; "" takes the password away.

        ``temporary``: somebody else chose it; its owner must choose another one before it opens anything.
        """
        self._check(ACTIVE, SUSPENDED)
        self._password_set(password_sealed=password_sealed, temporary=temporary, act=act, timestamp=act.at)

    def rehash_password(self, password_sealed: str, *, act: Act) -> None:
        """Take the hash of the same password under a newer policy."""
        self._check(ACTIVE, SUSPENDED)
        if not self.password_sealed or not password_sealed:
            raise AccountStateError("there is no password to hash anew")
        self._password_rehashed(password_sealed=password_sealed, act=act, timestamp=act.at)

    def close(self, *, reason: str, act: Act) -> None:
        """End it for good; its password goes with it."""
        self._check(ACTIVE, SUSPENDED)
        self._closed(reason=reason, act=act, timestamp=act.at)

    def _check(self, *states: str) -> None:
        if self.status not in states:
            raise AccountStateError(f"the account is {self.status}")

    @event("Renamed", topic="account.renamed.v1")
    def _renamed(
        self, user_id_sealed: str, username_sealed: str, display_name_sealed: str, act: Act, timestamp: datetime
    ) -> None:
        self.user_id_sealed = user_id_sealed
        self.username_sealed = username_sealed
        self.display_name_sealed = display_name_sealed
        self.changed_by = act.actor

    @event("Moved", topic="account.moved.v1")
    def _moved(self, department: str, act: Act, timestamp: datetime) -> None:
        self.department = department
        self.changed_by = act.actor

    @event("Suspended", topic="account.suspended.v1")
    def _suspended(self, reason: str, act: Act, timestamp: datetime) -> None:
        self._become(SUSPENDED, act)

    @event("Reinstated", topic="account.reinstated.v1")
    def _reinstated(self, reason: str, act: Act, timestamp: datetime) -> None:
        self._become(ACTIVE, act)

    @event("PasswordSet", topic="account.password_set.v1")
    def _password_set(self, password_sealed: str, act: Act, timestamp: datetime, temporary: bool = False) -> None:
        self.password_sealed = password_sealed
        self.password_temporary = temporary
        self.changed_by = act.actor

    @event("PasswordRehashed", topic="account.password_rehashed.v1")
    def _password_rehashed(self, password_sealed: str, act: Act, timestamp: datetime) -> None:
        self.password_sealed = password_sealed

    @event("Closed", topic="account.closed.v1")
    def _closed(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.password_sealed = ""
        self._become(CLOSED, act)

    def _become(self, status: str, act: Act) -> None:
        self.status = status
        self.changed_by = act.actor
