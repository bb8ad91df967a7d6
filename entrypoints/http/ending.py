"""How a connection ends: close codes (protocol.md) and stable codes."""

from __future__ import annotations

from typing import Final

from application.outcome import Outcome

CLOSE_NORMAL: Final = 1000
CLOSE_POLICY: Final = 1008
CLOSE_TOO_BIG: Final = 1009
CLOSE_ERROR: Final = 1011
CLOSE_CLIENT: Final = 4401
CLOSE_DEPARTMENT: Final = 4403
CLOSE_RATE: Final = 4429
CLOSE_BUSY: Final = 4503

CLIENT_GONE: Final = "client_gone"
CANCELED: Final = "canceled"
FRAME_TOO_LARGE: Final = "frame_too_large"


class EndError(Exception):
    """The connection ends with a stable code, which also goes into the attempt's history."""

    def __init__(self, close: int, code: str, outcome: Outcome | None = None) -> None:
        """``close`` is the WebSocket close code; ``outcome``, if any, is told to the client before."""
        super().__init__(code)
        self.close = close
        self.code = code
        self.outcome = outcome
