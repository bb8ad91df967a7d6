from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import ACCESS_TYPE, STAFF_TYPE, JwtIssuer
from adapters.memory.clock import FixedClock, SequentialIds
from domain.errors import TokenInvalidError

if TYPE_CHECKING:
    from pathlib import Path

SUBJECT = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("44444444-4444-4444-8444-444444444444")
SESSION = UUID("22222222-2222-4222-8222-222222222222")
ISSUER = "https://faceauth.test"
AUDIENCE = "hospital"


@dataclass
class House:
    keys: SigningKeys
    clock: FixedClock

    def issuer(self, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> JwtIssuer:
        return JwtIssuer(
            keys=self.keys,
            pairwise_key=b"p" * 32,
            issuer=issuer,
            audience=audience,
            client_id="faceauth-app",
            clock=self.clock,
            ids=SequentialIds(),
        )

    def access(self, subject: UUID = SUBJECT, **names: str) -> str:
        token, _ = self.issuer(**names).issue_access(
            subject_id=subject,
            session_id=SESSION,
            department="radiology",
            amr=("face",),
            acr="urn:faceauth:passive",
            authenticated_at=self.clock.now() - timedelta(seconds=2),
        )
        return token

    def forged(self, kind: str = STAFF_TYPE, without: str = "", **changes: Any) -> str:
        """Sign, with the true key, a staff token with some claims changed or one left out."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": f"{ISSUER}/face-auth",
            "iat": now,
            "exp": now + 60,
            "jti": "a",
            "sub": "staff:operator",
            "roles": ["operator"],
            "department": "*",
            **changes,
        }
        claims.pop(without, None)
        key = self.keys.active()
        return jwt.encode(claims, key.private, "ES256", headers={"typ": kind, "kid": key.kid})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(SigningKeys.open(tmp_path / "keys" / "signing.json"), FixedClock())


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def key_of(key_set: Any, token: str) -> dict[str, Any]:
    """The published key that a token names."""
    kid = jwt.get_unverified_header(token)["kid"]
    [key] = [key for key in key_set["keys"] if key["kid"] == kid]
    found: dict[str, Any] = key
    return found


def refuse(house: House, token: str) -> None:
    with pytest.raises(TokenInvalidError, match=r"^the token is not valid$"):
        house.issuer().verify(token)


def test_an_access_token_is_the_one_of_rfc_9068(house: House) -> None:
    token = house.access()
    now = int(house.clock.now().timestamp())
    claims = claims_of(token)

    assert jwt.get_unverified_header(token) == {"typ": ACCESS_TYPE, "alg": "ES256", "kid": house.keys.active().kid}
    assert claims.pop("subject_ref")
    assert len(claims.pop("sub")) == 32
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": "faceauth-app",
        "iat": now,
        "exp": now + 300,
        "auth_time": now - 2,
        "acr": "urn:faceauth:passive",
        "amr": ["face"],
        "department": "radiology",
        "roles": ["subject"],
        "sid": str(SESSION),
    }


def test_the_subject_is_the_same_for_one_audience_and_another_for_the_next(house: House) -> None:
    assert claims_of(house.access())["sub"] == claims_of(house.access())["sub"]
    assert claims_of(house.access())["sub"] != claims_of(house.access(audience="ehr"))["sub"]
    assert claims_of(house.access())["sub"] != claims_of(house.access(OTHER))["sub"]


def test_nothing_in_the_token_tells_the_subject_id_or_joins_two_audiences(house: House) -> None:
    here, there = claims_of(house.access()), claims_of(house.access(audience="ehr"))

    assert str(SUBJECT) not in json.dumps(here)
    assert SUBJECT.hex not in json.dumps(here)
    assert here["subject_ref"] != there["subject_ref"]
    assert here["subject_ref"] != claims_of(house.access())["subject_ref"]


def test_the_published_keys_verify_a_token_without_us(house: House) -> None:
    house.clock.set(datetime.now(UTC))
    token = house.access()
    published = key_of(json.loads(json.dumps(house.issuer().jwks())), token)

    claims = jwt.decode(
        token,
        jwt.PyJWK(published),
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
    )

    assert claims["sid"] == str(SESSION)
    assert published["kid"] == jwt.get_unverified_header(token)["kid"]
    assert "d" not in published


def test_the_key_id_is_the_thumbprint_of_rfc_7638(house: House) -> None:
    key = house.issuer().jwks()["keys"][0]
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{key["x"]}","y":"{key["y"]}"}}'.encode()

    assert key["kid"] == base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def test_a_token_changed_anywhere_is_refused(house: House) -> None:
    header, payload, signature = house.access().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))

    refuse(house, f"{header}.{segment({**claims, 'department': 'oncology'})}.{signature}")
    refuse(
        house, f"{segment({'alg': 'ES256', 'typ': STAFF_TYPE, 'kid': house.keys.active().kid})}.{payload}.{signature}"
    )
    refuse(house, f"{header}.{payload}.{signature[:-4]}AAAA")
    refuse(house, f"{header}.{payload}.")
    refuse(house, f"{header}.{payload}")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(house: House, algorithm: str) -> None:
    _, payload, signature = house.access().split(".")
    header = segment({"alg": algorithm, "typ": ACCESS_TYPE, "kid": house.keys.active().kid})

    refuse(house, f"{header}.{payload}.")
    refuse(house, f"{header}.{payload}.{signature}")


@pytest.mark.parametrize("form", ["pem", "der", "raw", "jwk"])
def test_the_public_key_is_no_hmac_secret(house: House, form: str) -> None:
    public = house.keys.active().private.public_key()
    secret = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "raw": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "jwk": json.dumps(house.keys.jwks()["keys"][0]).encode(),
    }[form]
    _, payload, _ = house.access().split(".")
    header = segment({"alg": "HS256", "typ": ACCESS_TYPE, "kid": house.keys.active().kid})
    tag = hmac.new(secret, f"{header}.{payload}".encode(), hashlib.sha256).digest()

    refuse(house, f"{header}.{payload}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}")


def test_a_key_of_somebody_else_is_refused_also_when_the_token_brings_it_along(house: House, tmp_path: Path) -> None:
    stranger = SigningKeys.open(tmp_path / "stranger" / "signing.json")
    token = House(stranger, house.clock).access()
    refuse(house, token)

    brought = key_of(stranger.jwks(), token)
    headers = {"typ": ACCESS_TYPE, "kid": house.keys.active().kid, "jwk": brought, "jku": "https://stranger.test"}
    refuse(house, jwt.encode(claims_of(token), stranger.active().private, "ES256", headers=headers))


def test_another_curve_under_our_key_id_is_refused(house: House) -> None:
    headers = {"typ": STAFF_TYPE, "kid": house.keys.active().kid}
    refuse(
        house, jwt.encode(claims_of(house.forged()), ec.generate_private_key(ec.SECP384R1()), "ES384", headers=headers)
    )


def test_a_token_of_another_audience_or_issuer_is_refused(house: House) -> None:
    refuse(house, house.access(audience="ehr"))
    refuse(house, house.access(issuer="https://elsewhere.test"))


def test_the_true_staff_token_that_the_next_tests_spoil_is_accepted(house: House) -> None:
    assert house.issuer().verify(house.forged()).roles == {"operator"}


@pytest.mark.parametrize("kind", ["JWT", "at+JWT", "", "logout+jwt", "secevent+jwt", "dpop+jwt"])
def test_a_token_of_another_type_is_refused(house: House, kind: str) -> None:
    refuse(house, house.forged(kind))


def test_a_staff_token_does_not_pass_for_an_access_token_nor_the_reverse(house: House) -> None:
    refuse(house, house.forged(ACCESS_TYPE))
    refuse(house, house.forged(STAFF_TYPE, **claims_of(house.access())))


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti", "sub"])
def test_a_token_with_a_claim_left_out_is_refused(house: House, name: str) -> None:
    refuse(house, house.forged(without=name))


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": []},
        {"roles": ["root"]},
        {"roles": ["operator", "root"]},
        {"roles": "operator"},
        {"aud": [""]},
        {"exp": "tomorrow"},
        {"exp": 1},
    ],
)
def test_a_staff_token_that_says_something_odd_is_refused(house: House, changes: dict[str, Any]) -> None:
    refuse(house, house.forged(**changes))


def test_a_token_from_the_future_is_refused_but_for_a_little_skew(house: House) -> None:
    now = int(house.clock.now().timestamp())

    for name in ("iat", "nbf"):
        early: dict[str, Any] = {name: now + 30}
        earlier: dict[str, Any] = {name: now + 31}
        assert house.issuer().verify(house.forged(**early)).roles == {"operator"}
        refuse(house, house.forged(**earlier))


def test_the_reference_to_another_subject_does_not_change_who_the_token_speaks_for(house: House) -> None:
    stolen = claims_of(house.access(OTHER))["subject_ref"]

    refuse(house, house.forged(ACCESS_TYPE, **{**claims_of(house.access()), "subject_ref": stolen}))


@pytest.mark.parametrize(
    "header",
    [
        {},
        [],
        None,
        {"alg": "ES256"},
        {"alg": "ES256", "kid": None},
        {"alg": "ES256", "kid": ["a"]},
        {"alg": {}, "kid": 1},
        {"alg": "ES256", "kid": "a", "crit": ["exp"]},
    ],
)
def test_an_odd_header_is_refused_like_any_other(house: House, header: Any) -> None:
    refuse(house, f"{segment(header)}.{segment({})}.AAAA")


def test_a_header_nested_without_end_is_refused(house: House) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()

    refuse(house, f"{nested}.{segment({})}.AAAA")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.lists(st.binary().map(base64.urlsafe_b64encode).map(bytes.decode), max_size=4).map(".".join))
def test_no_text_does_anything_but_be_refused(house: House, text: str) -> None:
    refuse(house, text)


def test_a_staff_token_means_nothing_to_those_who_take_session_tokens(house: House) -> None:
    token = house.issuer().issue_staff(role="operator", department="*", ttl=timedelta(hours=1))

    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(
            token,
            house.keys.active().private.public_key(),
            algorithms=["ES256"],
            audience=AUDIENCE,
            options={"verify_iat": False, "verify_exp": False},
        )
    refuse(house, house.forged(aud=AUDIENCE))
