"""Whose address a request comes from: the peer's, or what proxies that we trust say of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from starlette.requests import HTTPConnection

from entrypoints.settings import Settings

UNKNOWN: Final = "unknown"
MAX_CHARACTERS: Final = 2000
_PORT: Final = re.compile(r":\d{1,5}$")
_FOR: Final = re.compile(r"^for=(?:\"([^\"\\]*)\"|([^\"\s;,]*))$", re.IGNORECASE)

Address = IPv4Address | IPv6Address


def client_address(connection: HTTPConnection, settings: Settings) -> str:
    """Return the address that an HTTP request or WebSocket comes from; "unknown" where there is none.

    Only where the peer is one of ``trusted_proxies``: the rightmost address of ``X-Forwarded-For``, or of ``Forwarded``
    (RFC 7239), that is not a trusted proxy's. Everything left of it may be the client's invention. An entry that is no
    address ends the walk at the proxy that wrote it. Both headers at once: one of them may come from the client, so
    neither counts.
    """
    peer = connection.client.host if connection.client else UNKNOWN
    parsed = _parsed(peer)
    if parsed is None or not _trusted(parsed, settings):
        return peer
    forwarded_for = connection.headers.getlist("x-forwarded-for")
    forwarded = connection.headers.getlist("forwarded")
    if forwarded_for and forwarded:
        return peer
    hops = _hops(forwarded_for) if forwarded_for else [_named(element) for element in _hops(forwarded)]
    nearest = parsed
    for hop in reversed(hops):
        address = _parsed(hop)
        if address is None:
            break
        nearest = address
        if not _trusted(address, settings):
            break
    return str(nearest)


def _hops(headers: Sequence[str]) -> list[str]:
    joined = ",".join(headers)
    return [hop.strip() for hop in joined.split(",")] if joined and len(joined) <= MAX_CHARACTERS else []


def _named(element: str) -> str:
    for pair in element.split(";"):
        found = _FOR.match(pair.strip())
        if found:
            return found[1] or found[2] or ""
    return ""


def _parsed(text: str) -> Address | None:
    """Return an address, with or without a port, IPv6 with or without brackets; None for anything else."""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        bare = host if bracket and (not port or _PORT.fullmatch(port)) else ""
    else:
        bare = _PORT.sub("", text) if text.count(":") == 1 else text
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _trusted(address: Address, settings: Settings) -> bool:
    return any(address in network for network in settings.trusted_proxies)
