"""Tokens of the hospital's provider: the good one, and every way in which one can be bad."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.identity.oidc import MAX_TOKEN_CHARACTERS, Trust
from domain.errors import ConfigurationError, TokenInvalidError
from tests.unit.identity.provider import (
    AUDIENCE,
    GRANTS,
    Key,
    Realm,
    Site,
    ec_key,
    edwards_key,
    realm_on,
    rsa_key,
    served,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(realm: Realm, token: str) -> bool:
    """Whether the token is refused, in the one way in which all are."""
    with pytest.raises(TokenInvalidError) as caught:
        realm.verifier.verify(token)
    assert str(caught.value) == "the token is not valid"
    assert caught.value.__context__ is None
    return True


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def forged(realm: Realm, signature: str = "", **header: Any) -> str:
    named = {"typ": "at+jwt", "kid": realm.key.kid} | header
    return f"{encoded(named)}.{encoded(realm.claims())}.{signature}"


def test_a_good_token_speaks_for_somebody_with_a_mapped_role_in_a_department(realm: Realm) -> None:
    principal = realm.verifier.verify(realm.token())

    assert (principal.roles, principal.department) == (frozenset({"compliance_officer"}), "icu")
    assert (principal.subject_id, principal.session_id) == (None, None)


def test_the_actor_is_opaque_and_the_same_every_time(realm: Realm) -> None:
    one, two = (realm.verifier.verify(realm.token(jti=jti)) for jti in ("a", "b"))
    other = realm.verifier.verify(realm.token(sub="bia"))

    assert one.actor.startswith("idp:")
    assert "ana" not in repr(one)
    assert one.actor == two.actor != other.actor
    assert one.token_id != two.token_id


@pytest.mark.parametrize(
    ("key", "alg"),
    [(rsa_key, "RS256"), (rsa_key, "PS256"), (ec_key, "ES256"), (edwards_key, "EdDSA")],
)
def test_the_algorithms_of_providers_are_verified(site: Site, key: Callable[[], Key], alg: str) -> None:
    realm = realm_on(site, key())

    assert realm.verifier.verify(realm.token(alg=alg)).roles


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, ["ES256"], 7])
def test_a_token_without_a_signature_is_refused(realm: Realm, alg: Any) -> None:
    assert refused(realm, forged(realm, alg=alg))


def test_a_public_key_is_no_secret_to_sign_with(site: Site) -> None:
    key = rsa_key()
    realm = realm_on(site, key)
    text = forged(realm, alg="HS256").rstrip(".")  # by hand: libraries refuse to sign so
    mac = hmac.new(key.as_pem(private=False), text.encode(), "sha256").digest()

    assert refused(realm, f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS512"])
def test_algorithms_that_nobody_allowed_are_refused(site: Site, alg: str) -> None:
    realm = realm_on(site, rsa_key())

    assert refused(realm, realm.token(alg=alg))


def test_a_key_published_for_one_algorithm_verifies_no_other(site: Site) -> None:
    realm = realm_on(site, rsa_key())
    site.publishes({**realm.key.as_dict(private=False), "alg": "PS256"})

    assert refused(realm, realm.token(alg="RS256"))
    assert realm.verifier.verify(realm.token(alg="PS256")).roles


def test_the_same_key_id_with_another_key_is_refused(realm: Realm) -> None:
    assert refused(realm, realm.token(ec_key(realm.key.kid or "")))


def test_a_changed_claim_breaks_the_signature(realm: Realm) -> None:
    head, _, signature = realm.token().split(".")

    assert refused(realm, f"{head}.{encoded(realm.claims(department='*'))}.{signature}")


@pytest.mark.parametrize(
    "kid",
    ["", "../../etc/passwd", "' OR 1=1 --", "*)(uid=*", "\x00", "http://attacker.test/jwks", "k" * 5000, None, 7, {}],
)
def test_a_key_id_is_only_looked_up(realm: Realm, kid: Any) -> None:
    assert refused(realm, forged(realm, "AAAA", alg="ES256", kid=kid))
    assert set(realm.site.asked) <= {"/jwks", "/.well-known/openid-configuration"}


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c"])
def test_a_token_does_not_bring_its_own_key(realm: Realm, member: str) -> None:
    attacker = ec_key("attacker")
    brought = attacker.as_dict(private=False) if member == "jwk" else "http://127.0.0.1:9/jwks"

    token = signed(realm.claims(), attacker, kid="attacker")
    head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))

    assert refused(realm, ".".join([encoded(head | {member: brought}), *token.split(".")[1:]]))


def test_a_critical_extension_that_nobody_here_knows_is_refused(realm: Realm) -> None:
    assert refused(realm, forged(realm, "AAAA", alg="ES256", crit=["b64"], b64=False))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "https://another.test"},
        {"aud": []},
        {"aud": None},
        {"aud": [AUDIENCE, 7]},
        {"aud": {"x": AUDIENCE}},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"exp": None},
        {"iat": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"iat": float("nan")},
        {"nbf": "x"},
        {"nbf": float("-inf")},
        {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(realm: Realm, changed: dict[str, Any]) -> None:
    assert refused(realm, realm.token(**changed))


def test_a_token_for_several_audiences_is_good_when_we_are_one(realm: Realm) -> None:
    assert realm.verifier.verify(realm.token(aud=["https://ehr.test", AUDIENCE])).roles


@pytest.mark.parametrize(
    ("claim", "offset", "good"),
    [
        ("exp", 1, True),
        ("exp", -59, True),
        ("exp", -60, False),
        ("exp", -300, False),
        ("iat", 60, True),
        ("iat", 61, False),
        ("iat", 300, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
        ("nbf", 300, False),
    ],
)
def test_clocks_may_differ_by_a_minute_and_no_more(realm: Realm, claim: str, offset: int, good: bool) -> None:
    moved: dict[str, Any] = {claim: realm.clock.now().timestamp() + offset}
    token = realm.token(**moved)

    assert bool(realm.verifier.verify(token).roles) if good else refused(realm, token)


@pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(days=1), timedelta(seconds=-1)])
def test_no_configuration_lets_clocks_differ_by_five_minutes(skew: timedelta) -> None:
    with pytest.raises(ConfigurationError):
        Trust(issuer="https://idp.test", audience=AUDIENCE, grants=GRANTS, clock_skew=skew)


@pytest.mark.parametrize("kind", ["JWT", "jwt", "logout+jwt", "secevent+jwt", "at+jwt2", None, 7])
def test_another_type_of_token_is_no_access_token(realm: Realm, kind: Any) -> None:
    assert refused(realm, forged(realm, "AAAA", alg="ES256", typ=kind))
    if isinstance(kind, str):
        assert refused(realm, realm.token(header={"typ": kind}))


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT"])
def test_the_types_that_are_configured_are_taken(site: Site, kind: str) -> None:
    realm = realm_on(site, types=frozenset({"at+jwt", "jwt"}))

    assert realm.verifier.verify(realm.token(header={"typ": kind})).roles


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "a.b", "é.é.é", "\x00", "{}", "x" * 100_000, "." * 5000])
def test_garbage_is_refused_and_is_of_nobody(realm: Realm, token: str) -> None:
    assert refused(realm, token)
    assert not realm.verifier.issued(token)


def test_a_token_that_is_too_long_is_not_even_decoded(realm: Realm) -> None:
    token = realm.token(groups=["g" * 50] * 400)

    assert len(token) > MAX_TOKEN_CHARACTERS
    assert refused(realm, token)
    assert not realm.verifier.issued(token)


@pytest.mark.parametrize("payload", ["[]", '"x"', "[" * 6000, '{"a":' * 2000, "1" * 5000, "{"], ids=range(6))
def test_a_payload_that_is_no_object_is_refused(realm: Realm, payload: str) -> None:
    inside = base64.urlsafe_b64encode(payload.encode()).rstrip(b"=").decode()
    token = f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'two'})}.{inside}.AAAA"

    assert refused(realm, token)
    assert not realm.verifier.issued(token)


def test_a_token_of_another_realm_is_not_ours_whatever_it_says(realm: Realm) -> None:
    with served() as elsewhere:
        other = realm_on(elsewhere)

        assert not realm.verifier.issued(other.token())
        assert refused(realm, other.token())
        assert realm.verifier.issued(other.token(iss=realm.site.url))
        assert refused(realm, other.token(iss=realm.site.url))


def test_saying_who_issued_a_token_asks_nobody(realm: Realm) -> None:
    assert realm.verifier.issued(realm.token())
    assert realm.site.asked == []
