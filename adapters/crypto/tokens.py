"""JSON Web Tokens, signed ES256."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt

from adapters.crypto.pairwise import PairwiseSubjects
from application.ports.tokens import Principal
from domain.errors import InvalidInputError, TokenInvalidError
from domain.roles import STAFF_ROLES, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.crypto.signing_keys import SigningKeys
    from application.ports.clock import Clock, Ids

ALGORITHM = "ES256"
ACCESS_TYPE = "at+jwt"
"""RFC 9068, section 2.1."""

STAFF_TYPE = "faceauth-staff+jwt"
ACCESS_LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=30)
"""How far in the future ``iat`` and ``nbf`` may lie: another node's clock. Expiry gets no such grace."""

MAX_TOKEN_CHARACTERS = 8192
REQUIRED = ["iss", "aud", "exp", "iat", "jti", "sub"]


class JwtIssuer:
    """``application.ports.tokens.TokenIssuer``: one issuer, one audience, one client. Safe from several threads."""

    def __init__(
        self,
        *,
        keys: SigningKeys,
        pairwise_key: bytes,
        issuer: str,
        audience: str,
        client_id: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Sign with ``keys``; ``pairwise_key`` (32 bytes) is the key ring's."""
        self._keys = keys
        self._subjects = PairwiseSubjects(pairwise_key, audience)
        self._issuer = issuer
        self._audience = audience
        self._own_audience = f"{issuer}/face-auth"  # staff tokens are for this service alone
        self._client_id = client_id
        self._clock = clock
        self._ids = ids

    def issue_access(
        self,
        *,
        subject_id: UUID,
        session_id: UUID,
        department: str,
        amr: tuple[str, ...],
        acr: str,
        authenticated_at: datetime,
    ) -> tuple[str, int]:
        """Return (access token of RFC 9068, 300 seconds).

        ``sub`` is pairwise; the private claim ``subject_ref`` holds the subject id encrypted for ourselves, so that
        ``verify`` can name the subject without a look-up and nobody else can.
        """
        token = self._signed(
            ACCESS_TYPE,
            ACCESS_LIFETIME,
            {
                "sub": self._subjects.subject(subject_id),
                "subject_ref": self._subjects.reference(subject_id),
                "sid": str(session_id),
                "client_id": self._client_id,
                "auth_time": int(authenticated_at.timestamp()),
                "acr": acr,
                "amr": list(amr),
                "department": department,
                "roles": [SUBJECT],
            },
        )
        return token, int(ACCESS_LIFETIME.total_seconds())

    def issue_staff(self, *, role: str, department: str, ttl: timedelta) -> str:
        """Return a bearer token for one of ``STAFF_ROLES`` in one department, or in all ("*").

        Raises ``InvalidInputError`` for another role, an empty department or a lifetime that is over at once.
        """
        check_staff(role, department, ttl)
        claims = {"aud": self._own_audience, "sub": f"staff:{role}", "roles": [role], "department": department}
        return self._signed(STAFF_TYPE, ttl, claims)

    def verify(self, token: str) -> Principal:
        """Return the principal of one of our own tokens of either type.

        Raises ``TokenInvalidError``, always the same one: whoever forges tokens learns nothing from it.
        """
        try:
            return self._verified(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            # Left before raising: not even __context__ says what was wrong.
            pass
        raise TokenInvalidError("the token is not valid")

    def certify(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Return a signed statement of that ``typ``, without expiry. See the port."""
        key = self._keys.active()
        issued = {"iss": self._issuer, "iat": int(self._clock.now().timestamp()), "jti": str(self._ids.new())}
        return jwt.encode({**issued, **claims}, key.private, ALGORITHM, headers={"typ": kind, "kid": key.kid})

    def jwks(self) -> Mapping[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        return self._keys.jwks()

    def _signed(self, kind: str, lifetime: timedelta, claims: Mapping[str, Any]) -> str:
        issued = int(self._clock.now().timestamp())
        key = self._keys.active()
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": str(self._ids.new()),
            **claims,
        }
        return jwt.encode(payload, key.private, ALGORITHM, headers={"typ": kind, "kid": key.kid})

    def _verified(self, token: str) -> Principal:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        public = self._keys.public(header.get("kid"))
        if public is None:
            raise ValueError("unknown key")
        claims = jwt.decode(
            token,
            public,
            # Never the algorithm that the token names: that is how "none" and public-key-as-HMAC-secret get in.
            algorithms=[ALGORITHM],
            issuer=self._issuer,
            audience=self._own_audience if header.get("typ") == STAFF_TYPE else self._audience,
            # Times are checked below, on our own clock.
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        self._check_times(claims)
        # Only now is the header known to be ours: the signature covers it.
        if header.get("typ") == ACCESS_TYPE:
            return self._session_principal(claims)
        if header.get("typ") == STAFF_TYPE:
            return _staff_principal(claims)
        raise ValueError("unknown type")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        latest = now + CLOCK_SKEW.total_seconds()
        if not now < int(claims["exp"]) or int(claims["iat"]) > latest or int(claims.get("nbf", 0)) > latest:
            raise ValueError("not now")

    def _session_principal(self, claims: Mapping[str, Any]) -> Principal:
        subject_id = self._subjects.resolve(str(claims.get("subject_ref")))
        if claims["sub"] != self._subjects.subject(subject_id):
            raise ValueError("subject and reference differ")
        return Principal(
            actor=f"subject:{subject_id}",
            roles=frozenset({SUBJECT}),
            department=str(claims.get("department")),
            token_id=claims["jti"],
            subject_id=subject_id,
            session_id=UUID(str(claims.get("sid"))),
        )


def check_staff(role: str, department: str, ttl: timedelta) -> None:
    """Raise ``InvalidInputError`` for what no staff token may say."""
    if role not in STAFF_ROLES:
        raise InvalidInputError(f"the role of a staff token is one of {', '.join(sorted(STAFF_ROLES))}")
    if not department.strip():
        raise InvalidInputError('name a department, or "*" for all of them')
    if ttl < timedelta(seconds=1):
        raise InvalidInputError("a token lives for at least a second")


def _staff_principal(claims: Mapping[str, Any]) -> Principal:
    roles = frozenset(claims.get("roles", ()))
    if not roles or not roles <= STAFF_ROLES:
        raise ValueError("not a staff role")
    return Principal(
        actor=f"token:{claims['jti']}",
        roles=roles,
        department=str(claims.get("department")),
        token_id=claims["jti"],
    )
