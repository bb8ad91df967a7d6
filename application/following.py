"""Following the store in a thread: from the last position, resumed after every interruption, until stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from application.ports.event_store import EventStore, RecordedEvent

BACK_OFF_S: Final = 0.5
LOOK_AGAIN_S: Final = 0.05


class Follower:
    """Hands over batches as they commit. What it hands over is the caller's to remember."""

    def __init__(
        self,
        name: str,
        store: EventStore,
        *,
        since: Callable[[], int],
        take: Callable[[list[RecordedEvent]], bool],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Follow ``store`` for one reader.

        ``since`` tells the position to follow from, ``take`` is given each batch, an empty one now
        and then, and returns False to be followed anew from ``since``, ``on_fault`` hears of every interruption.
        """
        self._name = name
        self._store = store
        self._since = since
        self._take = take
        self._on_fault = on_fault
        self._stop = threading.Event()
        self._moved = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether a thread follows."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop_soon(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._stop.set()

    def stop(self) -> None:
        """End the thread. Idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def wait_until(self, reached: Callable[[], bool], timeout_s: float) -> bool:
        """Return whether that came true in time; it is looked at after every batch, and now and then."""
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while not reached():
                if time.monotonic() >= deadline:
                    return False
                self._moved.wait(LOOK_AGAIN_S)
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - reported; a thread that ended would leave everybody out for good
                self._on_fault(error)
                self._stop.wait(BACK_OFF_S)

    def _follow(self) -> None:
        with self._store.follow(self._since()) as batches:
            for batch in batches:
                if self._stop.is_set() or not self._take(batch):
                    return
                with self._moved:
                    self._moved.notify_all()
