"""The WebSocket: limits and framing. What a frame means is decided further in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from application.authenticate import Authentication
from application.outcome import HOLD_STILL, Client, FrameReport, Outcome
from domain.errors import DepartmentUnknownError, FaceauthError
from entrypoints.bootstrap import App

T = TypeVar("T")
SUBPROTOCOL: Final = "faceauth.v1"
HEADER: Final = struct.Struct(">4sQI")
MAGIC: Final = b"FA01"
BACKLOG: Final = 3
"""Frames waiting to be judged; when one more arrives the oldest goes: the newest frames win, and a client that sends
the three frames of a passive check in one burst still gets its answer."""
GUIDANCE_EVERY_S: Final = 0.2
MAX_BAD_MESSAGES: Final = 20

CLOSE_NORMAL, CLOSE_POLICY, CLOSE_TOO_BIG, CLOSE_ERROR = 1000, 1008, 1009, 1011
CLOSE_DEPARTMENT, CLOSE_BUSY = 4403, 4503

log = structlog.get_logger("faceauth.socket")


class _EndError(Exception):
    """The connection ends with a stable code; ``record`` goes into the attempt's history."""

    def __init__(self, close: int, code: str) -> None:
        super().__init__(code)
        self.close = close
        self.code = code


class SignIn:
    """One connection, one attempt."""

    def __init__(self, socket: WebSocket, app: App, judges: Executor, workers: Executor) -> None:
        """``judges`` bounds the frames judged at once, ``workers`` the calls to the store."""
        self._socket = socket
        self._app = app
        self._judges = judges
        self._workers = workers
        self._plain = SUBPROTOCOL not in socket.scope.get("subprotocols", [])
        self._frames: deque[bytes] = deque(maxlen=BACKLOG)
        self._arrived = asyncio.Event()
        self._gone: _EndError | None = None
        self._canceled = False
        self._bad_messages = 0
        self._last_frame_at = time.monotonic()
        self._said: tuple[str, float] = ("", 0.0)
        self._progress = 0
        client = socket.client
        self._attempt = Authentication(
            app.services,
            department=socket.path_params["department"],
            mode="plain" if self._plain else SUBPROTOCOL,
            client=Client(client.host if client else "unknown", socket.headers.get("user-agent", "")),
        )

    async def run(self) -> None:
        """See the attempt through, whatever happens."""
        await self._socket.accept(subprotocol=None if self._plain else SUBPROTOCOL)
        try:
            await self._in(self._workers, self._attempt.start)
        except DepartmentUnknownError as error:
            return await self._fail(_EndError(CLOSE_DEPARTMENT, error.code))
        except FaceauthError as error:
            log.warning("attempt could not start", code=error.code)
            await self._send_outcome(Outcome(success=False, code="unavailable", next_step="password"))
            return await self._close(CLOSE_BUSY)
        reader = asyncio.create_task(self._read())
        try:
            await self._hello()
            outcome = await self._judge()
            await self._send_outcome(outcome)
            await self._close(CLOSE_NORMAL)
        except _EndError as end:
            await self._abandon(end.code)
            await self._fail(end)
        except (WebSocketDisconnect, RuntimeError):
            # starlette raises RuntimeError for a send after the client closed
            await self._abandon("client_gone")
        except Exception:
            log.exception("attempt failed", attempt_id=str(self._attempt.attempt_id))
            await self._abandon("internal_error")
            await self._send_outcome(Outcome(success=False, code="unavailable", next_step="password"))
            await self._close(CLOSE_ERROR)
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            self._frames.clear()
            self._attempt.wipe()

    async def _hello(self) -> None:
        settings = self._app.settings
        if self._plain:
            return
        await self._send(
            {
                "type": "hello",
                "attempt_id": str(self._attempt.attempt_id),
                "nonce": self._app.services.ids.nonce(),
                "expires_in_s": settings.attempt_seconds,
                "max_frame_bytes": settings.max_frame_bytes,
                "max_fps": settings.max_fps,
                "challenge": HOLD_STILL,
                "frames_needed": self._app.services.policies.evidence.min_usable,
                "mode": settings.liveness,
            }
        )

    async def _judge(self) -> Outcome:
        """Judge frames as they come; return the decision."""
        settings = self._app.settings
        deadline = time.monotonic() + settings.attempt_seconds
        pause = 1.0 / settings.max_fps
        while True:
            now = time.monotonic()
            wait = min(deadline, self._last_frame_at + settings.idle_seconds) - now
            if not self._frames:
                self._arrived.clear()
                if self._gone is not None:
                    raise self._gone
                if self._canceled:
                    raise _EndError(CLOSE_NORMAL, "canceled")
                try:
                    await asyncio.wait_for(self._arrived.wait(), max(0.0, wait))
                except TimeoutError:
                    return await self._in(self._judges, self._attempt.decide, timeout=True)
                continue
            if now >= deadline:
                return await self._in(self._judges, self._attempt.decide, timeout=True)
            report = await self._in(self._judges, self._attempt.take, self._frames.popleft())
            await self._tell(report)
            if report.finished:
                return await self._in(self._judges, self._attempt.decide)
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - now)))

    async def _read(self) -> None:
        """Take messages off the socket as they come; never judge here."""
        try:
            while self._gone is None and not self._canceled:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    self._gone = _EndError(CLOSE_NORMAL, "client_gone")
                elif message.get("bytes") is not None:
                    self._take_frame(message["bytes"])
                else:
                    await self._take_text(message.get("text") or "")
                self._arrived.set()
        except _EndError as end:
            self._gone = end
            self._frames.clear()
            self._arrived.set()

    def _take_frame(self, payload: bytes) -> None:
        settings = self._app.settings
        if payload.startswith(MAGIC):
            payload = self._without_header(payload)
        if len(payload) > settings.max_frame_bytes:
            raise _EndError(CLOSE_TOO_BIG, "frame_too_large")
        if self._attempt.frames_received >= settings.max_frames:
            raise _EndError(CLOSE_POLICY, "too_many_frames")
        if len(self._frames) == BACKLOG:
            self._attempt.note_dropped()
        self._attempt.note_received()
        self._frames.append(payload)
        self._last_frame_at = time.monotonic()

    @staticmethod
    def _without_header(payload: bytes) -> bytes:
        if len(payload) < HEADER.size:
            return b""
        _, _, flags = HEADER.unpack_from(payload)
        if flags:
            raise _EndError(CLOSE_POLICY, "depth_unsupported")
        return payload[HEADER.size :]

    async def _take_text(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
            if kind == "cancel":
                self._canceled = True
            elif kind == "claim" and isinstance(message["username"], str):
                self._attempt.claim(message["username"])
            else:
                await self._complain("unsupported_message")
        except (ValueError, TypeError, KeyError, RecursionError):
            await self._complain("invalid_message")

    async def _complain(self, code: str) -> None:
        self._bad_messages += 1
        if self._bad_messages > MAX_BAD_MESSAGES:
            raise _EndError(CLOSE_POLICY, "too_many_bad_messages")
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._send({"type": "error", "code": code})

    async def _tell(self, report: FrameReport) -> None:
        """Guide: in plain mode one message per judged frame; else on change, and not too often."""
        if report.finished:
            if not self._plain and report.step != self._progress:
                await self._send({"type": "progress", "step": report.step, "of": report.of})
            return
        if self._plain:
            await self._send(
                {"success": False, "code": report.guidance, "step": report.step, "of": report.of, "final": False}
            )
            return
        if report.step != self._progress:
            self._progress = report.step
            await self._send({"type": "progress", "step": report.step, "of": report.of})
        code, said_at = self._said
        now = time.monotonic()
        if report.guidance and report.guidance != code and now - said_at >= GUIDANCE_EVERY_S:
            self._said = (report.guidance, now)
            await self._send({"type": "guidance", "code": report.guidance})

    async def _send_outcome(self, outcome: Outcome) -> None:
        await self._send(plain_result(outcome) if self._plain else result(outcome))
        if outcome.success:
            await self._send({"type": "authentication_complete"})

    async def _send(self, document: dict[str, Any]) -> None:
        if self._socket.application_state == WebSocketState.CONNECTED:
            await self._socket.send_text(json.dumps(document, ensure_ascii=False))

    async def _fail(self, end: _EndError) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            if end.code not in {"client_gone", "canceled"}:
                await self._send({"type": "error", "code": end.code})
            await self._close(end.close, end.code)

    async def _close(self, code: int, reason: str | None = None) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            if self._socket.application_state == WebSocketState.CONNECTED:
                await self._socket.close(code, reason)

    async def _abandon(self, reason: str) -> None:
        try:
            await self._in(self._workers, self._attempt.abandon, reason)
        except FaceauthError as error:
            log.warning("the end of an attempt could not be recorded", code=error.code)

    @staticmethod
    async def _in(pool: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(function, *args, **kwargs))


def result(outcome: Outcome) -> dict[str, Any]:
    """Return the ``result`` message of ``faceauth.v1``."""
    document: dict[str, Any] = {
        "type": "result",
        "success": outcome.success,
        "code": outcome.code,
        "next": outcome.next_step,
    }
    if outcome.admission is not None:
        admission = outcome.admission
        document["confidence"] = outcome.confidence
        document["session"] = {
            "session_id": str(admission.session_id),
            "subject_id": str(admission.subject_id),
            "username": admission.username,
            "display_name": admission.display_name,
            "department": admission.department,
            "expires_at": admission.expires_at.isoformat(),
        }
        document["tokens"] = {
            "access_token": admission.access_token,
            "token_type": "Bearer",
            "expires_in": admission.expires_in,
        }
    return document


def plain_result(outcome: Outcome) -> dict[str, Any]:
    """Return the last message of the brief's plain mode: the same, in the brief's words."""
    document = result(outcome) | {"final": True}
    if outcome.admission is None:
        return document | {"error": outcome.code}
    admission = outcome.admission
    document["recognition_result"] = {
        "user_id": str(admission.subject_id),
        "username": admission.username,
        "display_name": admission.display_name,
        "confidence": outcome.confidence,
    }
    return document


async def refuse_busy(socket: WebSocket, connections: int) -> None:
    """Tell a client that the house is full, and close: it comes back after a moment."""
    plain = SUBPROTOCOL not in socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=None if plain else SUBPROTOCOL)
    await socket.send_text(json.dumps({"type": "queued", "position": connections, "retry_after_ms": 2000}))
    await socket.close(CLOSE_BUSY, "busy")
