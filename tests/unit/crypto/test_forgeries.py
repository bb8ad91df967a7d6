"""joserfc, which nobody here wrote, reads our tokens, and forges others: none of its forgeries opens anything."""

from __future__ import annotations

import itertools
import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from joserfc.jws import JWSRegistry

from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import ACCESS_TYPE
from adapters.memory.clock import FixedClock
from domain.errors import TokenInvalidError
from tests.unit.crypto.test_jwt import AUDIENCE, ISSUER, SESSION, SUBJECT, House, claims_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(SigningKeys.open(tmp_path / "keys" / "signing.json"), FixedClock())


def ours(house: House) -> ECKey:
    """Our own private key as joserfc has it: forgeries that are wrong in one point only."""
    return ECKey.import_key(house.keys.active().private)


def forge(house: House, key: Any = None, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An access token like ours with some claims or header parameters changed; None takes one away."""
    head = {"alg": "ES256", "typ": ACCESS_TYPE, "kid": house.keys.active().kid} | (header or {})
    body = claims_of(house.access()) | claims
    return jwt.encode(
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in body.items() if value is not None},
        key or ours(house),
        registry=lenient(),
    )


def lenient() -> JWSRegistry:
    """joserfc checks what it signs; a forger does not."""
    registry = JWSRegistry(algorithms=["ES256", "HS256", "ES384"], strict_check_header=False)
    registry.check_header = lambda header: None  # type: ignore[method-assign]  # noqa: ARG005
    return registry


def refuse(house: House, token: str) -> None:
    with pytest.raises(TokenInvalidError, match=r"^the token is not valid$") as refusal:
        house.issuer().verify(token)
    assert refusal.value.__context__ is None
    with pytest.raises(TokenInvalidError, match=r"^the token is not valid$"):
        house.issuer().read_access(token, [AUDIENCE])


def test_joserfc_accepts_our_access_token_as_one_of_rfc_9068(house: House) -> None:
    keys = KeySet.import_key_set(json.loads(json.dumps(house.issuer().jwks())))
    token = jwt.decode(house.access(), keys, algorithms=["ES256"])
    needed: Any = {
        name: {"essential": True} for name in ("exp", "iat", "sub", "jti", "client_id", "auth_time", "acr", "amr")
    }
    rules = jwt.JWTClaimsRegistry(
        now=int(house.clock.now().timestamp()),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        **needed,
    )

    rules.validate(token.claims)
    assert token.header["typ"] == "at+jwt"


def test_the_forgers_tool_makes_a_token_that_is_good_where_nothing_is_wrong(house: House) -> None:
    assert house.issuer().verify(forge(house)).subject_id == SUBJECT
    assert house.issuer().read_access(forge(house), [AUDIENCE]).session_id == SESSION


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../etc/passwd",
        "/dev/null",
        "' OR '1'='1",
        "a'; DROP TABLE clients; --",
        "https://evil.test/key.json",
        "file:///etc/passwd",
        "k" * 5000,
        "\x00",
        "",
        None,
    ],
)
def test_a_key_id_is_a_word_to_look_up_and_nothing_else(house: House, kid: Any) -> None:
    refuse(house, forge(house, header={"kid": kid}))


@pytest.mark.parametrize("kid", [1, True, [], {}, ["x"], {"x": 1}])
def test_a_key_id_that_is_no_text_is_refused(house: House, kid: Any) -> None:
    refuse(house, forge(house, header={"kid": kid}))


def test_a_key_that_a_token_brings_along_is_never_used(house: House) -> None:
    own = ECKey.generate_key("P-256")
    for brought in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.test/jwks.json"},
        {"x5u": "https://evil.test/chain.pem"},
        {"x5c": ["MIIB"]},
    ):
        refuse(house, forge(house, own, header=brought))
        refuse(house, forge(house, own, header={**brought, "kid": own.thumbprint()}))
        # Even signed by us: no token of ours has such a header.
        refuse(house, forge(house, header=brought))


def test_what_is_critical_and_not_understood_is_refused(house: House) -> None:
    refuse(house, forge(house, header={"crit": ["b64"], "b64": True}))
    refuse(house, forge(house, header={"crit": []}))


def test_algorithms_other_than_ours_are_refused(house: House) -> None:
    refuse(house, forge(house, OctKey.import_key(json.dumps(house.keys.jwks()["keys"][0])), header={"alg": "HS256"}))
    refuse(house, forge(house, OctKey.import_key(os.urandom(32)), header={"alg": "HS256"}))
    refuse(house, forge(house, ECKey.generate_key("P-384"), header={"alg": "ES384"}))


def test_another_key_under_our_key_id_is_refused(house: House) -> None:
    refuse(house, forge(house, ECKey.generate_key("P-256")))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "elsewhere"},
        {"aud": [AUDIENCE, "elsewhere"]},
        {"aud": None},
        {"iss": "https://evil.test"},
        {"sub": "somebody"},
        {"sid": "no session"},
        {"subject_ref": None},
        {"jti": ["a"]},
        {"cnf": "a"},
        {"cnf": {}},
    ],
)
def test_claims_that_are_not_ours_are_refused(house: House, claims: dict[str, Any]) -> None:
    refuse(house, forge(house, **claims))


@pytest.mark.parametrize("kind", ["JWT", "dpop+jwt", "erasure-certificate+jwt", "secevent+jwt", None, 1, ["at+jwt"]])
def test_another_type_is_refused(house: House, kind: Any) -> None:
    refuse(house, forge(house, header={"typ": kind}))


def test_an_erasure_certificate_opens_nothing(house: House) -> None:
    refuse(house, house.issuer().certify("erasure-certificate+jwt", claims_of(house.access())))


def test_a_clock_five_minutes_ahead_is_too_far_and_expiry_has_no_grace(house: House) -> None:
    now = int(house.clock.now().timestamp())
    for name in ("iat", "nbf"):
        changed: dict[str, Any] = {name: now + 300}
        refuse(house, forge(house, **changed))
    refuse(house, forge(house, exp=now))
    refuse(house, forge(house, exp=now - 1))
    refuse(house, forge(house, iat=now - 600, exp=now - 300))
    house.issuer().verify(forge(house, exp=now + 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *itertools.product(("exp", "iat", "nbf"), ("soon", [], {}, float("inf"), float("nan"))),
        ("exp", None),
        ("iat", None),
    ],
)
def test_times_that_are_none_are_refused(house: House, name: str, value: Any) -> None:
    changed: dict[str, Any] = {name: value}
    refuse(house, forge(house, **changed))


def test_a_token_that_was_good_is_not_when_its_time_is_over_although_it_is_remembered(house: House) -> None:
    token, made = house.access(), house.issuer()
    assert made.read_access(token, [AUDIENCE]).session_id == SESSION
    with pytest.raises(TokenInvalidError):
        made.read_access(token, ["elsewhere"])
    house.clock.advance(timedelta(minutes=5))
    with pytest.raises(TokenInvalidError):
        made.read_access(token, [AUDIENCE])


def test_tokens_for_two_audiences_have_two_subjects_and_open_each_others_nothing(house: House) -> None:
    token, _ = house.issuer().issue_access(
        subject_id=SUBJECT,
        session_id=SESSION,
        department="radiology",
        amr=("face",),
        acr="a",
        authenticated_at=house.clock.now(),
        client_id="ehr-app",
        audience="ehr",
        bound_to="thumb",
    )
    facts = house.issuer().read_access(token, ["ehr"])

    assert (facts.subject_id, facts.client_id, facts.audience) == (SUBJECT, "ehr-app", "ehr")
    assert facts.claims["sub"] != claims_of(house.access())["sub"]
    assert (facts.bound_to, facts.claims["cnf"]) == ("thumb", {"jkt": "thumb"})
    assert "subject_ref" not in facts.claims
    refuse(house, token)
