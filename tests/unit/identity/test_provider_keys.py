"""A provider's keys: fetched seldom, kept long enough, and only those that verify signatures."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.crypto.certificate import ensure_self_signed
from adapters.identity.documents import MAX_DOCUMENT_BYTES, ProviderDocuments
from adapters.identity.exchange import check_url
from adapters.identity.public_keys import MAX_KEYS, CachedKeys, usable_keys
from adapters.memory.clock import FixedClock
from domain.errors import ConfigurationError, TokenInvalidError, UnavailableError
from tests.unit.identity.provider import DISCOVERY, KEYS, Realm, Site, ec_key, edwards_key, rsa_key, served

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.identity.provider import Key

FETCH = [DISCOVERY, KEYS]


def public(key: Key, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def test_keys_are_fetched_once_for_many_tokens(realm: Realm) -> None:
    for _ in range(20):
        realm.verifier.verify(realm.token())

    assert realm.site.asked == FETCH


def test_many_at_once_fetch_once(realm: Realm) -> None:
    realm.cache.refresh()  # as at the start of the service
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda _: realm.verifier.verify(realm.token()).roles, range(20)))

    assert realm.site.asked == FETCH


def test_a_rotated_key_is_followed(realm: Realm) -> None:
    realm.verifier.verify(realm.token())
    rotated = ec_key("rotated")
    realm.site.publishes(realm.key, rotated)
    realm.clock.advance(timedelta(seconds=10))

    assert realm.verifier.verify(realm.token(rotated)).roles
    assert realm.verifier.verify(realm.token()).roles


def test_unknown_key_ids_do_not_make_us_hammer_the_provider(realm: Realm) -> None:
    realm.verifier.verify(realm.token())
    for n in range(100):
        with pytest.raises(TokenInvalidError):
            realm.verifier.verify(realm.token(ec_key(f"unknown-{n}")))

    assert realm.site.asked == FETCH  # the first fetch was just now
    realm.clock.advance(timedelta(seconds=10))
    for n in range(100):
        with pytest.raises(TokenInvalidError):
            realm.verifier.verify(realm.token(ec_key(f"unknown-{n}")))
    assert realm.site.asked == FETCH * 2


def test_a_withdrawn_key_is_believed_no_more(realm: Realm) -> None:
    realm.verifier.verify(realm.token())
    realm.site.publishes(ec_key("rotated"))
    realm.clock.advance(timedelta(seconds=301))
    realm.verifier.verify(realm.token())  # the one whose request notices that the keys are old
    realm.lands()

    with pytest.raises(TokenInvalidError):
        realm.verifier.verify(realm.token())


@pytest.mark.parametrize("trouble", ["down", "500", "garbage", "hangs", "empty"])
def test_a_provider_in_trouble_for_an_hour_stops_nobody_whose_key_is_known(realm: Realm, trouble: str) -> None:
    realm.verifier.verify(realm.token())
    if trouble == "hangs":
        realm.site.hanging = True
    elif trouble == "empty":
        realm.site.publishes()
    else:
        realm.site.pages = {} if trouble == "down" else {path: (500, b"{", {}) for path in FETCH}
        if trouble == "garbage":
            realm.site.says(DISCOVERY, b"<html>")

    for _ in range(6):
        realm.clock.advance(timedelta(minutes=10))
        begun = time.monotonic()
        assert realm.verifier.verify(realm.token()).roles
        assert time.monotonic() - begun < 1.0
    realm.lands()
    assert {type(fault) for fault in realm.faults} == {UnavailableError}


def test_keys_that_nobody_confirmed_for_hours_are_believed_no_more(realm: Realm) -> None:
    realm.verifier.verify(realm.token())
    realm.site.pages = {}
    realm.clock.advance(timedelta(hours=4, seconds=1))

    with pytest.raises(UnavailableError):
        realm.verifier.verify(realm.token())


def test_a_provider_that_comes_back_is_asked_again(realm: Realm) -> None:
    realm.site.pages = {}
    with pytest.raises(UnavailableError):
        realm.verifier.verify(realm.token())
    realm.site.publishes(realm.key)
    with pytest.raises(UnavailableError):
        realm.verifier.verify(realm.token())

    realm.clock.advance(timedelta(seconds=10))

    assert realm.verifier.verify(realm.token()).roles


BIG = b'{"keys": "' + b"x" * MAX_DOCUMENT_BYTES + b'"}'


@pytest.mark.parametrize(
    "spoil",
    [
        lambda site: site.says(DISCOVERY, {}, 500),
        lambda site: site.says(KEYS, {}, 503),
        lambda site: site.says(DISCOVERY, b"<html>not json</html>"),
        lambda site: site.says(KEYS, b"\xff\xfe\x00"),
        lambda site: site.says(KEYS, b"[" * 100_000),
        lambda site: site.says(DISCOVERY, []),
        lambda site: site.says(KEYS, {"keys": {"a": 1}}),
        lambda site: site.says(KEYS, {"keys": []}),
        lambda site: site.says(KEYS, {}),
        lambda site: site.says(KEYS, BIG),
        lambda site: site.says(KEYS, {"keys": []}, content_encoding="gzip"),
        lambda site: site.says(DISCOVERY, {"issuer": site.url + "/", "jwks_uri": site.url + KEYS}),
        lambda site: site.says(DISCOVERY, {"issuer": "https://other.test", "jwks_uri": site.url + KEYS}),
        lambda site: site.says(DISCOVERY, {"issuer": site.url}),
        lambda site: site.says(DISCOVERY, {"issuer": site.url, "jwks_uri": "file:///etc/passwd"}),
        lambda site: site.says(DISCOVERY, {"issuer": site.url, "jwks_uri": "http://192.0.2.7/jwks"}),
        lambda site: site.says(DISCOVERY, {"issuer": site.url, "jwks_uri": 7}),
        lambda site: site.says(DISCOVERY, b"", 302, location=site.url + "/elsewhere"),
        lambda site: site.says(KEYS, b"", 301, location=site.url + "/elsewhere"),
    ],
    ids=[
        "discovery 500", "keys 503", "html", "bytes", "deep", "list", "keys object", "no keys", "nothing", "huge",
        "compressed", "issuer with slash", "other issuer", "no key set", "file", "plain http", "number", "redirect",
        "keys redirect",
    ],
)  # fmt: skip
def test_a_provider_that_answers_badly_gives_no_keys(realm: Realm, spoil: Callable[[Site], object]) -> None:
    realm.site.says("/elsewhere", {"issuer": realm.site.url, "jwks_uri": realm.site.url + KEYS, "keys": []})
    spoil(realm.site)

    with pytest.raises(UnavailableError):
        realm.verifier.verify(realm.token())
    realm.lands()
    assert "/elsewhere" not in realm.site.asked
    assert [type(fault) for fault in realm.faults] == [UnavailableError]
    assert realm.site.url not in str(realm.faults)


@pytest.mark.parametrize("how", ["hanging", "trickles"])
def test_a_provider_that_never_finishes_is_given_up(realm: Realm, how: str) -> None:
    realm.site.says(DISCOVERY, b" " * 10_000)
    setattr(realm.site, how, True)
    begun = time.monotonic()

    with pytest.raises(UnavailableError):
        realm.verifier.verify(realm.token())
    realm.lands()

    assert time.monotonic() - begun < 8


def test_while_a_provider_hangs_only_two_wait_and_the_rest_is_told_at_once() -> None:
    done, started = threading.Event(), threading.Event()

    def hang() -> list[Any]:
        started.set()
        done.wait(20)
        raise UnavailableError("down")

    cache = CachedKeys(hang, clock=FixedClock(), on_fault=lambda _: None)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.find, "kid", "ES256") for _ in range(8)]
        assert started.wait(5)
        deadline = time.monotonic() + 3
        while sum(future.done() for future in waiting) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        done.set()
        assert all(isinstance(future.exception(10), UnavailableError) for future in waiting)


def test_a_bug_in_fetching_is_told_and_does_not_stay() -> None:
    key, clock, faults = ec_key("a"), FixedClock(), list[Exception]()
    answers: list[Any] = [RuntimeError("a bug"), [public(key)]]

    def fetch() -> list[Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    cache = CachedKeys(fetch, clock=clock, on_fault=faults.append)
    with pytest.raises(UnavailableError):
        cache.find("a", "ES256")
    clock.advance(timedelta(seconds=10))

    assert cache.find("a", "ES256") is not None
    assert [type(fault) for fault in faults] == [RuntimeError]


@pytest.mark.parametrize(
    "member",
    [
        lambda: public(rsa_key("k", 1024)),
        lambda: public(ec_key("k", "P-384")),
        lambda: public(ec_key("k"), use="enc"),
        lambda: public(ec_key("k"), alg="HS256"),
        lambda: public(ec_key("k"), alg="none"),
        lambda: public(ec_key("k"), alg=["ES256"]),
        lambda: public(ec_key("k"), x="AAAA"),
        lambda: public(ec_key("k"), kid=7),
        lambda: public(ec_key("k"), kid=""),
        lambda: public(ec_key("k"), kid="k" * 257),
        lambda: public(rsa_key("k"), n="!!"),
        lambda: public(rsa_key("k"), n=7),
        lambda: public(edwards_key("k"), crv="Ed448"),
        lambda: {"kty": "oct", "kid": "k", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw"},
        lambda: {"kty": ["RSA"], "kid": "k"},
        lambda: {"kid": "k"},
        lambda: "key",
        lambda: None,
        list,
    ],
)
def test_a_key_that_verifies_nothing_here_is_passed_over(member: Callable[[], Any]) -> None:
    good = public(ec_key("good"))

    assert set(usable_keys([member(), good])) == {"good"}


def test_a_private_key_published_by_mistake_is_taken_for_its_public_half() -> None:
    key = ec_key("k")

    (found,) = usable_keys([key.as_dict(private=True)]).values()

    assert not hasattr(found.public, "private_numbers")


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    found = usable_keys([public(ec_key("k")), public(rsa_key("k"))])

    assert found["k"].algorithms == {"ES256"}


def test_a_key_set_is_looked_at_up_to_its_bound() -> None:
    one = public(ec_key("k"))

    assert len(usable_keys([{**one, "kid": str(n)} for n in range(MAX_KEYS + 50)])) == MAX_KEYS


def test_a_provider_is_believed_over_tls_only_with_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    certificate, key = ensure_self_signed(tmp_path / "tls", ["127.0.0.1"])
    with served((Path(certificate), Path(key))) as site:
        site.publishes(ec_key())

        assert len(ProviderDocuments(site.url, ca_file=Path(certificate)).key_set()) == 1
        with pytest.raises(UnavailableError):
            ProviderDocuments(site.url).key_set()


@pytest.mark.parametrize(
    "url", ["https://idp.hospital.test/realm", "http://127.0.0.1:8080", "http://[::1]:80", "http://localhost:3000/r"]
)
def test_a_provider_is_reached_by_https_or_on_this_machine(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp",
        "http://idp.hospital.test",
        "http://192.168.0.1",
        "ftp://127.0.0.1",
        "https://",
        "https://user:secret@idp.test",
        "https://idp.test/?a=b",
        "https://idp.test/#x",
        "https://idp.test:port",
        "https://[",
        "http://localhost.attacker.test",
    ],
)
def test_any_other_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_url(url)
    assert "secret" not in str(caught.value)
