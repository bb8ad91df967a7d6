"""The WebSocket: limits and framing. What a frame means is decided further in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from application import lockout
from application.authenticate import Authentication
from application.departments import check_department
from application.outcome import HOLD_STILL, LOCKED_OUT, UNAVAILABLE, Client, FrameReport, Outcome, refused
from application.witness import Stamp
from domain.errors import (
    ClientUnknownError,
    DepartmentUnknownError,
    FaceauthError,
    InvalidInputError,
    LockedOutError,
    RateLimitedError,
)
from entrypoints.app import App
from entrypoints.faults import trail
from entrypoints.http import ending
from entrypoints.http.ending import EndError
from entrypoints.http.framing import Frame, FrameLimits, FramingError, unpack
from entrypoints.http.messages import plain_result, result
from entrypoints.http.peer import client_address
from entrypoints.http.signed_frames import SignedFrames

T = TypeVar("T")
SUBPROTOCOL: Final = "faceauth.v1"
BACKLOG: Final = 3
"""Frames waiting to be judged; when one more arrives the oldest goes: the newest frames win, and a client that sends
the three frames of a passive check in one burst still gets its answer."""
GUIDANCE_EVERY_S: Final = 0.2
MAX_BAD_MESSAGES: Final = 20
MAX_TEXT_CHARACTERS: Final = 64 * 1024
"""Control messages are short; a long one would keep the event loop parsing."""

log = structlog.get_logger("faceauth.socket")


class SignIn:
    """One connection, one attempt."""

    def __init__(self, socket: WebSocket, app: App, judges: Executor, workers: Executor) -> None:
        """``judges`` bounds the frames judged at once, ``workers`` the calls to the store."""
        self._socket = socket
        self._app = app
        self._judges = judges
        self._workers = workers
        self._plain = SUBPROTOCOL not in socket.scope.get("subprotocols", [])
        self._frames: deque[tuple[Frame, Stamp]] = deque(maxlen=BACKLOG)
        self._arrived = asyncio.Event()
        self._gone: EndError | None = None
        self._bad_messages = 0
        self._last_frame_at = time.monotonic()
        self._said: tuple[str, float] = ("", 0.0)
        self._progress = 0
        self._counts = False
        self._address = client_address(socket, app.settings)
        self._attempt = Authentication(
            app.services,
            department=socket.path_params["department"],
            mode="plain" if self._plain else SUBPROTOCOL,
            client=Client(self._address, socket.headers.get("user-agent", "")),
            token_client=socket.query_params.get("client_id"),
        )
        self._device = SignedFrames(
            self._attempt.device,
            answer_s=app.settings.device_answer_seconds,
            say=self._send,
            run=partial(self._in, workers),
        )

    async def run(self) -> None:
        """See the attempt through, whatever happens."""
        reader: asyncio.Task[None] | None = None
        try:
            await self._accept()
            await self._start()
            reader = asyncio.create_task(self._read())
            await self._hello()
            outcome = await self._judge()
            self._counts = self._counts and not outcome.success and outcome.ticket is None
            await self._count()
            await self._deliver(outcome)
            await self._close(ending.CLOSE_RATE if outcome.code == LOCKED_OUT else ending.CLOSE_NORMAL)
        except EndError as end:
            await self._count()
            await self._abandon(end.code)
            await self._fail(end)
        except Exception as error:  # noqa: BLE001 - logged with its trail; the person is refused and told what to do
            log.error(  # noqa: TRY400 - not exception(): its text and locals may hold what was being handled
                "attempt failed", attempt_id=str(self._attempt.attempt_id), trail=trail(error)
            )
            await self._count()
            await self._abandon("internal_error")
            await self._fail(EndError(ending.CLOSE_ERROR, UNAVAILABLE))
        finally:
            if reader is not None:
                reader.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reader
            self._frames.clear()
            self._attempt.wipe()

    async def _accept(self) -> None:
        try:
            await self._socket.accept(subprotocol=None if self._plain else SUBPROTOCOL)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise EndError(ending.CLOSE_NORMAL, ending.CLIENT_GONE) from error

    async def _start(self) -> None:
        services = self._app.services
        try:
            act = services.act("anonymous", "ws")
            await self._in(self._workers, lockout.admit, services, self._address, act=act)
            self._counts = True
            check_department(self._socket.path_params["department"])
            await self._in(self._workers, self._attempt.start)
        except LockedOutError as error:
            raise EndError(ending.CLOSE_RATE, error.code, self._refusal(error.code, error.retry_after_s)) from error
        except RateLimitedError as error:
            raise EndError(ending.CLOSE_RATE, error.code, self._refusal(error.code, error.retry_after_s)) from error
        except (DepartmentUnknownError, InvalidInputError) as error:
            raise EndError(ending.CLOSE_DEPARTMENT, DepartmentUnknownError.code) from error
        except ClientUnknownError as error:
            raise EndError(ending.CLOSE_CLIENT, error.code) from error
        except FaceauthError as error:
            log.warning("attempt could not start", code=error.code)
            raise EndError(ending.CLOSE_BUSY, UNAVAILABLE) from error

    async def _count(self) -> None:
        """Count an attempt that came to nothing, once, before its client hears of that."""
        if self._counts:
            self._counts = False
            act = self._app.services.act("anonymous", "ws")
            await self._in(self._workers, lockout.came_to_nothing, self._app.services, self._address, act=act)

    async def _deliver(self, outcome: Outcome) -> None:
        """Send the outcome; a session that its client never heard of is revoked."""
        try:
            await self._send(plain_result(outcome) if self._plain else result(outcome))
        except EndError:
            if outcome.admission is not None:
                await self._in(self._workers, self._attempt.take_back, outcome.admission.session_id)
            raise
        if outcome.success:
            await self._send({"type": "authentication_complete"})

    async def _hello(self) -> None:
        settings = self._app.settings
        if self._plain:
            return
        await self._send(
            {
                "type": "hello",
                "attempt_id": str(self._attempt.attempt_id),
                "nonce": self._attempt.device.nonce,
                "device": "required" if self._attempt.device.required else "optional",
                "expires_in_s": settings.attempt_seconds,
                "max_frame_bytes": settings.max_frame_bytes,
                "max_fps": settings.max_fps,
                "challenge": HOLD_STILL,
                "frames_needed": self._app.services.policies.evidence.min_usable,
                "steps": self._attempt.steps_to_do,
                "mode": self._app.services.policies.evidence.mode,
            }
        )

    async def _judge(self) -> Outcome:
        """Judge frames as they come; return the decision."""
        settings = self._app.settings
        deadline = time.monotonic() + settings.attempt_seconds
        pause = 1.0 / settings.max_fps
        while True:
            # Before any frame that still waits: nobody is signed in who has left or changed their mind.
            if self._gone is not None:
                raise self._gone
            if self._attempt.device.fault is not None:
                return await self._decide()
            now = time.monotonic()
            wait = min(deadline, self._last_frame_at + settings.idle_seconds) - now
            if not self._frames:
                self._arrived.clear()
                try:
                    await asyncio.wait_for(self._arrived.wait(), max(0.0, wait))
                except TimeoutError:
                    return await self._decide(timed_out=True)
                continue
            if now >= deadline:
                return await self._decide(timed_out=True)
            frame, stamp = self._frames.popleft()
            report = await self._in(self._judges, self._attempt.take, frame.image, stamp, frame.depth)
            await self._tell(report)
            if report.finished and self._gone is None:
                return await self._decide()
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - now)))

    async def _decide(self, *, timed_out: bool = False) -> Outcome:
        """Decide, on what a paired device has signed where there is one."""
        await self._device.settle()
        if self._gone is not None:
            raise self._gone
        return await self._in(self._judges, self._attempt.decide, timeout=timed_out)

    async def _read(self) -> None:
        """Take messages off the socket as they come; never judge here."""
        try:
            while True:
                await self._take_message(await self._socket.receive())
                self._arrived.set()
        except EndError as end:
            self._gone = end
            self._frames.clear()
            self._arrived.set()
            self._device.stop()

    async def _take_message(self, message: Message) -> None:
        if message["type"] == "websocket.disconnect":
            # uvicorn itself hangs up on messages so large that they never get here
            too_big = message.get("code") == ending.CLOSE_TOO_BIG
            raise EndError(ending.CLOSE_NORMAL, ending.FRAME_TOO_LARGE if too_big else ending.CLIENT_GONE)
        if message.get("bytes") is not None:
            self._take_frame(message["bytes"])
        else:
            await self._take_text(message.get("text") or "")

    def _take_frame(self, payload: bytes) -> None:
        settings = self._app.settings
        if self._attempt.frames_received + self._attempt.device.late >= settings.max_frames:
            raise EndError(ending.CLOSE_POLICY, "too_many_frames")
        if not self._attempt.device.received(payload):
            return
        try:
            frame = unpack(payload, FrameLimits(settings.max_frame_bytes))
        except FramingError as error:
            if error.too_large:
                raise EndError(ending.CLOSE_TOO_BIG, ending.FRAME_TOO_LARGE) from error
            frame = Frame(b"")  # judged, counted and answered like any other garbage
        if len(self._frames) == BACKLOG:
            self._attempt.note_dropped()
        self._frames.append((frame, self._attempt.note_received(frame.at_ms or None, garbage=not frame.image)))
        self._last_frame_at = time.monotonic()

    async def _take_text(self, text: str) -> None:
        if len(text) > MAX_TEXT_CHARACTERS:
            raise EndError(ending.CLOSE_TOO_BIG, "message_too_large")
        try:
            message = json.loads(text)
            kind = message["type"]
            username = message["username"] if kind == "claim" else ""
            username.encode()  # half a surrogate pair is JSON, but no text
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            await self._complain("invalid_message")
            return
        if kind == "cancel":
            raise EndError(ending.CLOSE_NORMAL, ending.CANCELED)
        if kind == "claim":
            self._attempt.claim(username)
        elif kind == "device":
            complaint = await self._device.take(message)
            if complaint is not None:
                await self._complain(complaint)
        else:
            await self._complain("unsupported_message")

    async def _complain(self, code: str) -> None:
        self._bad_messages += 1
        if self._bad_messages > MAX_BAD_MESSAGES:
            raise EndError(ending.CLOSE_POLICY, "too_many_bad_messages")
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

    async def _send(self, document: dict[str, Any]) -> None:
        """Say something. Raises ``EndError`` where nobody listens any more."""
        try:
            await self._socket.send_text(json.dumps(document, ensure_ascii=False))
        except (WebSocketDisconnect, RuntimeError) as error:
            # starlette raises RuntimeError for a send after the client closed
            raise EndError(ending.CLOSE_NORMAL, ending.CLIENT_GONE) from error

    async def _fail(self, end: EndError) -> None:
        with contextlib.suppress(EndError):
            if end.outcome is not None:
                await self._deliver(end.outcome)
            elif end.code == UNAVAILABLE:
                await self._deliver(self._refusal(UNAVAILABLE))
            elif end.code not in {ending.CLIENT_GONE, ending.CANCELED}:
                await self._send({"type": "error", "code": end.code})
        await self._close(end.close, end.code)

    def _refusal(self, code: str, retry_after_s: int | None = None) -> Outcome:
        return refused(self._app.services, self._socket.path_params["department"], code, retry_after_s=retry_after_s)

    async def _close(self, code: int, reason: str | None = None) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(code, reason)

    async def _abandon(self, reason: str) -> None:
        try:
            await self._in(self._workers, self._attempt.abandon, reason)
        except FaceauthError as error:
            log.warning("the end of an attempt could not be recorded", code=error.code)
        except Exception as error:  # noqa: BLE001 - the client is still to be told
            log.error("the end of an attempt could not be recorded", trail=trail(error))  # noqa: TRY400 - as above

    @staticmethod
    async def _in(pool: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(function, *args, **kwargs))
