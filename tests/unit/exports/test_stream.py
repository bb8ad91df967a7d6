"""A SIEM gets every event at least once and in order, through whatever happens to the line."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from adapters.crypto.certificate import ensure_self_signed
from adapters.exports.cef import Cef
from adapters.exports.checkpoint import FileCheckpoint
from adapters.exports.syslog import Letters, SyslogSink, Target, Trust
from application.exporting.streaming import Streaming
from domain.errors import ExportError, InvalidInputError, UnavailableError
from tests.unit.exports.collector import Collector, wait_until
from tests.unit.exports.exporting import made_up, taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.house import House

LETTERS = Letters(Cef("1"), "auth.hospital")
HEAD = re.compile(rb"<(\d{1,3})>1 (\S+) auth\.hospital faceauth - (\S{1,32}) - CEF:0\|faceauth\|")


def sink_to(port: int, scheme: str = "tcp", trust: Trust | None = None) -> SyslogSink:
    return SyslogSink(Target(scheme, "localhost" if scheme == "tls" else "127.0.0.1", port), LETTERS, trust)


def streaming(
    house: House, sink: SyslogSink, path: Path, faults: list[Exception] | None = None, grace_s: float = 0.05
) -> Streaming:
    heard = faults if faults is not None else []
    return Streaming(
        house.store,
        sink,
        FileCheckpoint(path),
        on_fault=heard.append,
        first_wait_s=0.01,
        longest_wait_s=0.05,
        grace_s=grace_s,
    )


@contextlib.contextmanager
def running(stream: Streaming) -> Iterator[None]:
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stream.stop()
        thread.join(5)
        assert not thread.is_alive()


def seen(messages: list[bytes]) -> list[int]:
    return [int(re.search(rb"externalId=(\d+)", message)[1]) for message in messages]  # type: ignore[index]


def test_everything_up_to_now_arrives_once_in_order_and_is_remembered(lived: House, tmp_path: Path) -> None:
    end = lived.store.position()
    with Collector() as collector:
        streaming(lived, sink_to(collector.port), tmp_path / "c").run(end)
        wait_until(collector.has(end))
        streaming(lived, sink_to(collector.port), tmp_path / "c").run(end)

    assert seen(collector.messages) == list(range(1, end + 1))
    assert FileCheckpoint(tmp_path / "c").read() == end


def test_messages_are_syslog_with_cef_in_them(lived: House, tmp_path: Path) -> None:
    with Collector() as collector:
        streaming(lived, sink_to(collector.port), tmp_path / "c").run(lived.store.position())
        wait_until(collector.has(lived.store.position()))

    for message in collector.messages:
        head = HEAD.match(message)
        assert head is not None, message[:200]
        assert int(head[1]) // 8 == 13
        assert datetime.fromisoformat(head[2].decode()).tzinfo is UTC or head[2].endswith(b"Z")
        assert b"\n" not in message
        assert b"ouza" not in message


def test_severities_follow_the_outcome() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
    attack = made_up("attempt.refused.v1", "attempt", now, reason="presentation_attack")
    damaged = made_up("damaged", "", datetime.fromtimestamp(0, UTC))

    assert LETTERS.message(attack).startswith(b"<106>1 2026-11-24T12:00:00.123456Z auth.hospital faceauth - attempt.r")
    assert LETTERS.message(damaged).startswith(b"<105>1 - auth.hospital faceauth - damaged - CEF:0|")


def test_what_happens_is_sent_as_it_happens(house: House, tmp_path: Path) -> None:
    with Collector() as collector, running(streaming(house, sink_to(collector.port), tmp_path / "c")):
        house.enroll("ana")
        wait_until(collector.has(house.store.position()))
        house.enroll("bia")
        end = house.store.position()
        wait_until(collector.has(end))
        wait_until(lambda: FileCheckpoint(tmp_path / "c").read() == end)

    assert seen(collector.messages) == list(range(1, end + 1))
    assert collector.connections == 1


def test_what_a_collector_lost_when_it_died_is_sent_again(house: House, tmp_path: Path) -> None:
    faults: list[Exception] = []
    with (
        Collector(drop_after=5) as collector,
        running(streaming(house, sink_to(collector.port), tmp_path / "c", faults, grace_s=60.0)),
    ):
        house.enroll("ana")
        house.enroll("bia")
        end = house.store.position()
        wait_until(lambda: set(seen(collector.messages)) >= set(range(1, end + 1)))

    assert collector.connections >= 2
    assert faults
    assert all(isinstance(fault, UnavailableError) for fault in faults)


def test_what_settled_a_moment_ago_does_not_count_yet(house: House, tmp_path: Path) -> None:
    house.enroll("ana")
    with (
        Collector() as collector,
        running(streaming(house, sink_to(collector.port), tmp_path / "c", grace_s=60.0)),
    ):
        wait_until(collector.has(house.store.position()))
        house.enroll("bia")
        wait_until(collector.has(house.store.position()))

    assert FileCheckpoint(tmp_path / "c").read() == 0


def test_a_collector_that_is_not_there_yet_gets_everything_later(house: House, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    house.enroll("ana")
    faults: list[Exception] = []
    stream = streaming(house, sink_to(port), tmp_path / "c", faults)
    with running(stream):
        wait_until(lambda: len(faults) >= 3)
        assert FileCheckpoint(tmp_path / "c").read() == 0

    with Collector() as collector:
        streaming(house, sink_to(collector.port), tmp_path / "c").run(house.store.position())
        wait_until(collector.has(house.store.position()))


def test_the_wait_between_tries_doubles_up_to_its_bound(house: House, tmp_path: Path) -> None:
    house.enroll("ana")
    waits: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    stream = streaming(house, sink_to(port), tmp_path / "c")

    class Noting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            if len(waits) == 5:
                stream.stop()
            return super().wait(0)

    stream._stop = Noting()
    stream.run()

    assert waits == [0.01, 0.02, 0.04, 0.05, 0.05]


def test_a_collector_that_takes_nothing_is_given_up_in_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.exports.syslog.TIMEOUT_S", 0.2)
    house.enroll("ana")
    record = taken(house)[0]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        sink = sink_to(deaf.getsockname()[1])
        with pytest.raises(UnavailableError):
            sink.send([record] * 50_000)
        sink.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    certificate, key = ensure_self_signed(tmp_path_factory.mktemp("tls"), ["localhost"])
    return certificate, key


def test_over_tls_to_a_collector_that_is_who_it_says(
    lived: House, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    end = lived.store.position()
    with Collector(tls=certificate) as collector:
        sink = sink_to(collector.port, "tls", Trust(ca=certificate[0]))
        streaming(lived, sink, tmp_path / "c").run(end)
        wait_until(collector.has(end))

    assert seen(collector.messages) == list(range(1, end + 1))


def test_a_collector_that_nobody_vouches_for_gets_nothing(lived: House, certificate: tuple[Path, Path]) -> None:
    with Collector(tls=certificate) as collector:
        sink = sink_to(collector.port, "tls")
        with pytest.raises(UnavailableError, match="certificate does not hold"):
            sink.send(taken(lived)[:1])

    assert collector.messages == []


def test_over_udp_one_event_is_one_datagram(lived: House, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        streaming(lived, sink_to(receiver.getsockname()[1], "udp"), tmp_path / "c").run(3)
        got = [receiver.recv(65_536) for _ in range(3)]

    assert seen(got) == [1, 2, 3]
    assert all(HEAD.match(message) for message in got)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"position": -1}', b'{"position": "3"}', b"\xff"])
def test_a_checkpoint_that_cannot_be_read_stops_everything(house: House, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c").write_bytes(content)

    with pytest.raises(ExportError, match="cannot be read; delete it"):
        streaming(house, sink_to(1), tmp_path / "c").run()


def test_each_collector_has_a_checkpoint_of_its_own(tmp_path: Path) -> None:
    one = FileCheckpoint.of_target(tmp_path, "tls://a:6514")
    one.write(7)

    assert FileCheckpoint.of_target(tmp_path, "tls://a:6514").read() == 7
    assert FileCheckpoint.of_target(tmp_path, "tls://b:6514").read() == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "siem",
        "http://siem:80",
        "tls://",
        "tls://siem:0x",
        "tls://siem:99999",
        "tls://u@siem",
        "tls://siem/x",
        "tls:a",
    ],
)
def test_where_it_cannot_go_is_said(url: str) -> None:
    with pytest.raises(InvalidInputError, match="--to takes"):
        Target.of(url)


def test_a_target_has_the_port_of_its_scheme_unless_it_names_one() -> None:
    assert Target.of("tls://siem") == Target("tls", "siem", 6514)
    assert Target.of("udp://[::1]:99") == Target("udp", "::1", 99)


def test_an_authority_that_is_no_certificate_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")

    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(InvalidInputError, match="PEM"):
            sink_to(1, "tls", Trust(ca=path))
