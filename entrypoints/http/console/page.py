"""What a page of the console is, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

from starlette.datastructures import FormData, QueryParams

from application.person import reveal_field
from application.ports.tokens import Principal
from application.services import Services
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import DepartmentForbiddenError, NotFoundError
from domain.roles import EVERYWHERE
from entrypoints.app import App
from entrypoints.http import access
from entrypoints.http.bodies import MAX_FORM_BYTES
from entrypoints.http.console.files import HandedFile
from entrypoints.http.console.guard import OFFICERS, READERS

CHANNEL: Final = "http"
NOBODY: Final = "no such subject"

Shown = dict[str, Any]
"""What a template is given. ``errors`` maps a field to a string's key; ``status`` is the answer's, 200 unless given."""


@dataclass(frozen=True, slots=True)
class Look:
    """One request to a page, by whom the guard let through. Everything on it is synchronous: it runs in the pool."""

    app: App
    principal: Principal
    language: str
    query: QueryParams = field(default_factory=QueryParams)
    path: dict[str, Any] = field(default_factory=dict)
    form: FormData = field(default_factory=FormData, repr=False)

    @property
    def services(self) -> Services:
        """The ports."""
        return self.app.services

    @property
    def act(self) -> Act:
        """The provenance of what is done."""
        return self.services.act(self.principal.actor, CHANNEL)

    @property
    def reach(self) -> str | None:
        """The one department that the principal reaches; None for all of them."""
        return None if self.principal.department == EVERYWHERE else self.principal.department

    @property
    def officer(self) -> bool:
        """Whether scores, thresholds and events are for their eyes."""
        return bool(self.principal.roles & OFFICERS)

    def departments(self) -> list[str]:
        """The departments that the principal reaches."""
        return [self.reach] if self.reach is not None else self.services.departments.names()

    def check_whole_house(self) -> None:
        """Raise ``DepartmentForbiddenError`` unless all departments are reached."""
        if self.reach is not None:
            raise DepartmentForbiddenError("this is for officers of the whole house")

    def check_subject(self, subject_id: UUID) -> set[str]:
        """Return where that person is. Raises ``NotFoundError`` for nobody and for somebody behind a wall alike."""
        # Whoever was enrolled a moment ago must be found.
        self.services.projector.catch_up()
        found = self.app.departments_of(subject_id)
        if not any(access.reaches(self.principal, department) for department in found):
            raise NotFoundError(NOBODY)
        return found

    def check_department(self, department: str) -> None:
        """Raise ``NotFoundError`` where that department is behind a wall."""
        if not access.reaches(self.principal, department):
            raise NotFoundError("there is no such thing")

    def viewing(self, subject_id: UUID, what: str) -> None:
        """Record that the person's data is about to be shown; show nothing where this raises."""
        record_viewing(self.services, [subject_id], what=what, act=self.act)

    def names_of(self, row: dict[str, Any]) -> dict[str, str]:
        """Open the personal fields of an enrolment's or account's row, after ``viewing``."""
        owner = row["subject_id"]
        return {
            name: reveal_field(self.services.vault, owner, name, row[f"{name}_sealed"])
            for name in ("display_name", "username", "user_id")
            if row.get(f"{name}_sealed")
        }


class Page:
    """One page: set the class variables, write ``show``, put the class into ``pages.PAGES`` and the words into strings.

    ``section`` is the entry of the navigation that it belongs to, ``in_nav`` whether it is that entry itself. With
    ``form_roles`` the page takes POST, too: ``take``. A page of the ``whole_house`` is for who reaches all departments.
    """

    path: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str]
    section: ClassVar[str]
    in_nav: ClassVar[bool] = False
    roles: ClassVar[frozenset[str]] = READERS
    form_roles: ClassVar[frozenset[str]] = frozenset()
    form_bytes: ClassVar[int] = MAX_FORM_BYTES
    whole_house: ClassVar[bool] = False

    def show(self, look: Look) -> Shown | HandedFile:
        """Return what the template is given, or a file. Raises what the error page then tells."""
        raise NotImplementedError

    def take(self, look: Look) -> Shown | str:
        """Do what the form asks; return where to go next, or what the template is given where it has to be corrected.

        Origin and token of the form have been checked.
        """
        raise NotImplementedError
