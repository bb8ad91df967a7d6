"""When the house is full."""

from __future__ import annotations

import contextlib
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from entrypoints.http.ending import CLOSE_BUSY
from entrypoints.http.socket import SUBPROTOCOL


async def refuse_busy(socket: WebSocket, connections: int) -> None:
    """Tell a client that the house is full, and close: it comes back after a moment."""
    plain = SUBPROTOCOL not in socket.scope.get("subprotocols", [])
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.accept(subprotocol=None if plain else SUBPROTOCOL)
        await socket.send_text(json.dumps({"type": "queued", "position": connections, "retry_after_ms": 2000}))
        await socket.close(CLOSE_BUSY, "busy")
