"""Time stamps: what openssl stamps is taken, and nothing that is forged, changed, or of somebody else."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from adapters.anchors import der
from adapters.anchors.timestamp import QUERY, TimestampAuthority, read_authorities, request, token_of
from adapters.anchors.timestamp_token import TokenError, verify_token
from adapters.identity.exchange import HttpExchange
from domain.errors import ConfigurationError, UnavailableError
from tests.timestamp_authority import NOW, Authority, authority, granted, openssl, openssl_reply, rejected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHECKPOINT = b'{"size": 3}'
NONCE = 2**62 + 5


@pytest.fixture(scope="module")
def one() -> Authority:
    return authority()


def stamping(
    one: Authority, say: Callable[[bytes], tuple[int, bytes]]
) -> tuple[TimestampAuthority, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(sent: httpx.Request) -> httpx.Response:
        asked.append(sent)
        status, body = say(sent.content)
        return httpx.Response(status, content=body)

    exchange = HttpExchange(transport=httpx.MockTransport(answer))
    return (
        TimestampAuthority("https://tsa.example/", exchange, [one.root], timeout_s=5, nonce=lambda: NONCE),
        asked,
    )


def test_what_openssl_stamps_is_taken_and_openssl_takes_it_too(one: Authority, tmp_path: Path) -> None:
    anchor, asked = stamping(one, lambda query: (200, openssl_reply(one, tmp_path, query)))

    proof = anchor.anchor(CHECKPOINT)

    assert asked[0].headers["content-type"] == QUERY
    stamp = verify_token(proof, CHECKPOINT, [one.root])
    assert (stamp.nonce, stamp.policy) == (NONCE, "1.2.3.4.1")
    assert abs(stamp.at - NOW) < timedelta(hours=1)
    (tmp_path / "data").write_bytes(CHECKPOINT)
    (tmp_path / "token").write_bytes(proof)
    words = ["-data", tmp_path / "data", "-in", tmp_path / "token", "-token_in", "-CAfile", tmp_path / "ca.pem"]
    done = subprocess.run([openssl(), "ts", "-verify", *map(str, words)], check=False, capture_output=True)  # noqa: S603 - fixed words
    assert b"Verification: OK" in done.stdout + done.stderr


def test_a_token_of_openssl_does_not_hold_with_any_byte_changed(one: Authority, tmp_path: Path) -> None:
    token = token_of(openssl_reply(one, tmp_path, request(CHECKPOINT, NONCE)))
    whole = verify_token(token, CHECKPOINT, [one.root])
    signer = one.certificate.public_bytes(Encoding.DER)
    refused = 0
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1
        try:
            assert verify_token(bytes(changed), CHECKPOINT, [one.root]) == whole
        except TokenError:
            refused += 1
    # What a change may touch is not signed: versions, lists of algorithms, a certificate that nobody needs.
    assert refused > len(signer)
    assert refused > 0.75 * len(token)


def test_a_token_holds_for_what_it_stamps_alone(one: Authority) -> None:
    assert verify_token(one.token(CHECKPOINT), CHECKPOINT, [one.root]).at == NOW
    with pytest.raises(TokenError, match="something else"):
        verify_token(one.token(CHECKPOINT), CHECKPOINT + b" ", [one.root])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"imprint": b"other"}, "something else"),
        ({"info": b"0"}, "not a time stamp"),
        ({"content_type": "1.2.3"}, "over something else"),
        ({"bound": b"other"}, "another certificate"),
        ({"unbound": True}, "another certificate"),
        ({"signature": b"0" * 70}, "does not verify"),
        ({"algorithm": "1.2.3"}, "kind that is not known"),
        ({"hashed": "1.3.14.3.2.26"}, "hash is not one"),
        ({"version": 2}, "another version"),
        ({"zone": "+0300"}, "no UTC"),
        ({"at": NOW + timedelta(days=60)}, "no force"),
        ({"bare": True}, "certificate of its signer"),
        ({"signers": 2}, "exactly one signer"),
    ],
)
def test_a_token_that_is_wrong_in_one_way_is_refused(one: Authority, wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(TokenError, match=why):
        verify_token(one.token(CHECKPOINT, **wrong), CHECKPOINT, [one.root])


def test_a_token_without_certificates_holds_where_its_signer_is_pinned(one: Authority) -> None:
    assert verify_token(one.token(CHECKPOINT, bare=True), CHECKPOINT, [one.certificate]).nonce == 7


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (authority(), "nobody who is trusted"),
        (authority(usage=[ExtendedKeyUsageOID.SERVER_AUTH]), "for time stamps alone"),
        (
            authority(usage=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]),
            "for time stamps alone",
        ),
        (authority(critical=False), "for time stamps alone"),
    ],
)
def test_somebody_else_stamps_nothing(one: Authority, other: Authority, why: str) -> None:
    with pytest.raises(TokenError, match=why):
        verify_token(other.token(CHECKPOINT), CHECKPOINT, [one.root])


def test_whoever_may_issue_nothing_vouches_for_nobody() -> None:
    other = authority(ca=False)
    with pytest.raises(TokenError, match="nobody who is trusted"):
        verify_token(other.token(CHECKPOINT), CHECKPOINT, [other.root])


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (lambda _: (200, rejected()), "status 2"),
        (lambda one: (200, granted(one.token(CHECKPOINT, nonce=1))), "another request"),
        (lambda one: (200, granted(one.token(CHECKPOINT, nonce=None))), "another request"),
        (lambda one: (200, granted(one.token(b"other", nonce=NONCE))), "something else"),
        (lambda _: (200, rejected(0)), "no token"),
        (lambda _: (200, b""), "does not hold"),
        (lambda _: (200, b"<html>"), "does not hold"),
        (lambda _: (200, b"0" * 100_000), "more than"),
        (lambda _: (500, b""), "500"),
    ],
)
def test_an_authority_that_answers_otherwise_is_unavailable(one: Authority, say: Any, why: str) -> None:
    anchor, _ = stamping(one, lambda _query: say(one))
    with pytest.raises(UnavailableError, match=why):
        anchor.anchor(CHECKPOINT)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise_than_it_says(raw: bytes) -> None:
    with pytest.raises(TokenError):
        verify_token(raw, CHECKPOINT, [])
    with pytest.raises((TokenError, der.DerError)):
        token_of(raw)


@given(st.integers(min_value=0, max_value=2**80), st.lists(st.integers(0, 2**40), max_size=6))
def test_what_is_written_is_read_again(number: int, arcs: list[int]) -> None:
    dotted = ".".join(map(str, (2, 5, *arcs)))

    assert der.parse(der.encode_integer(number)).integer() == number
    assert der.parse(der.encode_oid(dotted)).oid() == dotted
    nested = der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, b"x" * number.bit_length() * 4))
    assert len(der.parse(nested).children()[0].content) == number.bit_length() * 4


@pytest.mark.parametrize(
    "raw", ["", "30", "3081", "308001", "30810100", "3082000100", "1f0100", "0202007f", "020100ff"]
)
def test_what_is_not_der_is_refused(raw: str) -> None:
    with pytest.raises(der.DerError):
        der.parse(bytes.fromhex(raw)).integer()


def test_authorities_are_read_from_pem(one: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(one.root.public_bytes(Encoding.PEM))
    assert read_authorities(path, "X") == [one.root]
    path.write_text("nothing")
    for each in (path, tmp_path / "none"):
        with pytest.raises(ConfigurationError, match="X cannot be read"):
            read_authorities(each, "X")
