"""Sending over real sockets: TLS is verified, and no answer holds us longer or costs more than it may."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.crypto.certificate import ensure_self_signed
from adapters.identity.push import HttpPush
from application.ports.signal_push import Answer, Push
from domain.errors import ConfigurationError
from tests.ssf_receiver import Fault, Receiver, answering, endless, garbage, hanging, refusing


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(dict, issuer="", audience="")
    yield receiver
    receiver.stop()


@pytest.fixture
def push() -> Iterator[HttpPush]:
    push = HttpPush(timeout_s=1.0)
    yield push
    push.close()


def post(url: str) -> Push:
    return Push(url, {"content-type": "application/secevent+jwt"}, b"token")


def dripping(handler: Any) -> None:
    """A header, a byte at a time: each of them well within any timeout between two bytes."""
    handler.wfile.write(b"HTTP/1.1 202 Accepted\r\nx-slow: ")
    while not handler.server.receiver.released.wait(0.1):
        handler.wfile.write(b"x")


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (answering(202), Answer(202)),
        (answering(302, location="https://elsewhere.test/"), Answer(302)),
        (answering(503, retry_after="7"), Answer(503, retry_after_s=7.0)),
        (answering(503, retry_after="soon"), Answer(503)),
        (answering(503, retry_after="9" * 400), Answer(503)),
        (answering(503, retry_after="Fri, 01 Jan 1999 00:00:00 GMT"), Answer(503, retry_after_s=0.0)),
        (refusing("invalid_audience"), Answer(400, err="invalid_audience")),
        (refusing("Maria Souza"), Answer(400)),
        (refusing("x" * 61), Answer(400)),
        (answering(400, b"[" * 9000), Answer(400)),
        (answering(400, b'{"err": 7}'), Answer(400)),
        (answering(500, b'{"err": "invalid_audience"}'), Answer(500)),
        (garbage, Answer(fault="broken_answer")),
        (endless, Answer(500)),
        (hanging, Answer(fault="timeout")),
        (dripping, Answer(fault="timeout")),
    ],
)
def test_an_answer_is_a_status_or_a_code(receiver: Receiver, push: HttpPush, fault: Fault, answer: Answer) -> None:
    receiver.faults.append(fault)
    begin = time.monotonic()

    assert push.send(post(receiver.url)) == answer
    assert time.monotonic() - begin < 3.0
    assert receiver.requests == 1


def test_nobody_at_home_is_a_refusal(receiver: Receiver, push: HttpPush) -> None:
    url = receiver.url
    receiver.crash()

    assert push.send(post(url)) == Answer(fault="refused")


def test_a_closed_push_sends_nothing_and_cuts_off_what_is_on_its_way(receiver: Receiver) -> None:
    push = HttpPush(timeout_s=30.0)
    receiver.faults.append(hanging)
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(push.send(post(receiver.url))))
    thread.start()
    while receiver.requests == 0:
        time.sleep(0.01)
    push.close()
    thread.join(5)

    assert answers == [Answer(fault="closed")]
    assert push.send(post(receiver.url)) == Answer(fault="closed")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A receiver on https with a certificate of its own for 127.0.0.1."""
    certificate, key = ensure_self_signed(tmp_path / "tls", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Taking)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/", Path(certificate)
    server.shutdown()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(push: HttpPush, secure: tuple[str, Path]) -> None:
    assert push.send(post(secure[0])) == Answer(fault="tls")


def test_the_hospitals_own_authority_is_trusted_where_it_is_named(secure: tuple[str, Path]) -> None:
    push = HttpPush(timeout_s=5.0, ca_file=secure[1])

    assert push.send(post(secure[0])) == Answer(202)
    push.close()


def test_a_ca_file_that_is_none_is_a_fault_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match="FACEAUTH_SIGNAL_CA_FILE"):
            HttpPush(timeout_s=1.0, ca_file=tmp_path / name)


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, push: HttpPush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    receiver.faults.append(answering(202))

    assert push.send(post(receiver.url)) == Answer(202)
