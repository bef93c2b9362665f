"""Sending: what is tried again, with which pauses and key, and what is raised in the end."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest
from memsvc_client import (
    AsyncClient,
    EmbedderUnavailableError,
    ProblemError,
    ServiceTimeoutError,
    ServiceUnreachableError,
    UnavailableError,
    UnexpectedAnswerError,
    calls,
)
from memsvc_client.call import Call
from memsvc_client.transport import AsyncSender, Sender

from tests.unit.memsvc_client.conftest import Connect
from tests.unit.memsvc_client.stub_service import (
    BANK,
    RECALL,
    StubService,
    answer,
    problem,
)

SERVICE_URL = "http://memsvc.test"
READ = calls.get_bank("ada")
WRITE = calls.create_bank("ada", exist_ok=False)

Send = Callable[[Call[Any]], Any]


class Pauses(list[float]):
    """Instead of sleeping."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest, service: StubService, pauses: Pauses) -> Iterator[Send]:
    """Send a call by either sender, with three retries and without sleeping."""
    if request.param == "sync":
        with httpx2.Client(base_url=SERVICE_URL, transport=service.transport) as http:
            yield Sender(http, max_retries=3, sleep=pauses.append).send
        return
    with asyncio.Runner() as runner:
        async_http = httpx2.AsyncClient(base_url=SERVICE_URL, transport=service.transport)
        sender = AsyncSender(async_http, max_retries=3, sleep=pauses.sleep)
        yield lambda call: runner.run(sender.send(call))
        runner.run(sender.close())


def keys(service: StubService) -> list[str | None]:
    return [request.headers.get("idempotency-key") for request in service.requests]


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.RemoteProtocolError("gone"),
        429,
        502,
        503,
        504,
    ],
    ids=repr,
)
def test_a_write_is_tried_again_with_the_same_key_and_body(
    service: StubService, send: Send, pauses: Pauses, failure: Exception | int
) -> None:
    failed = answer({}, failure) if isinstance(failure, int) else failure
    service.script = [failed, answer(BANK, 201)]
    assert send(WRITE).name == "ada"
    first, second = service.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.content == second.content
    assert len(pauses) == 1


def test_every_write_has_a_key_of_its_own(service: StubService, send: Send) -> None:
    service.script = [answer(BANK, 201), answer(BANK, 201)]
    send(WRITE)
    send(WRITE)
    first, second = keys(service)
    assert None not in (first, second)
    assert first != second


def test_reads_carry_no_key(service: StubService, send: Send) -> None:
    service.script = [answer(BANK), answer(RECALL)]
    send(READ)
    send(calls.recall("ada", "tea"))
    assert keys(service) == [None, None]


def test_pauses_grow_and_end(service: StubService, send: Send, pauses: Pauses) -> None:
    service.script = [httpx2.ConnectError("refused")] * 4
    with pytest.raises(ServiceUnreachableError, match=r"http://memsvc\.test cannot be reached"):
        send(READ)
    assert 0.1 <= pauses[0] <= 0.2 <= pauses[1] <= 0.4 <= pauses[2] <= 0.8
    assert service.script == []


def test_a_pause_is_as_long_as_the_service_asks(
    service: StubService, send: Send, pauses: Pauses
) -> None:
    service.script = [answer({}, 429, retry_after="7"), answer(BANK)]
    send(READ)
    assert pauses == [7.0]


def test_nothing_is_tried_again_when_the_service_asks_for_too_long_a_pause(
    service: StubService, send: Send, pauses: Pauses
) -> None:
    service.script = [answer({}, 503, retry_after="3600")]
    with pytest.raises(UnavailableError):
        send(READ)
    assert pauses == []


def test_the_last_answer_counts_when_retries_are_spent(service: StubService, send: Send) -> None:
    service.script = [httpx2.ConnectError("refused")] * 3
    service.script.append(problem(503, "embedder_unavailable"))
    with pytest.raises(EmbedderUnavailableError):
        send(READ)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422, 500])
def test_an_answer_that_will_not_change_is_not_asked_for_again(
    service: StubService, send: Send, status: int
) -> None:
    service.script = [answer({}, status)]
    with pytest.raises(ProblemError) as raised:
        send(READ)
    assert raised.value.status == status
    assert len(service.requests) == 1


def test_a_failure_that_will_not_change_is_not_tried_again(
    service: StubService, send: Send
) -> None:
    service.script = [httpx2.UnsupportedProtocol("no such protocol")]
    with pytest.raises(ServiceUnreachableError, match="no such protocol"):
        send(READ)


def test_a_timeout_has_its_own_error(service: StubService, send: Send) -> None:
    service.script = [httpx2.ReadTimeout("slow")] * 4
    with pytest.raises(ServiceTimeoutError, match="did not answer GET in time") as raised:
        send(READ)
    assert isinstance(raised.value.__cause__, httpx2.ReadTimeout)


@pytest.mark.parametrize(
    "strange",
    [
        (200, b"<html>Welcome</html>"),
        (302, b""),
        (200, json.dumps({**BANK, "created_at": "2026-03-01T09:30:00"}).encode()),
    ],
    ids=["page", "redirect", "naive time"],
)
def test_an_answer_beyond_the_api_is_named_as_such(
    service: StubService, send: Send, strange: tuple[int, bytes]
) -> None:
    status, content = strange
    service.script = [httpx2.Response(status, content=content)]
    with pytest.raises(UnexpectedAnswerError, match="GET /v1/banks/ada answered"):
        send(READ)


def test_members_of_a_newer_service_are_ignored(service: StubService, send: Send) -> None:
    service.script = [answer({**BANK, "state": "sleeping", "mood": "good"})]
    assert send(READ).state == "sleeping"


def test_texts_of_memories_stay_out_of_error_messages(service: StubService, send: Send) -> None:
    service.script = [answer({"hits": "I moved to Porto."})]
    with pytest.raises(UnexpectedAnswerError) as raised:
        send(calls.recall("ada", "tea"))
    assert "Porto" not in f"{raised.value} {raised.value.__cause__}"


# --- over real sockets ---------------------------------------------------------------------------


def test_a_closed_port_is_unreachable(connect: Connect) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    client = connect(url=f"http://127.0.0.1:{port}", max_retries=1)
    with pytest.raises(ServiceUnreachableError, match=f"127.0.0.1:{port}"):
        client.health()


def test_a_silent_service_is_given_up_on_in_time(connect: Connect) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        client = connect(
            url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.05, max_retries=1
        )
        with pytest.raises(ServiceTimeoutError):
            client.health()


def test_a_proxy_of_the_environment_is_not_used(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        client = connect(
            url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.05, max_retries=0
        )
        # The service is reached, though silent; nothing listens where the proxy would be.
        with pytest.raises(ServiceTimeoutError):
            client.health()


async def test_an_application_is_called_in_process() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"] == "/healthz"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"status": "ok"}'})

    async with AsyncClient(transport=httpx2.ASGITransport(application)) as client:
        assert (await client.health()).status == "ok"
