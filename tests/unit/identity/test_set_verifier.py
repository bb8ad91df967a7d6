"""Security event tokens: what is believed, and what is not, of what joserfc makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from adapters.identity.public_keys import CachedKeys
from adapters.identity.set_verifier import MAX_TOKEN_BYTES, Expectations, JwtSignalVerifier
from adapters.memory.clock import FixedClock
from domain.errors import SignalRefusedError, UnavailableError
from tests.transmitter import AUDIENCE, ISSUER, SSF, Transmitter, ec_key, iss_sub, rsa_key

if TYPE_CHECKING:
    from pathlib import Path

VERIFICATION = f"{SSF}verification"


@pytest.fixture
def sender() -> Transmitter:
    return Transmitter(FixedClock())


def refusal(sender: Transmitter, token: bytes, keys: CachedKeys | None = None) -> tuple[str, str]:
    verifier = JwtSignalVerifier(keys or sender.keys(), Expectations(ISSUER, AUDIENCE), sender.clock)
    with pytest.raises(SignalRefusedError) as refused:
        verifier.verify(token)
    return refused.value.err, refused.value.reason


def known(sender: Transmitter, *members: Any) -> CachedKeys:
    """Keys as a key set has them; nobody asks where there are none."""

    def fetch() -> list[Any]:
        assert members, "nobody asks for keys"
        return list(members)

    return CachedKeys(fetch, clock=sender.clock, on_fault=lambda _: None, retry_s=0.0)


def seconds(sender: Transmitter, **shift: float) -> int:
    return int((sender.clock.now() + timedelta(**shift)).timestamp())


def unsigned(header: Any, claims: Any) -> bytes:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    return b".".join([*parts, b""])


def test_what_the_transmitter_says_is_believed(sender: Transmitter) -> None:
    signal = sender.verifier().verify(sender.token(VERIFICATION, iss_sub("ana"), payload={"state": "x"}))

    assert (signal.issuer, signal.jti, signal.issued_at) == (ISSUER, "jti-1", sender.clock.now())
    assert signal.subject == iss_sub("ana")
    assert signal.events == {VERIFICATION: {"state": "x"}}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_rsa_signatures_are_verified_too(sender: Transmitter, algorithm: str) -> None:
    sender.key = rsa_key()

    assert sender.verifier().verify(sender.sign(sender.claims(VERIFICATION), alg=algorithm)).jti == "jti-1"


def test_the_subject_may_stand_in_the_event_as_it_did_in_drafts(sender: Transmitter) -> None:
    token = sender.token(VERIFICATION, payload={"subject": iss_sub("ana")})

    assert sender.verifier().verify(token).subject == iss_sub("ana")


def test_one_of_several_audiences_is_ours(sender: Transmitter) -> None:
    assert sender.verifier().verify(sender.token(VERIFICATION, aud=["other", AUDIENCE])).jti


def test_a_single_key_needs_no_id(sender: Transmitter) -> None:
    assert sender.verifier().verify(sender.sign(sender.claims(VERIFICATION), kid=None)).jti


def test_without_an_id_two_keys_are_no_key(sender: Transmitter) -> None:
    keys = sender.keys(sender.key, ec_key("ec-2"))

    assert refusal(sender, sender.sign(sender.claims(VERIFICATION), kid=None), keys)[0] == "invalid_key"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(sender: Transmitter, algorithm: str) -> None:
    header = {"alg": algorithm, "typ": "secevent+jwt", "kid": sender.key.kid}

    assert refusal(sender, unsigned(header, sender.claims(VERIFICATION))) == ("invalid_key", "algorithm_not_allowed")


def test_the_public_key_as_a_secret_is_refused(sender: Transmitter) -> None:
    header = {"alg": "HS256", "typ": "secevent+jwt", "kid": sender.key.kid}
    head = unsigned(header, sender.claims(VERIFICATION)).rstrip(b".")
    code = hmac.new(sender.key.as_pem(private=False), head, hashlib.sha256).digest()
    token = head + b"." + base64.urlsafe_b64encode(code).rstrip(b"=")

    assert refusal(sender, token) == ("invalid_key", "algorithm_not_allowed")


def test_a_symmetric_key_in_the_set_is_no_key(sender: Transmitter) -> None:
    secret = jwk.OctKey.generate_key(256, {"kid": "oct"})
    keys = known(sender, secret.as_dict(private=True), ec_key("good").as_dict(private=False))

    assert refusal(sender, sender.sign(sender.claims(VERIFICATION), key=secret, alg="HS256"), keys)[0] == "invalid_key"


@pytest.mark.filterwarnings("ignore")  # joserfc warns of what this test does on purpose
def test_another_curve_and_a_short_key_are_no_keys(sender: Transmitter) -> None:
    other = ec_key("p384", "P-384")
    short = rsa_key("short", 1024)
    keys = sender.keys(other, short, ec_key("good"))

    for key, algorithm in ((other, "ES384"), (short, "RS256")):
        token = sender.sign(sender.claims(VERIFICATION), key=key, alg=algorithm)
        assert refusal(sender, token, keys)[0] == "invalid_key"


@pytest.mark.parametrize("kid", ["ec-1", "other", "../../etc/passwd", "' OR 1=1 --", "\0", "x" * 500, 7, ["ec-1"], {}])
def test_a_token_of_another_key_is_refused_whatever_its_key_id(sender: Transmitter, kid: Any) -> None:
    token = sender.sign(sender.claims(VERIFICATION), key=ec_key("ec-1"), kid=None)
    head, rest = token.split(b".", 1)
    header = json.loads(base64.urlsafe_b64decode(head + b"==")) | {"kid": kid}
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=") + b"." + rest

    assert refusal(sender, forged)[0] in {"invalid_key", "invalid_request"}


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u"])
def test_a_key_that_the_token_brings_along_is_not_looked_at(sender: Transmitter, name: str) -> None:
    own = ec_key("mine")
    brought = own.as_dict(private=False) if name == "jwk" else "https://attacker.example/keys"

    token = sender.sign(sender.claims(VERIFICATION), key=own, kid=sender.key.kid, **{name: brought})

    assert refusal(sender, token) == ("invalid_key", "bad_signature")


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "", None, "secevent"])
def test_a_token_of_another_type_is_refused(sender: Transmitter, kind: str | None) -> None:
    token = sender.sign(sender.claims(VERIFICATION), typ=kind)

    assert refusal(sender, token) == ("invalid_request", "not_a_security_event_token")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"iss": "https://other.example"}, ("invalid_issuer", "wrong_issuer")),
        ({"iss": f"{ISSUER}/"}, ("invalid_issuer", "wrong_issuer")),
        ({"iss": None}, ("invalid_issuer", "wrong_issuer")),
        ({"aud": "https://other.example"}, ("invalid_audience", "wrong_audience")),
        ({"aud": [AUDIENCE.upper()]}, ("invalid_audience", "wrong_audience")),
        ({"aud": None}, ("invalid_audience", "wrong_audience")),
        ({"aud": {AUDIENCE: 1}}, ("invalid_audience", "wrong_audience")),
        ({"jti": None}, ("invalid_request", "no_jti")),
        ({"jti": 7}, ("invalid_request", "no_jti")),
        ({"jti": "x" * 300}, ("invalid_request", "no_jti")),
        ({"events": {}}, ("invalid_request", "no_events")),
        ({"events": {f"urn:{n}": {} for n in range(9)}}, ("invalid_request", "no_events")),
        ({"events": {"urn:x": 7}}, ("invalid_request", "bad_events")),
        ({"sub_id": "EMP-ana"}, ("invalid_request", "bad_subject")),
        ({"iat": None}, ("invalid_request", "bad_time")),
        ({"iat": "now"}, ("invalid_request", "bad_time")),
        ({"iat": True}, ("invalid_request", "bad_time")),
        ({"iat": 1e300}, ("invalid_request", "bad_time")),
    ],
)
def test_a_wrong_claim_is_refused_by_its_code(
    sender: Transmitter, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    assert refusal(sender, sender.token(VERIFICATION, **changed)) == told


def test_a_clock_that_is_five_minutes_ahead_is_borne_and_one_more_second_is_not(sender: Transmitter) -> None:
    assert sender.verifier().verify(sender.token(VERIFICATION, iat=seconds(sender, minutes=5))).jti

    late = sender.token(VERIFICATION, iat=seconds(sender, minutes=5, seconds=1))
    assert refusal(sender, late) == ("invalid_request", "issued_in_the_future")


def test_a_token_is_taken_for_a_week(sender: Transmitter) -> None:
    assert sender.verifier().verify(sender.token(VERIFICATION, iat=seconds(sender, days=-7))).jti

    old = sender.token(VERIFICATION, iat=seconds(sender, days=-7, seconds=-1))
    assert refusal(sender, old) == ("invalid_request", "too_old")


def test_an_end_counts_where_there_is_one(sender: Transmitter) -> None:
    assert sender.verifier().verify(sender.token(VERIFICATION, exp=seconds(sender, minutes=-4))).jti

    for claim, shift, reason in (("exp", -5, "expired"), ("nbf", 6, "not_yet_valid")):
        token = sender.token(VERIFICATION, **{claim: seconds(sender, minutes=shift)})
        assert refusal(sender, token) == ("invalid_request", reason)


def test_a_token_is_refused_for_its_size_before_anything_is_parsed(sender: Transmitter) -> None:
    token = sender.token(VERIFICATION, payload={"state": "x" * MAX_TOKEN_BYTES})

    assert refusal(sender, token, known(sender)) == (
        "invalid_request",
        "too_large",
    )


def test_depth_is_bounded_in_the_payload_and_in_the_header(sender: Transmitter) -> None:
    deep: Any = {}
    for _ in range(20):
        deep = {"a": deep}
    assert refusal(sender, sender.token(VERIFICATION, payload=deep)) == ("invalid_request", "bad_payload")
    assert refusal(sender, sender.sign(b"[" * 40_000)) == ("invalid_request", "bad_payload")
    head = base64.urlsafe_b64encode(b'{"typ":' + b"[" * 40_000)
    assert refusal(sender, head + b".e30.AA")[0] == "invalid_request"


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b'{"a": NaN}', b'{"iss": "a", "iss": "b"}', b"\xff"])
def test_a_signed_payload_that_is_no_plain_object_is_refused(sender: Transmitter, raw: bytes) -> None:
    assert refusal(sender, sender.sign(raw)) == ("invalid_request", "bad_payload")


@given(st.binary(max_size=400) | st.text(alphabet="eyJ0.=-_A", max_size=80).map(str.encode))
def test_garbage_is_refused(token: bytes) -> None:
    assert refusal(Transmitter(FixedClock()), token)[0] in {"invalid_request", "invalid_key"}


def test_any_changed_byte_is_noticed(sender: Transmitter) -> None:
    token = sender.token(VERIFICATION, iss_sub("ana"))
    places = [place for place in range(len(token) - 1) if token[place] != ord(".")]  # the last holds unused bits
    for place in places[:: len(places) // 40]:
        changed = token[:place] + (b"A" if token[place : place + 1] != b"A" else b"B") + token[place + 1 :]
        refusal(sender, changed)


def test_the_transmitters_credential_is_compared_as_the_file_says_now(sender: Transmitter, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    verifier = sender.verifier(file)

    assert verifier.admits("s3cret")
    assert not verifier.admits("")
    assert not verifier.admits("S3cret")
    file.write_text("")
    assert not verifier.admits("")
    file.unlink()
    with pytest.raises(UnavailableError):
        verifier.admits("s3cret")


def test_where_no_credential_is_agreed_none_is_needed(sender: Transmitter) -> None:
    assert sender.verifier().admits("")
