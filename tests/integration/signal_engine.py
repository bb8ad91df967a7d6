"""A process that does nothing but deliver, to be killed at any moment: ``python -m`` with a home and a DSN."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from application.signals.engine import SignalEngine
from entrypoints.app import reporter
from tests.integration.trial import opened


def main(home: str, dsn: str, host: str) -> None:
    with opened(Path(home), dsn, signal_hosts=(host,), signal_http_on_loopback=True) as app:
        engine = SignalEngine(app.services, reporter("signals"))
        engine.start()
        sys.stdout.write("delivering\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
