"""Clients that ask about tokens over kept-alive TLS connections, in a process of their own: standard library only.

Reads a plan as JSON on standard input and prints, as JSON, how many milliseconds each request took.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from typing import Any, Final
from urllib.parse import urlencode

LIMIT_S: Final = 10.0
"""A request that takes longer fails the run."""


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, expected: bytes) -> float:
    """Send one request and read its answer; return milliseconds. Raises ``ValueError`` for another answer."""
    begun = time.perf_counter()
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    spent = (time.perf_counter() - begun) * 1000
    if not head.startswith(b"http/1.1 200") or expected not in body:
        raise ValueError(f"an answer that was not expected: {head[:60]!r} {body[:200]!r}")
    return spent


async def client(
    plan: dict[str, Any], number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> list[float]:
    """Be one client until the time is over: at its rate, spread against the others, or as fast as answers come."""
    own = plan["tokens"][number :: plan["clients"]]
    requests = [_request(plan, token) for token in own]
    times: list[float] = []
    pause = 1 / plan["rate"] if plan["rate"] else 0.0
    begin = time.monotonic() + pause * number / plan["clients"]
    end, turn = time.monotonic() + plan["seconds"], 0
    while (now := time.monotonic()) < end:
        due = begin + turn * pause
        if pause and due > now:
            await asyncio.sleep(due - now)
        request = requests[turn % len(requests)]
        times.append(await asyncio.wait_for(ask(reader, writer, request, b'"active":true'), LIMIT_S))
        turn += 1
    writer.close()
    return times


async def all_of_them(plan: dict[str, Any]) -> list[float]:
    """Let all clients ask at the same time; return all their times."""
    context = ssl.create_default_context(cafile=plan["cafile"])
    context.check_hostname = False
    # All connect before the first one asks: what is measured is not the handshakes of the others.
    streams = [
        await asyncio.open_connection(plan["host"], plan["port"], ssl=context, server_hostname=plan["server_name"])
        for _ in range(plan["clients"])
    ]
    series = await asyncio.gather(*(client(plan, number, *stream) for number, stream in enumerate(streams)))
    return [spent for times in series for spent in times]


def _request(plan: dict[str, Any], token: str) -> bytes:
    body = urlencode({"token": token}).encode()
    head = (
        f"POST {plan['path']} HTTP/1.1\r\nhost: localhost\r\nauthorization: {plan['authorization']}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(all_of_them(json.load(sys.stdin)))))
