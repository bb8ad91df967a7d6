"""No identity provider: only our own tokens count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import TokenInvalidError

if TYPE_CHECKING:
    from application.ports.tokens import Principal


class AbsentIdentityProvider:
    """``application.ports.identity.IdentityProvider`` of a hospital that has configured none."""

    def issued(self, token: str) -> bool:  # noqa: ARG002 - the port's form
        """Say no."""
        return False

    def verify(self, token: str) -> Principal:  # noqa: ARG002 - the port's form
        """Raise ``TokenInvalidError``."""
        raise TokenInvalidError("the token is not valid")
