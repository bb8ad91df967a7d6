"""A provider's token endpoint for a test: the password grant, and every way in which it can go wrong."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Provider:
    """``answer`` replaces what it says; ``hang`` keeps it from saying anything until it is set."""

    people: dict[str, str]
    url: str = ""
    answer: Answer | None = None
    hang: threading.Event | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def say(self, form: dict[str, str]) -> Answer:
        if self.answer is not None:
            return self.answer
        if self.people.get(form.get("username", "")) == form.get("password") and form.get("grant_type") == "password":
            return 200, {}, json.dumps({"access_token": "opaque", "token_type": "Bearer"}).encode()
        return 400, {}, b'{"error": "invalid_grant"}'


@contextmanager
def token_endpoint(people: dict[str, str]) -> Iterator[Provider]:
    """Serve it on a free port of the loopback."""
    provider = Provider(people)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            provider.forms.append(form)
            provider.authorizations.append(self.headers.get("authorization"))
            provider.paths.append(self.path)
            if provider.hang is not None:
                provider.hang.wait(20)
                return
            status, headers, content = provider.say(form)
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}/token"
    try:
        yield provider
    finally:
        if provider.hang is not None:
            provider.hang.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
