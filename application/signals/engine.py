"""What keeps security events going out: one process of several, in threads of its own, until stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import SystemRandom
from typing import Final
from uuid import UUID

from application.following import Follower
from application.ports.signal_streams import ENABLED, POLL, Stream
from application.services import Services
from application.signals.collecting import Collector
from application.signals.delivery import Courier
from domain.errors import InProgressError

MUTEX: Final = "signals_out"
ELECT_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 0.5
"""For what nobody rings for: the end of a back-off, a letter or a stream from another process."""
THREADS_PER_STREAM: Final = 4


class SignalEngine:
    """Follows the store into the outbox and carries the outbox to the receivers.

    Uses at most four connections: one that holds the lock, one that listens, one of the pool for each of two threads.
    A sign-in waits for none of this. If the lock is lost unnoticed, two processes carry: every letter may then come
    twice, still in order of first arrival.
    """

    def __init__(
        self,
        services: Services,
        on_fault: Callable[[Exception], None],
        *,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        """``on_fault`` hears of every interruption; the engine then resumes by itself. ``jitter`` is in 0..1."""
        self._services = services
        self._on_fault = on_fault
        self._jitter = jitter or SystemRandom().random
        self._stop = threading.Event()
        self._bell = threading.Event()
        self._couriers: dict[UUID, tuple[Courier, ThreadPoolExecutor]] = {}
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop_soon(self) -> None:
        """Ask the threads to end, without waiting for them."""
        self._stop.set()
        self._bell.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the threads. What was sent but not settled is sent again by the next engine, under the same ``jti``."""
        self.stop_soon()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._services.store.mutex(MUTEX, wait=False):
                    self._lead()
            except InProgressError:
                pass  # another process does it
            except Exception as error:  # noqa: BLE001 - reported; a thread that ended would leave every receiver out
                self._on_fault(error)
            self._stop.wait(ELECT_EVERY_S)

    def _lead(self) -> None:
        collector = Collector(self._services, on_fault=self._on_fault, ring=self._bell.set)
        follower = Follower(
            "signals-follower",
            self._services.store,
            since=collector.since,
            take=collector.take,
            on_fault=self._on_fault,
        )
        follower.start()
        try:
            while not self._stop.is_set():
                self._bell.clear()
                if not self._round():
                    self._bell.wait(LOOK_EVERY_S)
        finally:
            follower.stop()
            for stream_id in list(self._couriers):
                self._dismiss(stream_id)

    def _round(self) -> int:
        streams = [s for s in self._services.signals.streams.all() if s.method != POLL and s.status == ENABLED]
        for stream_id in self._couriers.keys() - {stream.stream_id for stream in streams}:
            self._dismiss(stream_id)
        return sum(self._courier(stream).work(stream) for stream in streams)

    def _courier(self, stream: Stream) -> Courier:
        if stream.stream_id not in self._couriers:
            threads = ThreadPoolExecutor(THREADS_PER_STREAM, thread_name_prefix="signals-courier")
            courier = Courier(
                self._services,
                stream.stream_id,
                executor=threads,
                jitter=self._jitter,
                on_fault=self._on_fault,
                ring=self._bell.set,
            )
            self._couriers[stream.stream_id] = courier, threads
        return self._couriers[stream.stream_id][0]

    def _dismiss(self, stream_id: UUID) -> None:
        _, threads = self._couriers.pop(stream_id)
        threads.shutdown(wait=False, cancel_futures=True)
