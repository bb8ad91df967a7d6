"""The hospital's identity provider: tokens that we did not issue and still believe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from application.ports.tokens import Principal


class IdentityProvider(Protocol):
    """Verifies access tokens of the hospital. Safe from several threads; may wait for the network: not on a loop."""

    def issued(self, token: str) -> bool:
        """Say whether a token names this provider as its issuer.

        Nothing of that is verified: it is good only to choose who verifies the token. Never raises.
        """
        ...

    def verify(self, token: str) -> Principal:
        """Return who a token speaks for.

        ``roles`` are some of ``domain.roles.STAFF_ROLES``, or none; ``department`` is one department, "*", or "" where
        the token reaches none. ``actor`` is opaque: it names nobody to whoever reads the history.

        Raises ``TokenInvalidError``, the same one whatever is wrong, and ``UnavailableError`` where the provider's keys
        were never seen (or too long ago) and cannot be had now.
        """
        ...
