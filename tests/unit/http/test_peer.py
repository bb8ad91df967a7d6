"""Whose address a request comes from, and who is believed about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from entrypoints.http.peer import client_address
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PROXY, CLIENT = "10.0.0.1", "192.0.2.17"


def seen(headers: dict[str, str] | list[tuple[str, str]], *, peer: str | None = PROXY, trusted: str = "") -> str:
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    scope = {"type": "websocket", "headers": raw, "client": (peer, 1234) if peer else None}
    settings = Settings.model_validate({"trusted_proxies": trusted})
    return client_address(HTTPConnection(scope), settings)


@pytest.mark.parametrize("header", [{"x-forwarded-for": CLIENT}, {"forwarded": f"for={CLIENT}"}, {}])
def test_nobody_is_believed_who_is_not_trusted(header: dict[str, str]) -> None:
    assert seen(header) == PROXY
    assert seen(header, trusted="172.16.0.0/12") == PROXY


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ({"x-forwarded-for": CLIENT}, CLIENT),
        ({"x-forwarded-for": f"1.2.3.4, {CLIENT}"}, CLIENT),
        ({"x-forwarded-for": f"1.2.3.4, {CLIENT}, 10.9.9.9"}, CLIENT),
        ({"x-forwarded-for": f"{CLIENT}:55123"}, CLIENT),
        ({"x-forwarded-for": "[2001:db8::7]:443"}, "2001:db8::7"),
        ({"x-forwarded-for": "2001:db8::7"}, "2001:db8::7"),
        ({"x-forwarded-for": f"::ffff:{CLIENT}"}, CLIENT),
        ({"x-forwarded-for": "10.1.1.1, 10.2.2.2"}, "10.1.1.1"),
        ({"forwarded": f"for={CLIENT};proto=https;by=10.0.0.1"}, CLIENT),
        ({"forwarded": f'for=1.2.3.4, For="{CLIENT}:80"'}, CLIENT),
        ({"forwarded": 'for="[2001:db8::7]:4711"'}, "2001:db8::7"),
    ],
)
def test_the_rightmost_address_that_is_no_trusted_proxy_counts(header: dict[str, str], address: str) -> None:
    assert seen(header, trusted="10.0.0.0/8, fd00::/8") == address


@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "unknown"},
        {"x-forwarded-for": f"{CLIENT}, <script>"},
        {"x-forwarded-for": f"{CLIENT},"},
        {"x-forwarded-for": "1.2.3.4.5"},
        {"x-forwarded-for": "[2001:db8::7"},
        {"x-forwarded-for": "1.2.3.4," * 500 + CLIENT},
        {"forwarded": "for=_hidden"},
        {"forwarded": "proto=https"},
        {"forwarded": f"for={CLIENT}", "x-forwarded-for": "1.2.3.4"},
    ],
)
def test_what_says_nothing_sound_leaves_the_proxy_s_own_address(header: dict[str, str]) -> None:
    assert seen(header, trusted="10.0.0.0/8") == PROXY


def test_an_entry_that_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it() -> None:
    assert seen({"x-forwarded-for": f"{CLIENT}, nonsense, 10.5.5.5"}, trusted="10.0.0.0/8") == "10.5.5.5"


def test_several_header_lines_are_one_list() -> None:
    lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", CLIENT)]
    assert seen(lines, trusted="10.0.0.0/8") == CLIENT


def test_a_connection_without_a_peer_is_unknown() -> None:
    assert seen({"x-forwarded-for": CLIENT}, peer=None, trusted="10.0.0.0/8") == "unknown"


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "proxy.hospital", "10.0.0.0/33"])
def test_networks_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": wrong})


def test_lockout_numbers_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="lockout"):
        Settings(home=tmp_path, lockout_failures=20)
