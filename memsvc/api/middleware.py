"""What surrounds every request: its id, one log line, metrics, time and size limits.

Plain ASGI: wrapping a request in another task would hide context variables and cancellation.
"""

import asyncio
import re
import time
import uuid
from dataclasses import dataclass
from http import HTTPMethod
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from memsvc.api.problems import problem_of, problem_response
from memsvc.errors import PayloadTooLargeError, RequestTimeoutError
from memsvc.telemetry import HTTP_REQUEST_SECONDS, first_line

REQUEST_ID_HEADER: Final = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PAYLOAD_TOO_LARGE = 413
_INTERNAL_ERROR = 500
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset(HTTPMethod)

_logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Answer:
    """Sends an answer, and knows how far it is."""

    send: Send
    request_id: str
    status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self.request_id
        await self.send(message)


class RequestContext:
    """Outermost: gives the request an id, turns what is raised into a problem, keeps count."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._serve(scope, receive, answer)
            finally:
                _record(scope, answer.status or _INTERNAL_ERROR, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            _log_failure(error)
            if answer.status is not None:
                raise
            await problem_response(scope, error)(scope, receive, answer)


class TimeLimit:
    """Cancels a request that takes too long; its transaction rolls back unless it had committed."""

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises ``RequestTimeoutError``."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = asyncio.timeout(self._limit_s)
        try:
            async with deadline:
                await self._app(scope, receive, send)
        except TimeoutError as error:
            if deadline.expired():
                raise RequestTimeoutError from error
            raise


class BodyLimit:
    """Refuses bodies beyond a size, whether they declare it or come in chunks."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises ``PayloadTooLargeError``."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            raise PayloadTooLargeError(max_bytes=self._max_bytes)
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                # FastAPI lets nothing but its own exception out of the reading of a body.
                raise HTTPException(_PAYLOAD_TOO_LARGE)
            return message

        await self._app(scope, receive_within_limit, send)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _record(scope: Scope, status: int, took_s: float) -> None:
    # The template, never the path: its values are without bound, and some are the caller's.
    route = getattr(scope.get("route"), "path_format", "unmatched")
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    HTTP_REQUEST_SECONDS.labels(method, route, str(status)).observe(took_s)
    log = _logger.debug if route in _PROBES else _logger.info
    if status >= _INTERNAL_ERROR:
        log = _logger.warning
    problem = scope["state"].get("problem")
    log(
        "request.finished",
        method=method,
        route=route,
        status=status,
        took_ms=round(took_s * 1000, 1),
        **({} if problem is None else {"code": problem}),
    )


def _log_failure(error: Exception) -> None:
    problem = problem_of(error)
    if problem.status == _INTERNAL_ERROR:
        _logger.error("request.failed", exc_info=error)
    elif problem.status > _INTERNAL_ERROR:
        cause = error.__cause__ or error
        _logger.warning("request.failed", code=problem.code, reason=first_line(cause))
