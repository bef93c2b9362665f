"""A service that answers what a test has scripted."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Json = dict[str, Any]


class ScriptedService:
    """A service on a real port that gives the scripted answers in order and keeps requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Json]] = []
        self.requests: list[tuple[str, str, Json | None]] = []
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def body(self) -> Json | None:
        """The body of the last request."""
        return self.requests[-1][2]

    def answer(self, body: Json, status: int = 200) -> None:
        """Give this answer when its turn comes."""
        self.answers.append((status, body))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    service: ScriptedService

    def _do(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(length)
        body = json.loads(content) if content else None
        self.service.requests.append((self.command, self.path, body))
        status, answer = self.service.answers.pop(0)
        encoded = json.dumps(answer).encode()
        self.send_response(status)
        kind = "application/json" if status < 400 else "application/problem+json"
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815 — the names http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    service = ScriptedService()
    yield service
    service.close()
