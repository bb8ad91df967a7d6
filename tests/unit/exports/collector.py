"""A collector of syslog that counts octets, over TCP or TLS, and can be made to misbehave."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Collector:
    """Listens on a free port; ``messages`` are what came, connection after connection."""

    def __init__(self, *, tls: tuple[Path, Path] | None = None, drop_after: int | None = None) -> None:
        """``drop_after``: the first connection is reset after so many messages, what came of it thrown away."""
        self.messages: list[bytes] = []
        self.connections = 0
        self._drop_after = drop_after
        self._context: ssl.SSLContext | None = None
        if tls is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*tls)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def has(self, count: int) -> Callable[[], bool]:
        return lambda: len(self.messages) >= count

    def _serve(self) -> None:
        while not self._stopped:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError, ssl.SSLError, ValueError):
                self._take(plain)
            plain.close()

    def _take(self, plain: socket.socket) -> None:
        drop = self._drop_after if self.connections == 1 else None
        connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        got: list[bytes] = []
        with connection, connection.makefile("rb") as file:
            while message := _framed(file):
                got.append(message)
                if drop is None:
                    self.messages.append(message)
                elif len(got) >= drop:
                    # A reset: the collector died with what it had.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return


def _framed(file: object) -> bytes:
    """Read one message framed by its count of octets (RFC 6587, 3.4.1); b"" at the end."""
    digits = b""
    while (octet := file.read(1)) not in {b" ", b""}:  # type: ignore[attr-defined]
        digits += octet
        assert octet.isdigit(), "the frame does not begin with a count"
    if not digits:
        return b""
    assert digits[:1] != b"0"
    message: bytes = file.read(int(digits))  # type: ignore[attr-defined]
    return message if len(message) == int(digits) else b""


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
