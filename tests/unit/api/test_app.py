from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx2
from pydantic import SecretStr

from memsvc.api.app import create_app_from_settings
from memsvc.bootstrap import Application
from memsvc.settings import ApiSettings, Settings
from tests.unit.api.conftest import LOCAL
from tests.unit.api.fake_application import FakeApplication


async def test_an_app_from_settings_opens_and_closes_its_application(
    application: FakeApplication,
) -> None:
    settings = Settings(api_key=SecretStr("k"), api=ApiSettings(max_body_bytes=2048))
    events: list[str] = []

    @asynccontextmanager
    async def open_fake(given: Settings) -> AsyncIterator[Application]:
        assert given is settings
        events.append("opened")
        yield cast("Application", application)
        events.append("closed")

    app = create_app_from_settings(settings, open_fake)
    assert events == []
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=LOCAL) as client,
    ):
        assert events == ["opened"]
        client.headers["Authorization"] = "Bearer k"
        assert (await client.get("/v1/banks")).status_code == 200
        oversized = await client.post("/v1/banks", json={"name": "x" * 3000})
        assert oversized.status_code == 413

    assert events == ["opened", "closed"]


async def test_an_app_from_settings_asks_for_the_key_of_the_settings(
    application: FakeApplication,
) -> None:
    app = create_app_from_settings(Settings(api_key=SecretStr("k")))
    app.state.application = application
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=LOCAL) as client:
        assert (await client.get("/v1/banks")).status_code == 401
