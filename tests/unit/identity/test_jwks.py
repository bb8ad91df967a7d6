"""Another issuer's keys: cached, renewed, never asked for too often, and not waited for long."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.identity.jwks import MAX_AGE_S, MAX_BYTES, MAX_STALE_S, KeySet, from_file, from_url
from domain.errors import UnavailableError
from tests.transmitter import ec_key, key_set, rsa_key

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = ec_key("one"), ec_key("two")
URL = "http://127.0.0.1/keys"


class Issuer:
    """Counts how often it is asked; can be down."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.down = False
        self.now = 0.0

    def fetch(self) -> bytes:
        self.asked += 1
        if self.down:
            raise UnavailableError("down")
        return key_set(*self.keys)

    def key_set(self) -> KeySet:
        return KeySet(self.fetch, timer=lambda: self.now)


def test_keys_are_fetched_once_and_used_until_they_are_old() -> None:
    issuer = Issuer(ONE)
    keys = issuer.key_set()

    assert all(keys.key("one", "ES256") for _ in range(50))
    assert issuer.asked == 1
    issuer.now = MAX_AGE_S + 1
    assert keys.key("one", "ES256")
    assert issuer.asked == 2


def test_a_new_key_is_found_by_its_id() -> None:
    issuer = Issuer(ONE)
    keys = issuer.key_set()
    keys.key("one", "ES256")
    issuer.keys, issuer.now = [ONE, TWO], 31.0

    assert keys.key("two", "ES256")


def test_made_up_key_ids_do_not_have_the_issuer_asked_all_the_time() -> None:
    issuer = Issuer(ONE)
    keys = issuer.key_set()
    assert keys.key("x", "ES256") is None

    for number in range(1000):
        with pytest.raises(UnavailableError):
            keys.key(f"x{number}", "ES256")
    assert issuer.asked == 1
    assert keys.key("one", "ES256")


def test_a_withdrawn_key_serves_no_more() -> None:
    issuer = Issuer(ONE, TWO)
    keys = issuer.key_set()
    assert keys.key("two", "ES256")
    issuer.keys, issuer.now = [ONE], MAX_AGE_S + 1

    assert keys.key("two", "ES256") is None


def test_known_keys_serve_while_the_issuer_is_down_for_an_hour_but_not_for_ever() -> None:
    issuer = Issuer(ONE)
    keys = issuer.key_set()
    keys.key("one", "ES256")
    issuer.down, issuer.now = True, 2 * MAX_AGE_S

    assert keys.key("one", "ES256")
    issuer.now = MAX_STALE_S + 1
    with pytest.raises(UnavailableError):
        keys.key("one", "ES256")


def test_an_issuer_that_is_down_from_the_beginning_is_no_reason_to_refuse_for_good() -> None:
    issuer = Issuer(ONE)
    keys = issuer.key_set()
    issuer.down = True
    with pytest.raises(UnavailableError):
        keys.key("one", "ES256")

    issuer.down, issuer.now = False, 31.0
    assert keys.key("one", "ES256")


def test_while_one_fetches_the_others_do_not_wait_long() -> None:
    asked, answer = threading.Event(), threading.Event()

    def hang() -> bytes:
        asked.set()
        assert answer.wait(20)
        return key_set(ONE)

    keys = KeySet(hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(keys.key, "one", "ES256")
        assert asked.wait(20)
        with pytest.raises(UnavailableError):
            keys.key("one", "ES256")
        answer.set()
        assert first.result(20)


def test_a_key_serves_the_algorithms_that_fit_it_only() -> None:
    rsa = rsa_key("rsa")
    bound = {**ONE.as_dict(private=False), "kid": "bound", "alg": "ES256"}
    strange = {**ONE.as_dict(private=False), "kid": "strange", "alg": ["ES256"]}
    entries = [rsa.as_dict(private=False), bound, strange, {"kty": "EC"}, {"kty": "RSA", "kid": "x"}, 7]
    keys = KeySet(lambda: json.dumps({"keys": entries}).encode(), refetch_every_s=0.0)

    assert keys.key("rsa", "RS256")
    assert keys.key("rsa", "PS256")
    assert keys.key("bound", "ES256")
    for kid, algorithm in (("rsa", "ES256"), ("bound", "RS256"), ("strange", "ES256"), ("x", "RS256")):
        assert keys.key(kid, algorithm) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"keys": 7}', b"{}", b"\xff", b"[" * 50_000, b" " * (MAX_BYTES + 1)])
def test_what_is_no_key_set_is_no_answer(raw: bytes) -> None:
    with pytest.raises(UnavailableError):
        KeySet(lambda: raw).key("one", "ES256")


def test_a_file_is_read_anew_where_a_key_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = KeySet(from_file(file), refetch_every_s=0.0)
    with pytest.raises(UnavailableError):
        keys.key("one", "ES256")
    file.write_bytes(key_set(ONE))

    assert keys.key("one", "ES256")


def answering(answer: httpx.Response) -> KeySet:
    return KeySet(from_url(URL, httpx.Client(transport=httpx.MockTransport(lambda _request: answer))))


def test_keys_come_from_an_address() -> None:
    assert answering(httpx.Response(200, content=key_set(ONE))).key("one", "ES256")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "http://127.0.0.1/elsewhere"}),
        httpx.Response(200, content=b" " * (MAX_BYTES + 1)),
    ],
)
def test_an_error_a_redirect_and_too_much_are_no_answer(answer: httpx.Response) -> None:
    with pytest.raises(UnavailableError):
        answering(answer).key("one", "ES256")
