"""Which service a command talks to; commands know nothing but the client."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TypeVar

import httpx2
from memsvc_client import (
    AsyncClient,
    ForbiddenError,
    MemsvcError,
    UnauthorizedError,
)

from memsvc.api.app import create_app
from memsvc.bootstrap import open_application
from memsvc.cli.addresses import client_url
from memsvc.cli.configuration import load_settings
from memsvc.cli.output import note
from memsvc.settings import Settings
from memsvc.telemetry import configure_logging
from memsvc.worker.runner import WorkerRunner

_API = "v1"
_PROBE_TIMEOUT_S = 1.0
_TIMEOUT_S = 120.0
"""A batch of long texts takes a small machine a while."""

T = TypeVar("T")
Action = Callable[[AsyncClient], Awaitable[T]]


def ask(url: str | None, action: Action[T], *, works: bool = False) -> T:
    """Return what ``action`` gets from the service.

    ``works`` is for actions that wait for background jobs: where no service runs, this process
    does the jobs meanwhile.
    """

    async def run() -> T:
        async with open_client(url, works=works) as client:
            return await action(client)

    return asyncio.run(run())


@asynccontextmanager
async def open_client(url: str | None, *, works: bool = False) -> AsyncIterator[AsyncClient]:
    """Yield a client of the service at ``url``, else of the local one, else of none but itself.

    The last opens the application in this process: the embedded database is shared by all
    processes that use it, so that a service may start meanwhile.
    """
    settings = load_settings()
    configure_logging("warning", settings.log_format)
    address = url or await _local_service(settings)
    if address is None:
        async with _client_in_process(settings, works=works) as client:
            yield client
        return
    async with AsyncClient(address, api_key=_api_key(settings), timeout_s=_TIMEOUT_S) as client:
        yield client


async def collect(items: AsyncIterable[T], *, limit: int | None = None) -> list[T]:
    """Return the first ``limit`` items, or all."""
    found: list[T] = []
    async for item in items:
        if limit is not None and len(found) >= limit:
            break
        found.append(item)
    return found


async def _local_service(settings: Settings) -> str | None:
    """Return the address of the service that ``memsvc serve`` would be, if it runs."""
    address = client_url(settings.api.host, settings.api.port)
    probing = AsyncClient(
        address, api_key=_api_key(settings), timeout_s=_PROBE_TIMEOUT_S, max_retries=0
    )
    async with probing as client:
        try:
            found = await client.version()
        except (UnauthorizedError, ForbiddenError):
            raise  # it is ours, and going around it would go around its key
        except MemsvcError:
            return None
    if found.api != _API:
        return None
    _tell_address(address)
    return address


@cache
def _tell_address(address: str) -> None:
    """Say once which service is asked, however often a command asks it."""
    note(f"asking the service at {address}")


@asynccontextmanager
async def _client_in_process(settings: Settings, *, works: bool) -> AsyncIterator[AsyncClient]:
    async with open_application(settings) as application:
        app = create_app(application, settings.api)
        worker = WorkerRunner(application.work)
        if works:
            worker.start()
        try:
            async with AsyncClient(
                "http://127.0.0.1", transport=httpx2.ASGITransport(app=app), timeout_s=_TIMEOUT_S
            ) as client:
                yield client
        finally:
            await worker.stop()


def _api_key(settings: Settings) -> str | None:
    return None if settings.api_key is None else settings.api_key.get_secret_value()
