import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from memsvc_client import AsyncClient, Client

from tests.unit.memsvc_client.stub_service import Blocking, StubService, run_on

Connect = Callable[..., Any]


@pytest.fixture
def service() -> StubService:
    return StubService()


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Make a client of either kind; the async kind is driven through blocking methods."""
    with asyncio.Runner() as runner:
        opened: list[Any] = []

        def open_client(service: StubService | None = None, **options: Any) -> Any:
            transport = None if service is None else service.transport
            client: Any = (
                Client(transport=transport, **options)
                if request.param == "sync"
                else Blocking(AsyncClient(transport=transport, **options), run_on(runner))
            )
            opened.append(client)
            return client

        yield open_client
        for client in opened:
            client.close()


@pytest.fixture
def client(connect: Connect, service: StubService) -> Any:
    """A client of either kind that never tries again."""
    return connect(service, max_retries=0)
