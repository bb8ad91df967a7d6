"""A receiver of security events that shares no code with the transmitter: http.server and joserfc."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

Fault = Callable[["Handler"], None]


class Receiver:
    """Takes SETs (RFC 8935) on one port through crashes of its own; what it has stored outlives them.

    ``faults`` are done to the next requests, one each, in place of taking them.
    """

    def __init__(self, jwks: Callable[[], Mapping[str, Any]], *, issuer: str, audience: str) -> None:
        self.jwks = jwks
        self.issuer = issuer
        self.audience = audience
        self.bearer: str | None = None
        self.seen: dict[str, dict[str, Any]] = {}
        self.order: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.arrived: dict[str, float] = {}
        self.copies: dict[str, int] = defaultdict(int)
        self.requests = 0
        self.faults: list[Fault] = []
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.errors: list[str] = []
        self.lock = threading.Lock()
        self.released = threading.Event()
        self._server: Server | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        deadline = time.monotonic() + 10
        while True:
            try:
                self._server = Server(("127.0.0.1", self.port), self)
            except OSError:
                assert time.monotonic() < deadline, "the port does not come free"
                time.sleep(0.05)
            else:
                break
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def crash(self) -> None:
        """Die as a process does: every connection breaks, whatever it was in the middle of."""
        server, self._server = self._server, None
        if server is not None:
            server.die()

    def stop(self) -> None:
        self.released.set()
        self.crash()

    def take(self, token: str) -> tuple[str, str]:
        """Check a SET as RFC 8417 and RFC 8935 ask for, and keep it once; return (jti, "")."""
        decoded = jwt.decode(token, KeySet.import_key_set(dict(self.jwks())), algorithms=["ES256"])  # type: ignore[arg-type]
        claims = decoded.claims
        assert decoded.header["typ"] == "secevent+jwt"
        assert claims["iss"] == self.issuer
        assert claims["aud"] == self.audience
        assert not {"exp", "sub"} & set(claims)
        with self.lock:
            self.copies[claims["jti"]] += 1
            if claims["jti"] in self.seen:
                assert self.seen[claims["jti"]] == claims, "the same jti says something else"
                return claims["jti"], ""
            self.seen[claims["jti"]] = claims
            self.arrived[claims["jti"]] = time.monotonic()
            (kind,) = claims["events"]
            subject = claims["sub_id"]
            user = subject.get("user", subject)
            about = subject["session"]["id"] if "session" in subject else ""
            self.order[user.get("sub", "")].append((kind.rsplit("/", 1)[1], about))
        return claims["jti"], ""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        self.open: set[socket.socket] = set()
        self.dead = False
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def die(self) -> None:
        self.dead = True
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - broken connections are the point
        return


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver = self.server.receiver
        self.body = self.rfile.read(int(self.headers["content-length"]))
        with receiver.lock:
            receiver.requests += 1
            receiver.bodies.append((dict(self.headers.items()), self.body))
            fault = receiver.faults.pop(0) if receiver.faults else None
        if fault is not None:
            fault(self)
            return
        self.accept()

    def accept(self, *, answer: bool = True) -> None:
        receiver = self.server.receiver
        try:
            assert receiver.bearer in {None, self.headers.get("authorization")}
            assert self.headers["content-type"] == "application/secevent+jwt"
            if self.server.dead:
                return
            receiver.take(self.body.decode())
        except Exception as error:
            receiver.errors.append(repr(error))
            raise
        if answer:
            self.reply(202)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


def answering(status: int, body: bytes = b"", **headers: str) -> Fault:
    return lambda handler: handler.reply(status, body, **headers)


def refusing(code: str) -> Fault:
    body = json.dumps({"err": code, "description": "a description that nobody keeps"}).encode()
    return answering(400, body, content_type="application/json")


def hanging(handler: Handler) -> None:
    """Neither answer nor hang up, until the test is over or the other side leaves."""
    handler.server.receiver.released.wait(30)
    handler.close_connection = True


def garbage(handler: Handler) -> None:
    handler.wfile.write(b"\x00\xff not http at all \r\n\r\n" * 20)
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """An answer that has no end."""
    handler.send_response(500)
    handler.send_header("content-length", str(10**9))
    handler.end_headers()
    with suppress(OSError):
        while not handler.server.receiver.released.is_set():
            handler.wfile.write(b"x" * 65536)
    handler.close_connection = True


def stored_then_died(handler: Handler) -> None:
    """Keep it, and die before saying so: the cruellest moment."""
    handler.accept(answer=False)
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def stored_then_hangs(handler: Handler) -> None:
    """Keep it, and never say so."""
    handler.accept(answer=False)
    hanging(handler)
