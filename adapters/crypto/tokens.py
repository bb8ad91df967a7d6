"""JSON Web Tokens, signed ES256."""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import jwt

from adapters.crypto.pairwise import PairwiseSubjects
from application.ports.tokens import AccessFacts, Principal
from domain.errors import InvalidInputError, TokenInvalidError
from domain.roles import STAFF_ROLES, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from adapters.crypto.signing_keys import SigningKeys
    from application.ports.clock import Clock, Ids

ALGORITHM = "ES256"
ACCESS_TYPE = "at+jwt"
"""RFC 9068, section 2.1."""

STAFF_TYPE = "faceauth-staff+jwt"
OFFICER: Final = "officer:"
"""How ``sub`` begins where a staff token says who carries it."""
ACCESS_LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=30)
"""How far in the future ``iat`` and ``nbf`` may lie: another node's clock. Expiry gets no such grace."""

MAX_TOKEN_CHARACTERS = 8192
FAULTS: Final = (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError, RecursionError)
"""What reading a forged token can raise."""

REQUIRED = ["iss", "aud", "exp", "iat", "jti", "sub"]
FOREIGN_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
"""Header parameters that would have us trust a key, or rules, that the token brings along: ours never have them."""

KEPT_TOKENS: Final = 4096
"""Access tokens whose signature needs no second look: one that is introspected comes again and again."""
KEPT_AUDIENCES: Final = 256


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
        self._pairwise_key = pairwise_key
        self._pairwise: dict[str, PairwiseSubjects] = {}
        self._issuer = issuer
        self._audience = audience
        self._own_audience = f"{issuer}/face-auth"  # staff tokens are for this service alone
        self._client_id = client_id
        self._clock = clock
        self._ids = ids
        self._read: OrderedDict[str, AccessFacts] = OrderedDict()
        self._lock = Lock()

    def issue_access(
        self,
        *,
        subject_id: UUID,
        session_id: UUID,
        department: str,
        amr: tuple[str, ...],
        acr: str,
        authenticated_at: datetime,
        client_id: str | None = None,
        audience: str | None = None,
        bound_to: str = "",
    ) -> tuple[str, int]:
        """Return (access token of RFC 9068, 300 seconds). See the port.

        ``sub`` is pairwise; the private claim ``subject_ref`` holds the subject id encrypted for ourselves, so that
        ``verify`` can name the subject without a look-up and nobody else can.
        """
        audience = audience or self._audience
        subjects = self._subjects(audience)
        token = self._signed(
            ACCESS_TYPE,
            ACCESS_LIFETIME,
            {
                "aud": audience,
                "sub": subjects.subject(subject_id),
                "subject_ref": subjects.reference(subject_id),
                "sid": str(session_id),
                "client_id": client_id or self._client_id,
                "auth_time": int(authenticated_at.timestamp()),
                "acr": acr,
                "amr": list(amr),
                "department": department,
                "roles": [SUBJECT],
                # RFC 9449, section 6.1.
                **({"cnf": {"jkt": bound_to}} if bound_to else {}),
            },
        )
        return token, int(ACCESS_LIFETIME.total_seconds())

    def issue_staff(self, *, role: str, department: str, ttl: timedelta, officer: str = "") -> str:
        """Return a bearer token for one of ``STAFF_ROLES`` in one department, or in all ("*").

        Raises ``InvalidInputError`` for another role, an empty department, a lifetime that is over at once or an
        officer's code that is none.
        """
        check_staff(role, department, ttl, officer)
        sub = f"{OFFICER}{officer}" if officer else f"staff:{role}"
        claims = {"aud": self._own_audience, "sub": sub, "roles": [role], "department": department}
        return self._signed(STAFF_TYPE, ttl, claims)

    def verify(self, token: str) -> Principal:
        """Return the principal of one of our own tokens of either type.

        Raises ``TokenInvalidError``, always the same one: whoever forges tokens learns nothing from it.
        """
        try:
            return self._verified(token)
        except FAULTS:
            # Left before raising: not even __context__ says what was wrong.
            pass
        raise TokenInvalidError("the token is not valid")

    def read_access(self, token: str, audiences: Collection[str]) -> AccessFacts:
        """Return what an access token for one of those audiences says. See the port."""
        try:
            return self._read_access(token, audiences)
        except FAULTS:
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
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": str(self._ids.new()),
            **claims,
        }
        return jwt.encode(payload, key.private, ALGORITHM, headers={"typ": kind, "kid": key.kid})

    def _verified(self, token: str) -> Principal:
        kind, claims = self._decoded(token, {ACCESS_TYPE: [self._audience], STAFF_TYPE: [self._own_audience]})
        if kind == STAFF_TYPE:
            return _staff_principal(claims)
        facts = self._facts(claims)
        return Principal(
            actor=f"subject:{facts.subject_id}",
            roles=frozenset({SUBJECT}),
            department=str(claims.get("department")),
            token_id=claims["jti"],
            subject_id=facts.subject_id,
            session_id=facts.session_id,
            bound_to=facts.bound_to,
        )

    def _read_access(self, token: str, audiences: Collection[str]) -> AccessFacts:
        """Look at the signature once: a key stays published as long as its tokens live, and a token never changes."""
        with self._lock:
            facts = self._read.get(token)
        if facts is None:
            _, claims = self._decoded(token, {ACCESS_TYPE: audiences})
            facts = self._facts(claims)
            with self._lock:
                self._read[token] = facts
                while len(self._read) > KEPT_TOKENS:
                    self._read.popitem(last=False)
        if facts.audience not in audiences:
            raise ValueError("another audience")
        self._check_times(facts.claims)
        return facts

    def _decoded(self, token: str, audiences: Mapping[str, Collection[str]]) -> tuple[str, dict[str, Any]]:
        """Return (type, claims) of a token whose type is among those, for one of the audiences of that type."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        kind = header.get("typ")
        public = self._keys.public(header.get("kid"))
        if public is None or not isinstance(kind, str) or kind not in audiences or FOREIGN_HEADERS & header.keys():
            raise ValueError("no header of ours")
        claims = jwt.decode(
            token,
            public,
            # Never the algorithm that the token names: that is how "none" and public-key-as-HMAC-secret get in.
            algorithms=[ALGORITHM],
            issuer=self._issuer,
            audience=list(audiences[kind]),
            # Times are checked below, on our own clock.
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        if not isinstance(claims["aud"], str) or not isinstance(claims["jti"], str):
            raise TypeError("not a token of ours")
        self._check_times(claims)
        return kind, claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        latest = now + CLOCK_SKEW.total_seconds()
        if not now < int(claims["exp"]) or int(claims["iat"]) > latest or int(claims.get("nbf", 0)) > latest:
            raise ValueError("not now")

    def _facts(self, claims: Mapping[str, Any]) -> AccessFacts:
        subjects = self._subjects(claims["aud"])
        subject_id = subjects.resolve(str(claims.get("subject_ref")))
        if claims["sub"] != subjects.subject(subject_id):
            raise ValueError("subject and reference differ")
        return AccessFacts(
            subject_id=subject_id,
            session_id=UUID(str(claims.get("sid"))),
            client_id=str(claims.get("client_id")),
            audience=claims["aud"],
            bound_to=str(claims["cnf"]["jkt"]) if "cnf" in claims else "",
            claims={name: value for name, value in claims.items() if name != "subject_ref"},
        )

    def _subjects(self, audience: str) -> PairwiseSubjects:
        subjects = self._pairwise.get(audience)
        if subjects is None:
            if len(self._pairwise) >= KEPT_AUDIENCES:
                self._pairwise = {}
            subjects = self._pairwise[audience] = PairwiseSubjects(self._pairwise_key, audience)
        return subjects


def check_staff(role: str, department: str, ttl: timedelta, officer: str = "") -> None:
    """Raise ``InvalidInputError`` for what no staff token may say."""
    if role not in STAFF_ROLES:
        raise InvalidInputError(f"the role of a staff token is one of {', '.join(sorted(STAFF_ROLES))}")
    if not department.strip():
        raise InvalidInputError('name a department, or "*" for all of them')
    if ttl < timedelta(seconds=1):
        raise InvalidInputError("a token lives for at least a second")
    if officer and not re.fullmatch("[a-z0-9]{1,64}", officer):
        raise InvalidInputError("an officer goes by a code of lower-case letters and digits, never by name")


def _staff_principal(claims: Mapping[str, Any]) -> Principal:
    roles = frozenset(claims.get("roles", ()))
    if not roles or not roles <= STAFF_ROLES:
        raise ValueError("not a staff role")
    sub = str(claims["sub"])
    return Principal(
        actor=sub if sub.startswith(OFFICER) else f"token:{claims['jti']}",
        roles=roles,
        department=str(claims.get("department")),
        token_id=claims["jti"],
    )
