"""What the claims of a hospital's token grant here: mapped roles, one department, and nothing that is not mapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from application.departments import check_department
from domain.errors import InvalidInputError
from domain.roles import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping

NOWHERE: Final = ""
"""The department of who reaches none."""
MAX_VALUES: Final = 1000
"""Groups of one person that are looked at."""


@dataclass(frozen=True, slots=True)
class Grants:
    """Which claims say what, and what their values mean here.

    ``roles`` leads from the provider's word to some of ``STAFF_ROLES``. Claims are found by dotted path. Without
    ``departments`` a department goes by its own name; with it only those in it count. "*" counts only in there.
    """

    roles: Mapping[str, frozenset[str]]
    roles_claim: str = "roles"
    department_claim: str = "department"
    departments: Mapping[str, str] = field(default_factory=dict)

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """Return the roles that a token has here: none for words that nobody mapped."""
        return frozenset(role for word in words(claims, self.roles_claim) for role in self.roles.get(word, ()))

    def department_of(self, claims: Mapping[str, Any]) -> str:
        """Return the one department that a token reaches, or all, or none: also where it names several of ours."""
        named = {self._department(word) for word in words(claims, self.department_claim)} - {NOWHERE}
        if EVERYWHERE in named:
            return EVERYWHERE
        return named.pop() if len(named) == 1 else NOWHERE

    def _department(self, word: str) -> str:
        if self.departments:
            return self.departments.get(word, NOWHERE)
        try:
            return check_department(word)
        except InvalidInputError:
            return NOWHERE


def words(claims: Mapping[str, Any], path: str) -> list[str]:
    """Return the text, or the texts of the list, at a dotted path; a claim whose name has dots in it goes first."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return [found]
    return [word for word in found[:MAX_VALUES] if isinstance(word, str)] if isinstance(found, list) else []
