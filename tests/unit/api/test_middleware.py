import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from memsvc.api.middleware import RequestContext
from memsvc.errors import DatabaseUnavailableError
from tests.unit.api.conftest import Connect
from tests.unit.api.fake_application import FakeApplication
from tests.unit.api.script import Script


async def test_a_given_request_id_is_echoed(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/healthz", headers={"X-Request-Id": "trace-42"})

    assert answer.headers["x-request-id"] == "trace-42"


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "a\tb", 'a"b'])
async def test_a_request_id_is_made_when_none_fit_for_logs_is_given(
    api: httpx2.AsyncClient, given: str | None
) -> None:
    headers = {} if given is None else {"X-Request-Id": given}

    ids = {(await api.get("/healthz", headers=headers)).headers["x-request-id"] for _ in range(2)}

    assert len(ids) == 2
    assert given not in ids


async def test_one_line_is_logged_for_a_request_and_holds_no_contents(
    api: httpx2.AsyncClient,
) -> None:
    with capture_logs() as lines:
        await api.post("/v1/banks/private-bank/recall", json={"query": "my private question"})

    [line] = lines
    assert line.pop("took_ms") >= 0
    assert line == {
        "event": "request.finished",
        "log_level": "info",
        "method": "POST",
        "route": "/v1/banks/{bank}/recall",
        "status": 200,
    }


async def test_the_line_of_a_refused_request_names_the_code(
    api: httpx2.AsyncClient,
) -> None:
    with capture_logs() as lines:
        await api.post("/v1/banks/ada/recall", json={"query": "\x00 secret"})

    assert [(line["status"], line["code"]) for line in lines] == [(422, "invalid_request")]
    assert "secret" not in str(lines)


async def test_an_unexpected_error_is_logged_with_its_traceback(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = ZeroDivisionError("ouch")

    with capture_logs() as lines:
        await api.get("/v1/banks")

    failed, finished = lines
    assert (failed["event"], failed["log_level"]) == ("request.failed", "error")
    assert failed["exc_info"] is script.error
    assert (finished["status"], finished["code"]) == (500, "internal")


async def test_an_unavailable_part_is_logged_with_its_cause_in_a_line(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = DatabaseUnavailableError()
    script.error.__cause__ = OSError("connection refused\nDETAIL: row contents")

    with capture_logs() as lines:
        await api.get("/v1/banks")

    assert lines[0]["code"] == "database_unavailable"
    assert lines[0]["reason"] == "connection refused"


async def test_requests_are_counted_by_template_and_status(api: httpx2.AsyncClient) -> None:
    labels = {"method": "GET", "route": "/v1/banks/{bank}", "status": "200"}
    before = _requests(labels)

    await api.get("/v1/banks/ada")
    await api.get("/v1/banks/bob")

    assert _requests(labels) == before + 2


async def test_made_up_methods_and_paths_share_one_series(api: httpx2.AsyncClient) -> None:
    labels = {"method": "OTHER", "route": "unmatched", "status": "404"}
    before = _requests(labels)

    await api.request("BREW", "/coffee/1")
    await api.request("STEEP", "/tea/2")

    assert _requests(labels) == before + 2


async def test_a_request_that_takes_too_long_is_cancelled_and_answered(
    application: FakeApplication, connect: Connect
) -> None:
    cancelled = asyncio.Event()

    async def hang(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    application.recall = hang  # type: ignore[assignment]

    answer = await connect(request_timeout_s=0.5).post("/v1/banks/a/recall", json={"query": "q"})

    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    assert "retry-after" in answer.headers
    assert cancelled.is_set()


async def test_a_timeout_of_the_use_case_itself_is_not_taken_for_the_limit(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = TimeoutError()

    assert (await api.get("/v1/banks")).status_code == 500


async def test_a_body_that_declares_too_much_is_refused(connect: Connect, script: Script) -> None:
    client = connect(max_body_bytes=1024)

    answer = await client.post("/v1/banks/a/memories", json={"text": "x" * 2000})

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.json()["max_bytes"] == 1024
    assert script.calls == []


@pytest.mark.parametrize("path", ["/v1/banks/a/memories", "/v1/banks/a/memories/{id}:archive"])
async def test_a_body_in_chunks_is_refused_once_it_is_too_large(
    connect: Connect, script: Script, path: str
) -> None:
    """Both where the framework reads the body and where only its hash is wanted."""
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield b" " * 512

    answer = await connect(max_body_bytes=1024).post(
        path.format(id="00000000-0000-0000-0000-000000000004"),
        content=endless(),
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert script.calls == []


async def test_chunks_beyond_the_limit_are_not_read(app: FastAPI) -> None:
    chunks = iter([b"[", b" " * 40_000_000, b"]"])

    answer = await _call(app, "POST", "/v1/banks", chunks)

    assert answer == 413
    assert next(chunks) == b"]"


async def test_bodies_up_to_the_limit_pass(connect: Connect) -> None:
    body = b'{"text": "' + b"x" * (1024 - 12) + b'"}'
    assert len(body) == 1024

    answer = await connect(max_body_bytes=1024).post(
        "/v1/banks/a/memories", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 201


async def test_an_error_after_the_answer_began_is_left_to_the_server() -> None:
    """The status is out: only closing the connection still tells the caller."""

    async def breaks_off(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(ZeroDivisionError):
        await RequestContext(breaks_off)(scope, _nothing, send)

    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_the_servers_own_messages_pass_through_every_layer(app: FastAPI) -> None:
    messages = iter(["lifespan.startup", "lifespan.shutdown"])
    answers: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        answers.append(message["type"])

    await app({"type": "lifespan", "state": {}}, receive, send)

    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def _requests(labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value("memsvc_http_request_seconds_count", labels) or 0.0


async def _call(app: FastAPI, method: str, path: str, chunks: Iterator[bytes]) -> int:
    """Return the status of a request whose body is drawn from ``chunks`` on demand."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    [status] = statuses
    return status
