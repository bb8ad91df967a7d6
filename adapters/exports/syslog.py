"""Syslog (RFC 5424) to a collector over TLS (RFC 5425), TCP (RFC 6587, octets counted) or UDP (RFC 5426)."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from adapters.exports.cef import Cef
from adapters.exports.text import encoded
from application.exporting.outcomes import Outcome
from domain.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from application.exporting.records import Record

FACILITY: Final = 13
"""Log audit."""
SEVERITY: Final = {Outcome.SUCCESS: 6, Outcome.REFUSED: 4, Outcome.SERIOUS: 2, Outcome.UNREADABLE: 1}
"""Informational, warning, critical, alert."""
PORTS: Final = {"tls": 6514, "tcp": 601, "udp": 514}
TIMEOUT_S: Final = 10.0
LOOK_S: Final = 0.02
MOST_UDP: Final = 65_000
_PRINTABLE: Final = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: "tls://siem.hospital:6514"."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the target of a URL. Raises ``InvalidInputError``."""
        parts = urlsplit(url)
        with contextlib.suppress(ValueError):  # a port that is none
            more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
            if parts.scheme in PORTS and parts.hostname and not more:
                return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])
        raise InvalidInputError("--to takes tls://host:6514, tcp://host:601 or udp://host:514")


@dataclass(frozen=True, slots=True)
class Trust:
    """How the collector is known, and we to it. Without ``ca``: by the authorities that this machine trusts."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Return a client's context, TLS 1.2 or later. Raises ``InvalidInputError`` for a file that will not do."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInputError("the certificate, key or authority file cannot be read as PEM") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Letters:
    """Records as syslog messages: the head of RFC 5424, CEF behind it."""

    def __init__(self, cef: Cef, hostname: str) -> None:
        """``hostname`` is ours, as collectors are to see it."""
        self._cef = cef
        self._host = _PRINTABLE.sub("", hostname)[:255] or "-"

    def message(self, record: Record) -> bytes:
        """Return one message, unframed."""
        priority = FACILITY * 8 + SEVERITY[record.outcome]
        at = "-" if record.damaged else f"{record.event.at:%Y-%m-%dT%H:%M:%S.%fZ}"
        kind = _PRINTABLE.sub("", record.event.name.removesuffix(".v1"))[:32] or "-"
        return encoded(f"<{priority}>1 {at} {self._host} faceauth - {kind} - {self._cef.line(record)}")


class SyslogSink:
    """``application.ports.export_sink.ExportSink``: one connection, opened when first needed. For one thread."""

    def __init__(self, target: Target, letters: Letters, trust: Trust | None = None) -> None:
        """Nothing is connected yet. Raises ``InvalidInputError`` for a certificate that will not do."""
        self._target = target
        self._letters = letters
        self._context = (trust or Trust()).context() if target.scheme == "tls" else None
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect where there is no connection. Raises ``UnavailableError``."""
        if self._socket is not None:
            return
        target = self._target
        try:
            if target.scheme == "udp":
                family, kind, protocol, _, address = socket.getaddrinfo(
                    target.host, target.port, type=socket.SOCK_DGRAM
                )[0]
                self._socket = socket.socket(family, kind, protocol)
                self._socket.connect(address)
            else:
                self._socket = self._connected()
        except (OSError, ssl.SSLError) as error:
            self.close()
            raise UnavailableError(f"the collector cannot be reached: {_why(error)}") from error

    def send(self, records: Sequence[Record]) -> None:
        """Hand over records in order. Raises ``UnavailableError``; how many arrived is unknown then."""
        self.open()
        try:
            for record in records:
                self._put(self._letters.message(record))
        except (OSError, ssl.SSLError) as error:
            self.close()
            raise UnavailableError(f"the collector was lost: {_why(error)}") from error

    def settle(self) -> None:
        """Return when the other end's system has confirmed every octet and still listens. Raises ``UnavailableError``.

        Syslog has no answer of its own. Over UDP nothing is known, and nothing is waited for.
        """
        if self._socket is None or self._target.scheme == "udp":
            return
        deadline = time.monotonic() + TIMEOUT_S
        while unsent := _unsent(self._socket):
            if time.monotonic() > deadline:
                self.close()
                raise UnavailableError(f"the collector confirmed nothing for {TIMEOUT_S:.0f} s ({unsent} octets)")
            time.sleep(LOOK_S)
        if _gone(self._socket):
            self.close()
            raise UnavailableError("the collector closed the connection")

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        plain = socket.create_connection((self._target.host, self._target.port), timeout=TIMEOUT_S)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise

    def _put(self, message: bytes) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        if self._target.scheme == "udp":
            self._socket.send(message[:MOST_UDP])
        else:
            self._socket.sendall(b"%d %s" % (len(message), message))


def _unsent(connection: socket.socket) -> int:
    """Return how many octets the other end's system has not confirmed; 0 where this system cannot tell."""
    if sys.platform != "linux":
        return 0
    import fcntl  # noqa: PLC0415 - not on every system
    import termios  # noqa: PLC0415 - not on every system

    # SIOCOUTQ (tcp(7)) has the number of TIOCOUTQ.
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])


def _gone(connection: socket.socket) -> bool:
    """Say whether the other end closed: a collector has nothing to say, so anything readable is the end, or noise."""
    connection.settimeout(0)
    try:
        return not connection.recv(4096)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except (OSError, ssl.SSLError):
        return True
    finally:
        connection.settimeout(TIMEOUT_S)


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold ({error.verify_message})"
    return error.strerror or type(error).__name__
