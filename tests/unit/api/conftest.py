from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from structlog.testing import capture_logs

from memsvc.api.app import create_app
from memsvc.bootstrap import Application
from memsvc.settings import ApiSettings
from tests.unit.api.fake_application import FakeApplication
from tests.unit.api.script import Script

LOCAL = "http://127.0.0.1:8700"
API_KEY = "s3cret"

Connect = Callable[..., httpx2.AsyncClient]


@pytest.fixture(autouse=True)
def _no_log_output() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def application() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def script(application: FakeApplication) -> Script:
    return application.script


@pytest.fixture
def app(application: FakeApplication) -> FastAPI:
    return create_app(cast("Application", application), ApiSettings())


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a local server that has no key."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=LOCAL) as client:
        yield client


@pytest.fixture
async def connect(application: FakeApplication) -> AsyncIterator[Connect]:
    """Make clients of servers with other settings; ``key`` is the server's."""
    clients: list[httpx2.AsyncClient] = []

    def open_client(*, key: str | None = None, **settings: float) -> httpx2.AsyncClient:
        app = create_app(
            cast("Application", application),
            ApiSettings.model_validate(settings),
            api_key=None if key is None else SecretStr(key),
        )
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=LOCAL)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        await client.aclose()
