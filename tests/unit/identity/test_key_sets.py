"""A transmitter's keys: whoever can wait and ask again is told "there is none" only when it is sure."""

from __future__ import annotations

import json
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.identity.documents import MAX_DOCUMENT_BYTES, keys_at, keys_in
from adapters.identity.exchange import HttpExchange
from adapters.identity.public_keys import BELIEVED_S, FRESH_S, CachedKeys
from adapters.memory.clock import FixedClock
from domain.errors import ConfigurationError, UnavailableError
from tests.transmitter import ec_key, key_set, rsa_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.identity.provider import Site

ONE, TWO = ec_key("one"), ec_key("two")
PATH = "/keys"


class Issuer:
    """Counts how often it is asked; can be down."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.down = False
        self.clock = FixedClock()
        self.known = CachedKeys(self.fetch, clock=self.clock, on_fault=lambda _: None)

    def fetch(self) -> list[Any]:
        self.asked += 1
        if self.down:
            raise UnavailableError("down")
        return [key if isinstance(key, dict) else key.as_dict(private=False) for key in self.keys]

    def has(self, kid: str | None, algorithm: str = "ES256") -> bool:
        return self.known.find_surely(kid, algorithm) is not None

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def test_keys_are_fetched_once_and_used_until_they_are_old() -> None:
    issuer = Issuer(ONE)

    assert all(issuer.has("one") for _ in range(50))
    assert issuer.asked == 1
    issuer.later(FRESH_S + 1)
    assert issuer.has("one")
    assert issuer.asked == 2


def test_a_new_key_is_found_by_its_id() -> None:
    issuer = Issuer(ONE)
    assert issuer.has("one")
    issuer.keys = [ONE, TWO]
    issuer.later(31)

    assert issuer.has("two")


def test_a_key_that_may_just_have_come_is_not_said_to_be_missing() -> None:
    issuer = Issuer(ONE)
    assert not issuer.has("x")

    for number in range(1000):
        with pytest.raises(UnavailableError):
            issuer.has(f"x{number}")
    assert issuer.asked == 1
    assert issuer.has("one")


def test_a_withdrawn_key_serves_not_even_once_more() -> None:
    issuer = Issuer(ONE, TWO)
    assert issuer.has("two")
    issuer.keys = [ONE]
    issuer.later(FRESH_S + 1)

    assert not issuer.has("two")


def test_known_keys_serve_while_the_issuer_is_down_for_an_hour_but_not_for_ever() -> None:
    issuer = Issuer(ONE)
    assert issuer.has("one")
    issuer.down = True
    issuer.later(3600)

    assert issuer.has("one")
    issuer.later(BELIEVED_S)
    with pytest.raises(UnavailableError):
        issuer.has("one")


def test_an_issuer_that_is_down_from_the_beginning_is_no_reason_to_refuse_for_good() -> None:
    issuer = Issuer(ONE)
    issuer.down = True
    with pytest.raises(UnavailableError):
        issuer.has("one")

    issuer.down = False
    issuer.later(31)
    assert issuer.has("one")


def test_a_key_serves_the_algorithms_that_fit_it_only() -> None:
    bound = {**ONE.as_dict(private=False), "kid": "bound", "alg": "ES256"}
    strange = {**ONE.as_dict(private=False), "kid": "strange", "alg": ["ES256"]}
    issuer = Issuer(rsa_key("rsa"), bound, strange, {"kty": "EC"}, {"kty": "RSA", "kid": "x"})

    assert all(issuer.has(*named) for named in (("rsa", "RS256"), ("rsa", "PS256"), ("bound", "ES256")))
    for kid, algorithm in (("rsa", "ES256"), ("bound", "RS256"), ("strange", "ES256"), ("x", "RS256")):
        issuer.later(31)
        assert not issuer.has(kid, algorithm)


def test_a_key_set_of_one_key_need_not_name_it() -> None:
    nameless = {name: value for name, value in ONE.as_dict(private=False).items() if name != "kid"}

    assert Issuer(nameless).has(None)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"keys": 7}', b"{}", b"\xff", b"[" * 50_000, b" " * (MAX_DOCUMENT_BYTES + 1)]
)
def test_what_is_no_key_set_is_no_answer(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(raw)
    with pytest.raises(UnavailableError):
        keys_in(tmp_path / "keys.json")()


def test_a_file_is_read_anew_where_a_key_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = CachedKeys(keys_in(file), clock=FixedClock(), on_fault=lambda _: None, retry_s=0.0)
    with pytest.raises(UnavailableError):
        keys.find_surely("one", "ES256")
    file.write_bytes(key_set(ONE))

    assert keys.find_surely("one", "ES256")


def fetched(site: Site) -> list[Any]:
    return keys_at(site.url + PATH, ssl.create_default_context())()


def test_keys_come_from_an_address(site: Site) -> None:
    site.says(PATH, json.loads(key_set(ONE)))

    assert [key["kid"] for key in fetched(site)] == ["one"]


def test_an_error_a_redirect_too_much_and_what_is_compressed_are_no_answer(site: Site) -> None:
    site.says("/elsewhere", json.loads(key_set(ONE)))
    for spoilt in (
        {"status": 500},
        {"status": 302, "location": "/elsewhere"},
        {"document": b" " * (MAX_DOCUMENT_BYTES + 1)},
        {"content_encoding": "gzip"},
    ):
        site.says(PATH, **({"document": json.loads(key_set(ONE))} | spoilt))
        with pytest.raises(UnavailableError):
            fetched(site)
    assert "/elsewhere" not in site.asked


def test_keys_are_not_asked_for_in_the_clear() -> None:
    with pytest.raises(ConfigurationError):
        keys_at("http://idp.hospital.test/keys", ssl.create_default_context())


def test_the_environment_decides_nothing_about_where_we_ask(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    site.says(PATH, json.loads(key_set(ONE)))

    assert fetched(site)


def test_a_server_that_says_nothing_is_given_up_in_time(site: Site) -> None:
    site.hanging = True
    with HttpExchange() as exchange:
        assert exchange.send("GET", site.url + PATH, seconds=0.2, max_bytes=10).fault == "timeout"


def test_what_is_closed_sends_nothing(site: Site) -> None:
    with HttpExchange() as exchange:
        pass

    assert exchange.send("GET", site.url + PATH, seconds=1, max_bytes=10).fault == "closed"
    assert site.asked == []
