"""A transmitter on a real socket that is down, hangs, trickles, or answers nonsense."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from adapters.identity import set_poller
from adapters.identity.exchange import HttpExchange
from adapters.identity.set_poller import MAX_BYTES, MAX_TOKENS, HttpSignalFeed
from adapters.identity.set_verifier import MAX_TOKEN_BYTES
from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from application.ports.signal_feed import Batch


@contextmanager
def transmitter(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["content-length"])))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/poll"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def saying(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def answer(handler: BaseHTTPRequestHandler, _request: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(body)

    return answer


def polled(url: str, token_file: Path | None = None, **told: Any) -> Batch:
    with HttpExchange() as exchange:
        return HttpSignalFeed(url, exchange, token_file).poll(**({"acknowledged": [], "refused": {}} | told))


def test_a_poll_says_what_the_standard_says(tmp_path: Path) -> None:
    asked: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler, request: bytes) -> None:
        asked.append((handler.headers["authorization"], handler.headers["content-type"], json.loads(request)))
        saying(b'{"sets": {"j": "a.b.c"}, "moreAvailable": true}')(handler, request)

    (tmp_path / "token").write_text("ours\n")
    with transmitter(answer) as url:
        batch = polled(url, tmp_path / "token", acknowledged=["x", "\ud800"], refused={"y": "invalid_key"})

    assert (dict(batch.tokens), batch.more) == ({"j": b"a.b.c"}, True)
    assert asked == [
        (
            "Bearer ours",
            "application/json",
            {
                "maxEvents": MAX_TOKENS,
                "returnImmediately": True,
                "ack": ["x", "\ud800"],
                "setErrs": {"y": {"err": "invalid_key", "description": "invalid_key"}},
            },
        )
    ]


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_any_answer_but_200_is_unavailable(status: int) -> None:
    with (
        transmitter(saying(b'{"sets": {}}', status, location="http://127.0.0.1/elsewhere")) as url,
        pytest.raises(UnavailableError),
    ):
        polled(url)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"sets": 7}', b"\xff", b"[" * 60_000, b'{"sets": ["a"]}'])
def test_nonsense_is_unavailable(body: bytes) -> None:
    with transmitter(saying(body)) as url, pytest.raises(UnavailableError):
        polled(url)


def test_an_answer_is_not_read_beyond_its_bound() -> None:
    with transmitter(saying(b" " * (MAX_BYTES + 1))) as url, pytest.raises(UnavailableError):
        polled(url)


def test_a_strange_token_gets_its_answer_and_does_not_hide_the_others() -> None:
    sets = {"a": 7, "b": None, "c": "x" * (MAX_TOKEN_BYTES * 2), "d": "\ud800", "e": "a.b.c"}
    with transmitter(saying(json.dumps({"sets": sets}).encode())) as url:
        tokens = polled(url).tokens

    assert (tokens["a"], tokens["b"], tokens["d"], tokens["e"]) == (b"", b"", b"?", b"a.b.c")
    assert len(tokens["c"]) == MAX_TOKEN_BYTES + 1


def test_more_than_was_asked_for_comes_next_time() -> None:
    body = json.dumps({"sets": {f"j{number}": "t" for number in range(MAX_TOKENS + 5)}}).encode()
    with transmitter(saying(body)) as url:
        batch = polled(url)

    assert (len(batch.tokens), batch.more) == (MAX_TOKENS, True)


def test_nobody_at_the_address_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnavailableError):
        polled(f"http://127.0.0.1:{port}/poll")


def test_a_transmitter_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_poller, "POLL_SECONDS", 0.3)
    released = threading.Event()
    with transmitter(lambda _handler, _request: released.wait(20) and None) as url:  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            polled(url)
        took = time.monotonic() - began
        released.set()

    assert took < 5


def test_a_transmitter_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_poller, "POLL_SECONDS", 0.5)
    done = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler, _request: bytes) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "100000")
        handler.end_headers()
        try:
            while not done.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass

    with transmitter(trickle) as url:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            polled(url)
        took = time.monotonic() - began
        done.set()

    assert took < 5
